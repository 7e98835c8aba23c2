"""Steady conduction against exact solutions of layers, the balance of heat and finer meshes."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.accuracy import steady
from benchmarks.accuracy.problem import BEYOND, EXTRAPOLATION_STREAM, TEST_STREAM, TRAIN_STREAM

Array = NDArray[Any]

DESIGN = np.array([0.4, 2.5, 1.7, 0.6, 1.3])


def layers(x: Array, left: float, right: float, edge: float) -> Array:
    """Return the exact temperature of layers at ``x``, with the shape of ``x``.

    T = 1 - ∫ (J + s)/k(s) ds, with the flux J at x = 0 such that J + 1 = h T(1).
    """
    slab = np.minimum(x, 0.5), np.maximum(x - 0.5, 0.0)
    resistance = slab[0] / left + slab[1] / right
    drop = slab[0] ** 2 / (2.0 * left) + (np.maximum(x, 0.5) ** 2 - 0.25) / (2.0 * right)
    flux = (edge * (1.0 - drop.max()) - 1.0) / (1.0 + edge * resistance.max())
    return 1.0 - flux * resistance - drop


@pytest.mark.parametrize(
    ("left", "right", "edge"), [(1.0, 1.0, 2.0), (0.32, 3.1, 0.5), (2.0, 0.4, 3.0)]
)
def test_layers_across_the_flux_have_the_exact_field(
    left: float, right: float, edge: float
) -> None:
    plate = steady.assemble(20)
    field = steady.solve(np.array([left, right, left, right, edge]), plate)
    np.testing.assert_allclose(field, layers(plate.coords[:, 0], left, right, edge), atol=2e-3)


def test_heat_generated_leaves_through_the_two_edges() -> None:
    plate = steady.assemble()
    field = steady.solve(DESIGN, plate)
    matrix = sum(value * part for value, part in zip(DESIGN, plate.parts, strict=True))
    held = plate.coords[:, 0] == 0.0
    into_held = (plate.load - matrix @ field)[held].sum()
    ticks, edge = np.linspace(0.0, 1.0, steady.SQUARES + 1), plate.coords[:, 0] == 1.0
    along = field[edge][np.argsort(plate.coords[edge, 1])]
    cooled = DESIGN[4] * np.trapezoid(along, ticks)
    np.testing.assert_array_equal(field[held], steady.HELD)
    assert cooled + into_held == pytest.approx(1.0, abs=1e-10)
    first = plate.coords[:, 0] == ticks[1]
    slope = (field[first] - steady.HELD)[np.argsort(plate.coords[first, 1])] / ticks[1]
    conductivity = np.where(ticks < 0.5, DESIGN[0], DESIGN[2])
    assert into_held == pytest.approx(np.trapezoid(conductivity * slope, ticks), rel=0.08)


def test_upside_down_design_has_the_upside_down_field() -> None:
    plate = steady.assemble()
    order = np.lexsort(plate.coords.T[::-1])
    field, flipped = (
        steady.solve(design, plate)[order].reshape(steady.SQUARES + 1, -1)
        for design in (DESIGN, DESIGN[[2, 3, 0, 1, 4]])
    )
    assert np.abs(field[:, ::-1] - flipped).max() < 2e-3
    assert np.abs(field - flipped).max() > 0.05


def test_finer_meshes_converge() -> None:
    def common(squares: int) -> Array:
        plate = steady.assemble(squares)
        order = np.lexsort(plate.coords.T[::-1])
        skip = squares // 8
        return steady.solve(DESIGN, plate)[order].reshape(squares + 1, -1)[::skip, ::skip]

    finest = common(64)
    errors = [np.abs(common(squares) - finest).max() for squares in (8, 16, 32)]
    assert errors[1] < errors[0] / 2.0
    assert errors[2] < errors[1] / 2.0
    assert errors[2] < 5e-3


def test_blocks_need_an_even_number_of_squares() -> None:
    with pytest.raises(ValueError, match="even"):
        steady.assemble(7)


def test_field_rises_smoothly_with_a_parameter() -> None:
    plate = steady.assemble(12)
    factors = np.logspace(-0.5, 0.5, 9)
    for parameter in range(5):
        designs = np.tile(DESIGN, (9, 1))
        designs[:, parameter] = factors
        fields = np.stack([steady.solve(design, plate) for design in designs])
        for row in range(2, 7):  # cubic interpolation from every other value
            if row % 2:
                guess = (
                    9.0 * (fields[row - 1] + fields[row + 1]) - fields[row - 3] - fields[row + 3]
                ) / 16.0
                assert np.linalg.norm(guess - fields[row]) < 1e-2 * np.linalg.norm(fields[row])


@pytest.mark.parametrize("stream", [TRAIN_STREAM, TEST_STREAM])
def test_designs_lie_in_the_range(stream: int) -> None:
    table = steady.sample(200, 0, stream)
    assert (table >= steady.LOWER).all()
    assert (table <= steady.UPPER).all()
    np.testing.assert_allclose(np.log10(table).mean(axis=0), 0.0, atol=0.1)


def test_extrapolation_designs_leave_the_range() -> None:
    decades = np.log10(steady.sample(300, 0, EXTRAPOLATION_STREAM))
    outside = np.abs(decades) > 0.5
    assert set(outside.sum(axis=1)) == {1, 2}
    assert np.abs(decades).max() <= 0.5 + BEYOND[1]


def test_problem_has_the_stated_shape() -> None:
    problem = steady.make(train=3, test=2, extrapolation=1, squares=8)
    assert problem.fields.shape == (6, 1, 81, 1)
    assert problem.fields.dtype == np.float32
    assert problem.coords.shape == (81, 2)
    assert problem.table.shape == (6, len(problem.names))
    np.testing.assert_array_equal(problem.times, [0.0])
    assert problem.ids[problem.extrapolation[0]] == "extrapolation_000"
    more = steady.make(train=4, test=2, extrapolation=1, squares=8)
    np.testing.assert_array_equal(
        more.fields[more.extrapolation], problem.fields[problem.extrapolation]
    )
    np.testing.assert_array_equal(more.table[more.test], problem.table[problem.test])
    np.testing.assert_array_equal(more.table[:3], problem.table[:3])
    assert not np.array_equal(steady.make(3, 2, 1, seed=1, squares=8).table, problem.table)
