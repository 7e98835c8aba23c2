"""Single image files: modes, orientation, and files that are damaged, hostile or no images."""

from __future__ import annotations

import io
import os
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from simulgenvae.data.images import ImageFormat
from simulgenvae.data.images.decoding import UnusableImage, decode_image

GREYS = np.arange(0, 240, 20, dtype=np.uint8).reshape(3, 4)  # 4 wide, 3 high
PALETTE = bytes([0, 0, 0, 50, 50, 50, 200, 0, 0])  # two greys and a red


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    rows: list[bytes], *extra: bytes, width: int, depth: int = 8, colour: int = 0, height: int = 0
) -> bytes:
    """Return a PNG file made by hand: ``colour`` 0 grey, 2 RGB, 3 palette, 4 grey with alpha."""
    header = struct.pack(">IIBBBBB", width, height or len(rows), depth, colour, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(extra) + data + chunk(b"IEND", b"")
    )


def shorts(*values: int) -> bytes:
    return struct.pack(f">{len(values)}H", *values)


def write(folder: Path, content: bytes | Image.Image, **options: object) -> Path:
    path = folder / "image"  # without an ending: the content decides
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content.save(path, **({"format": "PNG"} | options))  # type: ignore[arg-type]
    return path


def refusal(path: Path) -> str:
    """Return the reason of a refusal, which prints neither warnings nor a traceback."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UnusableImage) as caught:
            decode_image(path, 8)
    return str(caught.value)


@given(data=st.data(), side=st.integers(1, 9), mode=st.sampled_from(["L", "LA", "RGB", "RGBA"]))
def test_png_of_the_same_size_keeps_its_pixels(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, side: int, mode: str
) -> None:
    channels = 1 if mode[0] == "L" else 3
    pixels = data.draw(arrays(np.uint8, (side, side, channels)))
    plain = Image.fromarray(pixels.squeeze(-1) if channels == 1 else pixels)
    image = decode_image(write(tmp_path_factory.getbasetemp(), plain.convert(mode)), side)
    np.testing.assert_array_equal(image.pixels, pixels)
    assert image.format == ImageFormat(side, side, channels, side)


def test_grey_is_not_binarised_and_fine_detail_is_averaged(tmp_path: Path) -> None:
    checkers = np.indices((64, 64)).sum(axis=0).astype(np.uint8) % 2 * 255
    pixels = decode_image(write(tmp_path, Image.fromarray(checkers)), 8).pixels
    assert np.all(np.abs(pixels[1:-1, 1:-1].astype(int) - 127) < 3)


def test_the_shape_is_stretched_and_remembered(tmp_path: Path) -> None:
    image = decode_image(write(tmp_path, Image.fromarray(GREYS)), 24)
    assert image.pixels.shape == (24, 24, 1)
    assert image.format == ImageFormat(4, 3, 1, 24)
    assert (image.pixels[0, 0, 0], image.pixels[-1, -1, 0]) == (0, 220)


def test_a_jpeg_is_upright_as_its_exif_data_say(tmp_path: Path) -> None:
    grey = np.zeros((16, 32), np.uint8)
    grey[:8, :16] = 255  # lit at the upper left
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the left of the file is the top
    image = decode_image(
        write(tmp_path, Image.fromarray(grey), format="JPEG", exif=exif, quality=95), 32
    )
    assert (image.format.width, image.format.height) == (16, 32)
    lit = image.pixels[:, :, 0] > 127
    assert lit[4:12, 20:28].all()
    assert not lit[:, :12].any()


@pytest.mark.parametrize("mode", ["L", "1", "P", "I;16", "RGB", "RGBA"])
def test_every_mode_is_turned(tmp_path: Path, mode: str) -> None:
    grey = np.zeros((4, 4), np.uint8)
    grey[0, :] = 255
    image = Image.fromarray(grey)
    image = Image.fromarray(grey.astype(np.uint16) * 257) if mode == "I;16" else image.convert(mode)
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = decode_image(write(tmp_path, image, exif=exif), 4).pixels
    levels = 257.0 if mode == "I;16" else 1
    np.testing.assert_array_equal(pixels[:, :, 0], levels * np.rot90(grey, -1))


@pytest.mark.parametrize(
    ("content", "pixels"),
    [
        (
            png([shorts(65535, 25700), shorts(65408, 384)], width=2, depth=16),
            [[65535, 25700], [65408, 384]],
        ),
        (png([b"\x40", b"\x80"], width=2, depth=1), [[0, 255], [255, 0]]),
        (png([b"\0\1", b"\1\0"], chunk(b"PLTE", PALETTE), width=2, colour=3), [[0, 50], [50, 0]]),
    ],
    ids=["16 bit", "1 bit", "palette whose red is not used"],
)
def test_grey_in_other_layouts(tmp_path: Path, content: bytes, pixels: list[list[int]]) -> None:
    image = decode_image(write(tmp_path, content), 2)
    assert image.format.channels == 1
    np.testing.assert_array_equal(image.pixels[:, : len(pixels[0]), 0], pixels)


def test_a_palette_with_a_colour_in_use_is_colour(tmp_path: Path) -> None:
    image = decode_image(
        write(tmp_path, png([b"\0\2", b"\1\0"], chunk(b"PLTE", PALETTE), width=2, colour=3)), 2
    )
    assert image.pixels.tolist() == [[[0, 0, 0], [200, 0, 0]], [[50, 50, 50], [0, 0, 0]]]


# rows, bits, colour type, what is declared transparent and not used, the same and used
TRANSPARENCY = [
    ([b"\x12"], 4, 0, shorts(3), shorts(2)),
    ([b"\x1b"], 2, 0, shorts(2), shorts(1)),
    ([b"\x00"], 1, 0, shorts(1), shorts(0)),
    ([b"\x05\x06"], 8, 0, shorts(7), shorts(6)),
    ([shorts(257, 258)], 16, 0, shorts(259), shorts(258)),
    ([b"\1\2\3\4\5\6"], 8, 2, shorts(4, 5, 3), shorts(4, 5, 6)),
    ([b"\0\1"], 8, 3, bytes([255, 255, 0]), bytes([255, 0])),
    ([b"\0\1"], 8, 3, bytes([255, 255, 90]), bytes([255, 90, 255])),
]


@pytest.mark.parametrize(("rows", "depth", "colour", "unused", "used"), TRANSPARENCY)
def test_transparency_matters_only_where_a_pixel_has_it(
    tmp_path: Path, rows: list[bytes], depth: int, colour: int, unused: bytes, used: bytes
) -> None:
    def declare(what: bytes) -> bytes:
        palette = [chunk(b"PLTE", PALETTE)] if colour == 3 else []
        return png(rows, *palette, chunk(b"tRNS", what), width=2, depth=depth, colour=colour)

    assert decode_image(write(tmp_path, declare(unused)), 4).pixels.shape[:2] == (4, 4)
    assert "flatten" in refusal(write(tmp_path, declare(used)))


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_one_transparent_pixel_is_enough(tmp_path: Path, mode: str) -> None:
    image = Image.new(mode, (9, 9), "white")
    image.putpixel((4, 4), (9, 254) if mode == "LA" else (9, 9, 9, 254))
    assert "transparent" in refusal(write(tmp_path, image))


@pytest.mark.parametrize(
    ("width", "height"), [(60_000, 60_000), (10_000, 10_000), (7_100, 7_100), (65_536, 1)]
)
def test_bombs_are_refused_before_they_are_decoded(tmp_path: Path, width: int, height: int) -> None:
    content = png([b"\0" * 100], width=width, height=height)
    assert len(content) < 100
    assert "50 million pixels" in refusal(write(tmp_path, content))


def test_compressed_text_that_grows_is_refused(tmp_path: Path) -> None:
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b" " * 10_000_000))
    assert "text" in refusal(write(tmp_path, png([b"\0\0"], text, width=2)))


def test_a_file_larger_than_any_image_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, png([b"\0"], width=1))
    os.truncate(path, 200_000_001)  # a hole: takes no disk
    assert "200 MB" in refusal(path)


def noise(form: str) -> bytes:
    stream = io.BytesIO()
    random = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(random).save(stream, form)
    return stream.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.99])
def test_truncated_files_are_refused(tmp_path: Path, form: str, part: float) -> None:
    content = noise(form)
    assert "damaged" in refusal(write(tmp_path, content[: int(len(content) * part)]))


def test_a_flipped_bit_is_refused(tmp_path: Path) -> None:
    """Check that check sums are compared: decoding hardly notices a bit in a smooth image."""
    stream = io.BytesIO()
    Image.fromarray(np.add.outer(np.arange(20), np.arange(20)).astype(np.uint8)).save(stream, "PNG")
    start = stream.getvalue().index(b"IDAT") + 4
    for position in range(start, start + 20):
        content = bytearray(stream.getvalue())
        content[position] ^= 1
        assert "damaged" in refusal(write(tmp_path, bytes(content)))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"id,file\na,a.png\n", "no PNG, JPEG, TIFF"),
        (b"\x89PNG\r\n\x1a\n", "no PNG, JPEG, TIFF"),
        (noise("PPM"), "no PNG, JPEG, TIFF"),
        (png([b"\0"], width=0), "no PNG, JPEG, TIFF"),
        (noise("PNG")[:33] + chunk(b"IEND", b""), "damaged"),
    ],
    ids=["empty", "text", "only a signature", "ppm", "no width", "no pixels"],
)
def test_what_is_no_image_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    assert reason in refusal(write(tmp_path, content))


def test_other_modes_are_refused_with_what_to_do(tmp_path: Path) -> None:
    assert (
        refusal(write(tmp_path, Image.new("CMYK", (8, 8)), format="JPEG"))
        == "CMYK colours (save it as RGB or grey)"
    )


@pytest.mark.parametrize("form", ["TIFF", "BMP", "GIF", "PNG"])
def test_each_format_keeps_its_pixels(tmp_path: Path, form: str) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (20, 20), dtype=np.uint8)
    decoded = decode_image(write(tmp_path, Image.fromarray(grey), format=form), 20)
    np.testing.assert_array_equal(decoded.pixels[:, :, 0], grey)
    assert decoded.format.channels == 1


def test_a_webp_image_is_read(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    path = write(tmp_path, Image.fromarray(colours), format="WEBP", lossless=True)
    np.testing.assert_array_equal(decode_image(path, 20).pixels, colours)


@pytest.mark.parametrize("form", ["TIFF", "PNG"])
@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_16_bits_are_kept(tmp_path: Path, form: str, order: str) -> None:
    grey = np.random.default_rng(0).integers(0, 65536, (20, 20)).astype(np.uint16)
    mode = {"<u2": "I;16", ">u2": "I;16B"}[order]
    image = Image.frombytes(mode, (20, 20), grey.astype(order).tobytes())
    decoded = decode_image(write(tmp_path, image, format=form), 20)
    np.testing.assert_array_equal(decoded.pixels[:, :, 0], grey)
    assert (decoded.format.bits, str(decoded.pixels.dtype)) == (16, "float32")


@pytest.mark.parametrize(("channels", "colour"), [(3, 2), (2, 4)])
def test_what_would_lose_bits_is_refused(tmp_path: Path, channels: int, colour: int) -> None:
    path = write(tmp_path, png([shorts(*[65535] * channels)], width=1, depth=16, colour=colour))
    assert "grey of 16 bits" in refusal(path)


def test_floating_point_images_are_refused_with_what_to_do(tmp_path: Path) -> None:
    path = write(tmp_path, Image.fromarray(np.ones((4, 4), np.float32)), format="TIFF")
    assert "save it as grey of 16 or 8 bits" in refusal(path)


def test_pages_are_refused(tmp_path: Path) -> None:
    pages = [Image.new("L", (8, 8), grey) for grey in (0, 100)]
    path = write(tmp_path, pages[0], format="TIFF", save_all=True, append_images=pages[1:])
    assert "several pages" in refusal(path)


def test_an_animation_is_refused(tmp_path: Path) -> None:
    frames = [Image.new("L", (8, 8), grey) for grey in (0, 100, 200)]
    assert "animated" in refusal(
        write(tmp_path, frames[0], save_all=True, append_images=frames[1:])
    )


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path) == "not a file"
    assert refusal(tmp_path / "pipe") == "not a file"
    assert refusal(tmp_path / "missing") == "no such file"
    assert "cannot be read (File name too long)" in refusal(tmp_path / ("x" * 300))


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, noise("PNG"))
    path.chmod(0)
    assert "Permission denied" in refusal(path)
