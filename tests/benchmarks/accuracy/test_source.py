"""The travelling source against Green's function, the balance of heat and finer meshes."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from skfem.models.poisson import mass

from benchmarks.accuracy import source
from benchmarks.accuracy.problem import EXTRAPOLATION_STREAM, TEST_STREAM, TRAIN_STREAM

Array = NDArray[Any]

DESIGNS = np.array(
    [[0.45, 0.8, 0.7, 0.035], [0.6, -0.5, 0.5, 0.035]]
)  # narrow: all of the spot is on the plate
TIMES = np.linspace(0.0, source.END_TIME, 11)


def exact(design: Array, time: float, coords: Array, steps: int = 600) -> Array:
    """Return the exact temperature by Green's function.

    Heat released at t - τ has decayed by exp(-βτ) and spread to the variance w² + 2κτ; edges
    reflect it.
    """
    age = (np.arange(steps) + 0.5) * time / steps
    centres = np.concatenate([source.centre(design[np.newaxis], time - tau) for tau in age])
    variance = design[3] ** 2 + 2.0 * source.DIFFUSIVITY * age

    def spread(axis: int) -> Array:
        images = [
            shift + sign * centres[:, axis] for shift in (-2.0, 0.0, 2.0) for sign in (-1.0, 1.0)
        ]
        return sum(
            np.exp(-((coords[:, axis, np.newaxis] - image) ** 2) / (2.0 * variance))
            for image in images
        )

    weight = np.exp(-source.LOSS * age) / (2.0 * np.pi * variance) * time / steps
    return (spread(0) * spread(1)) @ weight


def relative(field: Array, truth: Array) -> float:
    return float(np.linalg.norm(field - truth) / np.linalg.norm(truth))


def test_agrees_with_greens_function() -> None:
    basis = source.plate()
    field = source.solve(DESIGNS, TIMES[:8], basis, substeps=24)
    nodes = np.arange(0, basis.N, 8)
    for run, design in enumerate(DESIGNS):
        for row in (1, 7):
            truth = exact(design, TIMES[row], basis.doflocs.T[nodes])
            assert relative(field[run, row, nodes], truth) < 2e-3


def test_edges_reflect_heat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "DIFFUSIVITY", 0.05)
    basis = source.plate(20)
    field = source.solve(DESIGNS[:1], TIMES, basis, substeps=24)[0]
    for row, on_edge in ((3, basis.doflocs[0] == 0.0), (10, basis.doflocs[0] == 1.0)):
        truth = exact(DESIGNS[0], TIMES[row], basis.doflocs.T[on_edge])
        assert relative(field[row, on_edge], truth) < 5e-3


def test_heat_on_the_plate_is_what_came_in_less_the_loss() -> None:
    basis = source.plate(24)
    field = source.solve(DESIGNS, TIMES, basis, substeps=16)
    heat = field @ np.asarray(mass.assemble(basis).sum(axis=0)).ravel()
    exact_heat = (1.0 - np.exp(-source.LOSS * TIMES)) / source.LOSS
    np.testing.assert_allclose(heat, np.tile(exact_heat, (2, 1)), atol=1e-3 * exact_heat[-1])


def test_steps_in_time_are_of_second_order() -> None:
    basis, times = source.plate(12), TIMES[:4]
    finest = source.solve(DESIGNS, times, basis, substeps=128)[:, -1]
    coarse, fine = (
        relative(source.solve(DESIGNS, times, basis, n)[:, -1], finest) for n in (8, 16)
    )
    assert 3.3 < coarse / fine < 4.7


def test_finer_meshes_converge() -> None:
    def common(squares: int) -> Array:
        basis = source.plate(squares)
        order = np.lexsort(np.rint(basis.doflocs * 2 * squares))
        field = source.solve(DESIGNS, TIMES[:3], basis)[:, :, order].reshape(
            2, 3, 2 * squares + 1, -1
        )
        return field[:, -1, :: squares // 12, :: squares // 12]

    finest = common(48)
    errors = [relative(common(squares), finest) for squares in (12, 24)]
    assert errors[1] < errors[0] / 4.0
    assert errors[1] < 0.005


def test_field_has_no_cold_spots() -> None:
    field = source.solve(source.sample(4, 0, TRAIN_STREAM), TIMES, source.plate(), substeps=24)
    assert field.min() > -1e-5 * field.max()


@pytest.mark.parametrize("curvature", [0.0, 0.6, -0.8])
def test_path_is_an_arc_travelled_at_constant_speed(curvature: float) -> None:
    step, height, speed = 1e-4, 0.5, 0.6
    times = np.arange(0.0, 1.0, step)
    path = np.concatenate(
        [source.centre(np.array([[height, curvature, speed, 0.05]]), time) for time in times]
    )
    np.testing.assert_allclose(path[0], [source.START, height])
    velocity = np.diff(path, axis=0) / step
    np.testing.assert_allclose(np.linalg.norm(velocity, axis=1), speed, rtol=1e-6)
    heading = np.arctan2(velocity[:, 1], velocity[:, 0])
    np.testing.assert_allclose(heading, curvature * speed * (times[:-1] + step / 2), atol=1e-7)


@pytest.mark.parametrize("stream", [TRAIN_STREAM, TEST_STREAM])
def test_designs_lie_in_the_range(stream: int) -> None:
    table = source.sample(200, 0, stream)
    assert (table >= source.LOWER).all()
    assert (table <= source.UPPER).all()
    assert (np.ptp(table, axis=0) > 0.9 * (source.UPPER - source.LOWER)).all()


def test_extrapolation_designs_leave_the_range_but_not_the_plate() -> None:
    table = source.sample(300, 0, EXTRAPOLATION_STREAM)
    unit = (table - source.LOWER) / (source.UPPER - source.LOWER)
    outside = (unit < 0.0) | (unit > 1.0)
    assert set(outside.sum(axis=1)) == {1, 2}
    path = np.stack([source.centre(table, time) for time in TIMES])
    assert path.min() > 0.0
    assert path.max() < 1.0


def test_problem_has_the_stated_shape() -> None:
    problem = source.make(train=3, test=2, extrapolation=1, squares=8)
    assert problem.fields.shape == (6, source.TIMESTEPS, 289, 1)
    assert problem.fields.dtype == np.float32
    assert problem.coords.shape == (289, 2)
    assert problem.table.shape == (6, len(problem.names))
    assert problem.ids[problem.extrapolation[0]] == "extrapolation_000"
    peak = problem.coords[problem.fields[0, 1, :, 0].argmax()]
    assert np.linalg.norm(peak - source.centre(problem.table[:1], 0.0)[0]) < 0.1
    more = source.make(train=4, test=2, extrapolation=1, squares=8)
    np.testing.assert_array_equal(more.table[more.test], problem.table[problem.test])
    np.testing.assert_array_equal(more.table[:3], problem.table[:3])
    np.testing.assert_allclose(
        more.fields[more.extrapolation], problem.fields[problem.extrapolation], atol=1e-6
    )
    assert not np.array_equal(source.make(3, 2, 1, seed=1, squares=8).table, problem.table)


def test_mesh_has_at_least_4000_nodes() -> None:
    assert source.plate().N >= 4000
