"""Nothing lies on anything else, whatever the shape of the mesh."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from simulgenvae.rendering.layout import Box, arrange
from simulgenvae.rendering.panels import Panel, make_panels

FIELDS = np.zeros((2, 3, 1), np.float32)


def panels(count: int) -> list[Panel]:
    truth, spread = (FIELDS if count > least else None for least in (2, 3))
    return make_panels("u", 0, FIELDS, truth, FIELDS if count == 2 else spread)


def apart(one: Box, other: Box) -> bool:
    beside = one.x + one.width < other.x or other.x + other.width < one.x
    return beside or one.y + one.height < other.y or other.y + other.height < one.y


@pytest.mark.parametrize("aspect", [0.01, 0.1, 1.0, 2.0, 10.0, 1000.0])
@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize(("rows", "width"), [(1, 320), (1, 961), (3, 1280), (5, 4096)])
def test_boxes_are_in_the_page_and_apart(aspect: float, count: int, rows: int, width: int) -> None:
    layout = arrange(panels(count), aspect, rows, width)
    assert (layout.width, layout.height % 2) == (width - width % 2, 0)
    every = [box for row in layout.panels for box in row]
    assert len(every) == rows * count
    assert len({(box.width, box.height) for box in every}) == 1
    assert len(layout.bars) == {1: 1, 2: 2, 3: 2, 4: 3}[count]
    every += [bar for _, bar in layout.bars]
    for box in every:
        assert min(box) > 0
        assert box.x + box.width <= layout.width
        assert (
            box.y + box.height + 3 * layout.letters * (box.height < layout.letters) <= layout.height
        )
    assert all(apart(one, other) for one, other in combinations(every, 2))


def test_wide_meshes_are_stacked_and_fill_the_page() -> None:
    wide, square = (arrange(panels(3), aspect, 1, 1200) for aspect in (10.0, 1.0))
    assert len({box.x for box in wide.panels[0]}) == 1
    assert wide.panels[0][0].width / wide.panels[0][0].height == pytest.approx(10.0, rel=0.02)
    assert len({box.y for box in square.panels[0]}) == 1
    assert square.panels[0][0].width == square.panels[0][0].height


def test_rows_of_times_have_panels_of_the_same_size() -> None:
    one, three = (arrange(panels(3), 1.0, rows, 1200).panels for rows in (1, 3))
    assert one[0][0] == three[0][0]


def test_the_bar_of_truth_and_prediction_is_below_both() -> None:
    layout = arrange(panels(3), 1.0, 1, 1200)
    truth, prediction, error = layout.panels[0]
    (_, shared), (_, own) = layout.bars
    assert (
        truth.x
        < shared.x
        < truth.x + truth.width
        < prediction.x
        < shared.x + shared.width
        < error.x
        < own.x
    )
