"""Images as arrays, paths and images of Pillow are the same images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.designs_from import designs_from
from simulgenvae.data.images import ImageFormat
from simulgenvae.data.images.files import read_images
from simulgenvae.data.images.given import images_from
from simulgenvae.errors import UserError

PIXELS = np.random.default_rng(0).integers(0, 255, (3, 10, 12, 3), np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, pixels in enumerate(PIXELS):
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    return tmp_path


def test_arrays_and_images_are_read_as_files_are(folder: Path) -> None:
    ids, images = read_images(folder, 8)
    for given in (
        folder,
        str(folder),
        PIXELS,
        list(PIXELS),
        [Image.fromarray(each) for each in PIXELS],
    ):
        found_ids, found = images_from(given, images.format)
        assert found_ids == ids
        np.testing.assert_array_equal(found.pixels, images.pixels)


@pytest.mark.parametrize(
    ("shape", "kind", "bits"),
    [((10, 12), np.uint8, 8), ((10, 12, 1), np.uint8, 8), ((10, 12), np.uint16, 16)],
)
def test_grey_images(shape: tuple[int, ...], kind: type, bits: int) -> None:
    like = ImageFormat(12, 10, 1, 8, bits)
    _, found = images_from(np.full(shape, 200, kind), like)
    assert found.pixels.shape == (1, 8, 8, 1)
    assert found.format == like


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (PIXELS / 255, "an array float64 .* is no image: images are taken as"),
        (5, "type int is no image"),
        ([], "there is no image"),
        (["a.png"], "type str is no image"),
        (np.zeros((2, 2, 2, 2, 2), np.uint8), "is no image"),
        (PIXELS[:, :5], "12 x 5 colour, but the surrogate was trained with 12 x 10 colour"),
        ("nothing.png", "no such file"),
    ],
)
def test_other_objects_are_refused(given: object, words: str) -> None:
    with pytest.raises(UserError, match=words):
        images_from(given, ImageFormat(12, 10, 3, 8))


def test_designs_with_images(folder: Path, tmp_path: Path) -> None:
    ids, images = read_images(folder, 8)
    alone = ConditionScaler.fit(Conditions.of_images(ids, images))
    for given in (PIXELS, folder):
        assert designs_from(given, alone).image_format == images.format
        assert designs_from(None, alone, given).ids == ids
    both = ConditionScaler.fit(Conditions(ids, ("speed",), np.arange(3.0)[:, None], images))
    found = designs_from({"speed": [1, 2, 3]}, both, PIXELS)
    np.testing.assert_array_equal(found.images.pixels, images.pixels)
    table = tmp_path / "new.csv"
    # Two files are matched by their ids, as the command line does it.
    table.write_text("id,speed\n2,5\n0,6\n1,7\n")
    found = designs_from(table, both, folder)
    assert found.ids == ("2", "0", "1")
    np.testing.assert_array_equal(found.images.pixels, images.pixels[[2, 0, 1]])
    with pytest.raises(UserError, match="3 images for 2 designs"):
        designs_from({"speed": [1, 2]}, both, PIXELS)
    with pytest.raises(
        UserError, match=r"trained with images \(12 x 10 colour\): give them as images="
    ):
        designs_from({"speed": 1}, both)
    with pytest.raises(UserError, match="no parameters are given"):
        designs_from(None, both, PIXELS)
    with pytest.raises(UserError, match="images only: leave the parameters out"):
        designs_from({"speed": 1}, alone, PIXELS)
