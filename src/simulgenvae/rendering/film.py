"""Films of pictures that are made one by one: GIF by Pillow, H.264 by ffmpeg. Few of them are in
memory at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.GifImagePlugin import getdata, getheader

from simulgenvae.errors import UserError

MakeImage = Callable[[int], NDArray[np.uint8]]
"""From a number to its picture ``[H, W, 3]``; all have one size, which is even."""

_SECONDS, _SLOWEST = 6.0, 4.0
_COLOURS = 255
_UNCHANGED = 255
"""The place after all colours: what stays as in the picture before."""
_LOOKED_AT = 5
_NEARLY_WHITE = 250
"""Colours as light as this are the white of the page."""
_SKIPPED = 2
"""The colours are chosen from so many pictures, of these from every second pixel of every second
row."""


def usual_rate(frames: int) -> float:
    """Pictures a second of a film that lasts about six seconds, or less where there are few of
    them."""
    return max(frames / _SECONDS, _SLOWEST)


def spread(count: int, most: int) -> list[int]:
    """Numbers below ``count``, evenly spread, the first and the last included; all where there are
    at most ``most``."""
    numbers: list[int] = np.linspace(0, count - 1, min(most, count)).round().astype(int).tolist()
    return numbers


def write_gif(target: BinaryIO, picture: MakeImage, frames: Sequence[int], rate: float) -> None:
    """Write the pictures with these numbers, ``rate`` a second, as a film without end.

    All have the same colours, so that nothing flickers, and what has not changed is not written
    again.
    """
    known = {frames[k]: picture(frames[k]) for k in spread(len(frames), _LOOKED_AT)}
    colours = _colours(list(known.values()))
    ends = np.round(
        100 * np.arange(1, len(frames) + 1) / rate
    )  # the format counts hundredths of a second
    before: NDArray[np.uint8] | None = None
    for frame, hundredths in zip(frames, np.diff(ends, prepend=0.0).tolist(), strict=True):
        page = Image.fromarray(known.pop(frame) if frame in known else picture(frame))
        now = np.asarray(page.quantize(palette=colours, dither=Image.Dither.NONE))
        shown = now if before is None else np.where(now == before, np.uint8(_UNCHANGED), now)
        image = Image.fromarray(shown, "P")
        image.putpalette(colours.getpalette() or [])
        if before is None:
            target.writelines(getheader(image, info={"loop": 0})[0])
        target.writelines(
            getdata(image, duration=10 * hundredths, transparency=_UNCHANGED, disposal=1)
        )
        before = now
    target.write(b";")


def _colours(pictures: list[NDArray[np.uint8]]) -> Image.Image:
    """An image whose palette has the colours of some pictures, white among them."""
    pixels = np.concatenate([picture[::_SKIPPED, ::_SKIPPED] for picture in pictures])
    chosen = Image.fromarray(pixels).quantize(_COLOURS, Image.Quantize.MAXCOVERAGE)
    known = np.reshape(chosen.getpalette() or [], (-1, 3))[:_COLOURS]
    palette = np.full((256, 3), 255, np.uint8)
    palette[: len(known)] = known
    palette[palette.min(axis=1) >= _NEARLY_WHITE] = 255
    chosen.putpalette(palette.ravel().tolist())
    return chosen


def write_mp4(path: Path, picture: MakeImage, frames: Sequence[int], rate: float) -> None:
    """Write the pictures with these numbers, ``rate`` a second, as H.264 that every player knows.

    UserError without imageio-ffmpeg, and where ffmpeg cannot write all of them.
    """
    try:
        import imageio_ffmpeg
    except ImportError as error:
        raise UserError(
            "An .mp4 needs imageio-ffmpeg: pip install 'simulgenvae[mesh]'; or write a .gif"
        ) from error
    first = picture(frames[0])
    writer = imageio_ffmpeg.write_frames(
        path,
        (first.shape[1], first.shape[0]),
        fps=rate,
        codec="libx264",
        pix_fmt_out="yuv420p",
        quality=None,
        macro_block_size=2,
        ffmpeg_log_level="error",
        output_params=["-crf", "18", "-movflags", "+faststart", "-f", "mp4"],
    )
    try:
        writer.send(None)
        for frame in frames:
            writer.send(np.ascontiguousarray(picture(frame)))
        writer.close()
        written, _ = imageio_ffmpeg.count_frames_and_secs(path)
    except (OSError, RuntimeError) as error:
        raise UserError(
            f"ffmpeg could not write the film: {str(error).strip().splitlines()[-1]}"
        ) from error
    if written != len(frames):
        raise UserError(f"ffmpeg wrote {written} of {len(frames)} pictures: is the disk full?")
