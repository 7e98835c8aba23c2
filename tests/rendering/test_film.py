"""Films, read back by Pillow and by ffmpeg."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from simulgenvae.errors import UserError
from simulgenvae.rendering.film import spread, usual_rate, write_gif, write_mp4

SIZE = (60, 100)


def picture(frame: int) -> NDArray[np.uint8]:
    """Return a square that goes to the right over white, and changes from red to blue."""
    page = np.full((*SIZE, 3), 255, np.uint8)
    page[20:40, 10 * frame : 10 * frame + 20] = (200 - 10 * frame, 0, 10 * frame)
    return page


def read_gif(content: bytes) -> tuple[list[NDArray[np.uint8]], list[int]]:
    pages, durations = [], []
    with Image.open(BytesIO(content)) as film:
        for frame in range(film.n_frames):  # type: ignore[attr-defined]
            film.seek(frame)
            pages.append(np.asarray(film.convert("RGB")))
            durations.append(film.info["duration"])
        assert film.info["loop"] == 0
    return pages, durations


def test_gif_shows_each_picture() -> None:
    buffer = BytesIO()
    write_gif(buffer, picture, range(8), rate=15.0)
    pages, durations = read_gif(buffer.getvalue())
    assert len(pages) == 8
    for frame, page in enumerate(pages):
        assert np.abs(page.astype(int) - picture(frame)).max() <= 12
        assert (page[0] == 255).all()
    assert sum(durations) == pytest.approx(8000 / 15, abs=5)
    assert set(durations) == {60, 70}


def test_gif_writes_what_has_changed() -> None:
    """Smooth noise that stays costs once, and a picture that stays takes its time."""
    still = np.random.default_rng(0).integers(0, 256, (*SIZE, 1), np.uint8).repeat(3, axis=2)
    sizes = []
    for count in (1, 10):
        buffer = BytesIO()
        write_gif(buffer, lambda _: still, range(count), rate=10.0)
        sizes.append(buffer.tell())
    assert sizes[1] < 1.3 * sizes[0]
    assert len(read_gif(buffer.getvalue())[0]) == 10


def test_few_pictures_are_held(tmp_path: Path) -> None:
    alive: list[int] = []

    class Counted(np.ndarray):
        def __del__(self) -> None:
            alive.append(-1)

    def counted(frame: int) -> NDArray[np.uint8]:
        alive.append(1)
        assert sum(alive) <= 12
        return picture(frame % 8).view(Counted)

    write_gif(BytesIO(), counted, range(60), rate=15.0)
    write_mp4(tmp_path / "film.mp4", counted, range(60), rate=15.0)


def test_mp4_shows_each_picture(tmp_path: Path) -> None:
    path = tmp_path / "film.unusual"
    write_mp4(path, picture, range(8), rate=8.5)
    reader = imageio_ffmpeg.read_frames(path)
    about = next(reader)
    assert (about["codec"], about["pix_fmt"][:7], about["size"]) == ("h264", "yuv420p", (100, 60))
    assert about["fps"] == pytest.approx(8.5)
    pages = [np.frombuffer(page, np.uint8).reshape(*SIZE, 3).astype(int) for page in reader]
    assert len(pages) == 8
    for frame, page in enumerate(pages):
        np.testing.assert_allclose(
            page[30, 10 * frame + 10], picture(frame)[30, 10 * frame + 10], atol=30
        )
        assert (page[5] > 245).all()


def test_mp4_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="ffmpeg could not write"):
        write_mp4(tmp_path / "no folder" / "film.mp4", picture, range(8), rate=8.0)


def test_spread() -> None:
    assert spread(5, 40) == [0, 1, 2, 3, 4]
    assert spread(101, 5) == [0, 25, 50, 75, 100]
    assert spread(1, 3) == [0]
    assert usual_rate(60) == pytest.approx(10.0)
    assert usual_rate(3) == pytest.approx(4.0)
