"""Films of images that are drawn one by one: GIF by Pillow, H.264 by ffmpeg.

Few images are in memory at once. Pillow's ``save_all`` with a generator keeps every image until the
end (measured: 80 more images of 960 x 480 pixels took 36 MB more, here 3 MB), so that a GIF is
written image by image with ``getheader`` and ``getdata``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.GifImagePlugin import getdata, getheader

from simulgenvae.errors import UserError
from simulgenvae.utils.install import install_command

if TYPE_CHECKING:
    from pathlib import Path

MakeImage = Callable[[int], NDArray[np.uint8]]
"""Function that draws the image `[H, W, 3]` of a number; all have the same, even, size."""

_SECONDS = 6.0
"""Usual length of a film."""
_SLOWEST = 4.0
"""Smallest rate of images per second."""
_COLOURS = 255
"""Colours of a GIF: 256 less the one that means an unchanged pixel."""
_UNCHANGED = 255
"""Index of that colour."""
_SAMPLED_IMAGES = 5
"""Images from which the colours are chosen."""
_SAMPLED_PIXELS = 2
"""Distance of the pixels, in both directions, from which the colours are chosen."""
_NEARLY_WHITE = 250
"""Value of all three channels from which a colour becomes the white of the page."""


def usual_rate(frames: int) -> float:
    """Return the images per second of a film of about six seconds, or less with few images."""
    return max(frames / _SECONDS, _SLOWEST)


def spread(count: int, most: int) -> list[int]:
    """Return at most ``most`` numbers below ``count``, evenly spread from the first to the last."""
    numbers: list[int] = np.linspace(0, count - 1, min(most, count)).round().astype(int).tolist()
    return numbers


def write_gif(target: BinaryIO, draw: MakeImage, frames: Sequence[int], rate: float) -> None:
    """Write images as a GIF that repeats.

    All images have the same colours, so that nothing flickers, and pixels that have not changed
    are not written again.

    Parameters
    ----------
    target
        File to write to.
    draw
        Function that draws an image.
    frames
        Numbers of the images.
    rate
        Images per second.
    """
    known = {frames[k]: draw(frames[k]) for k in spread(len(frames), _SAMPLED_IMAGES)}
    colours = _colours(list(known.values()))
    # The format counts hundredths of a second: rounded ends keep the length of the whole film.
    ends = np.round(100 * np.arange(1, len(frames) + 1) / rate)
    before: NDArray[np.uint8] | None = None
    for frame, hundredths in zip(frames, np.diff(ends, prepend=0.0).tolist(), strict=True):
        page = Image.fromarray(known.pop(frame) if frame in known else draw(frame))
        now = np.asarray(page.quantize(palette=colours, dither=Image.Dither.NONE))
        # Unchanged pixels get one index, whose runs compress to almost nothing.
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


def _colours(images: list[NDArray[np.uint8]]) -> Image.Image:
    """Return an image whose palette has the colours of some images, white among them."""
    pixels = np.concatenate([image[::_SAMPLED_PIXELS, ::_SAMPLED_PIXELS] for image in images])
    chosen = Image.fromarray(pixels).quantize(_COLOURS, Image.Quantize.MAXCOVERAGE)
    known = np.reshape(chosen.getpalette() or [], (-1, 3))[:_COLOURS]
    palette = np.full((256, 3), 255, np.uint8)
    palette[: len(known)] = known
    # The page must be white: quantising could make it a light grey.
    palette[palette.min(axis=1) >= _NEARLY_WHITE] = 255
    chosen.putpalette(palette.ravel().tolist())
    return chosen


def write_mp4(path: Path, draw: MakeImage, frames: Sequence[int], rate: float) -> None:
    """Write images as H.264 that every player can show.

    The parameters are described at :func:`write_gif`.

    Raises
    ------
    UserError
        When imageio-ffmpeg is not installed, or ffmpeg cannot write all images.
    """
    try:
        import imageio_ffmpeg
    except ImportError as error:
        raise UserError(
            f"An .mp4 needs imageio-ffmpeg: {install_command('imageio-ffmpeg')}; or write a .gif"
        ) from error
    first = draw(frames[0])
    writer = imageio_ffmpeg.write_frames(
        path,
        (first.shape[1], first.shape[0]),
        fps=rate,
        codec="libx264",
        pix_fmt_out="yuv420p",
        quality=None,
        # H.264 with colours at half the resolution needs only even sizes.
        macro_block_size=2,
        ffmpeg_log_level="error",
        output_params=["-crf", "18", "-movflags", "+faststart", "-f", "mp4"],
    )
    try:
        writer.send(None)
        for frame in frames:
            writer.send(np.ascontiguousarray(draw(frame)))
        writer.close()
        written, _ = imageio_ffmpeg.count_frames_and_secs(path)
    except (OSError, RuntimeError) as error:
        raise UserError(
            f"ffmpeg could not write the film: {str(error).strip().splitlines()[-1]}"
        ) from error
    # ffmpeg may end without an error on a full disk, with a film that is too short.
    if written != len(frames):
        raise UserError(f"ffmpeg wrote {written} of {len(frames)} images: is the disk full?")
