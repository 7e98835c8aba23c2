"""Images in memory and their format in model files."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.data.images import ImageFormat, Images
from simulgenvae.errors import UserError

SIDES = st.integers(1, 2**20)


@given(width=SIDES, height=SIDES, channels=st.sampled_from([1, 3]), size=SIDES)
def test_a_format_survives_json(width: int, height: int, channels: int, size: int) -> None:
    about = ImageFormat(width, height, channels, size)
    assert ImageFormat.from_dict(json.loads(json.dumps(about.to_dict()))) == about


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"channels": 4}, "4 channels"),
        ({"width": 0}, "bad value"),
        ({"height": 2**21}, "bad value"),
        ({"size": 8.0}, "bad value"),
        ({"size": True}, "bad value"),
        ({"width": "8"}, "bad value"),
        ({"depth": 1}, "must have exactly width, height, channels, size"),
    ],
)
def test_a_bad_format_in_a_file_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        ImageFormat.from_dict({"width": 8, "height": 6, "channels": 1, "size": 4} | change)


@pytest.mark.parametrize("values", [None, [], {"width": 8}])
def test_a_format_with_missing_entries_is_refused(values: object) -> None:
    with pytest.raises(UserError, match="must have exactly"):
        ImageFormat.from_dict(values)  # type: ignore[arg-type]


def test_select_keeps_order_and_format() -> None:
    pixels = np.arange(3 * 4 * 4 * 3, dtype=np.uint8).reshape(3, 4, 4, 3)
    images = Images(pixels, ImageFormat(8, 6, 3, 4))
    chosen = images.select([2, 0, 2])
    np.testing.assert_array_equal(chosen.pixels, pixels[[2, 0, 2]])
    assert len(chosen) == 3
    assert chosen.format == images.format
    assert len(images.select([])) == 0


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((2, 4, 4, 1), np.float32),
        np.zeros((2, 4, 4, 3), np.uint8),
        np.zeros((2, 4, 5, 1), np.uint8),
        np.zeros((2, 4, 4), np.uint8),
    ],
)
def test_pixels_of_another_kind_than_the_format_are_refused(pixels: np.ndarray) -> None:
    with pytest.raises(UserError, match="must be uint8"):
        Images(pixels, ImageFormat(8, 6, 1, 4))
