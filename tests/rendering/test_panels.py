"""Limits of colours, and what stands side by side."""

from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.errors import UserError
from simulgenvae.rendering.colours import Colours
from simulgenvae.rendering.panels import Warp, components, make_panels

TRUTH = np.array(
    [[[1.0, 9.0], [2.0, 9.0]], [[3.0, 9.0], [4.0, 9.0]]], np.float32
)  # [times, nodes, variables]
PREDICTION = TRUTH + np.array([[[0.0, 1.0], [0.5, 1.0]], [[-2.5, 1.0], [0.0, 1.0]]], np.float32)


def test_truth_and_prediction_share_their_limits_over_all_times() -> None:
    truth, prediction, error = make_panels("u [m]", 0, PREDICTION, TRUTH)
    assert truth.colours is prediction.colours
    assert (truth.colours.low, truth.colours.high, truth.colours.label) == (0.5, 4.0, "u [m]")
    assert (error.colours.low, error.colours.high, error.colours.label) == (
        -2.5,
        2.5,
        "error of u [m]",
    )
    np.testing.assert_array_equal(error.values, [[0.0, 0.5], [-2.5, 0.0]])


def test_a_design_is_a_prediction_alone_or_with_its_spread() -> None:
    assert [panel.title for panel in make_panels("u", 0, PREDICTION)] == ["prediction"]
    _, std = make_panels("u", 1, PREDICTION, spread=TRUTH)
    assert (std.title, std.colours.low, std.colours.high) == ("standard deviation", 0.0, 9.0)


@pytest.mark.parametrize("value", [0.0, -7.0, 293.0])
def test_limits_of_constants_are_in_order(value: float) -> None:
    same = np.full((2, 3), value, np.float32)
    for colours in (
        Colours.of_fields("u", same),
        Colours.of_error("e", same),
        Colours.of_spread("s", 0 * same),
    ):
        assert colours.low < colours.high
    assert Colours.of_fields("u", same).low < value < Colours.of_fields("u", same).high


def test_the_mesh_moves_with_truth_and_prediction() -> None:
    truth, prediction, error = make_panels("u", 0, PREDICTION, TRUTH, warp=Warp((1, 0), 10.0))
    assert truth.displacement is not None
    assert prediction.displacement is not None
    np.testing.assert_array_equal(truth.displacement[0], [[90.0, 10.0], [90.0, 20.0]])
    np.testing.assert_array_equal(prediction.displacement[0], [[100.0, 10.0], [100.0, 25.0]])
    assert error.displacement is prediction.displacement


def test_components_of_a_displacement() -> None:
    assert components("U", ("T", "U_y", "U_x")) == ["U_x", "U_y"]
    assert components("U", ("U_x", "U_y", "U_z")) == ["U_x", "U_y", "U_z"]
    for variables in (("U",), ("U_x",), ("U_x", "U_z"), ("V_x", "V_y")):
        with pytest.raises(UserError, match="moved by U_x and U_y"):
            components("U", variables)
