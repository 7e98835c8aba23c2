"""The plate benchmark against exact solutions, its symmetry and finer grids."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from benchmarks.accuracy import plate
from benchmarks.accuracy.problem import EXTRAPOLATION_STREAM, TRAIN_STREAM

Array = NDArray[Any]

NONE = np.empty((0, 3))
TWO = np.array([[0.3, 0.35, 0.15], [0.65, 0.7, 0.12]])
TIMES = np.linspace(0.0, plate.END_TIME, plate.TIMESTEPS)


def upside_down(circles: Array) -> Array:
    return np.stack([circles[:, 0], 1.0 - circles[:, 1], circles[:, 2]], axis=1)


def test_plain_plate_follows_the_exact_series() -> None:
    field = plate.solve(NONE, TIMES, nodes=33)[1:]
    x = np.tile(np.linspace(0.0, 1.0, 33), 33)
    n = np.arange(1, 80)[:, np.newaxis]
    terms = np.sin(n * np.pi * x) / n
    for time, temperature in zip(TIMES[1:], field, strict=True):
        exact = 1.0 - x - 2.0 / np.pi * (np.exp(-((n * np.pi) ** 2) * time) * terms).sum(axis=0)
        assert np.abs(temperature - exact).max() < 0.02
    assert np.abs(temperature - exact).max() < 2e-4


def test_first_time_is_cold_but_for_the_heated_edge() -> None:
    field = plate.solve(TWO, TIMES[:2], nodes=9)[0]
    np.testing.assert_array_equal(field, np.arange(81) % 9 == 0)


def test_upside_down_design_has_the_upside_down_field_and_picture() -> None:
    field = plate.solve(TWO, TIMES, nodes=32).reshape(-1, 32, 32)
    flipped = plate.solve(upside_down(TWO), TIMES, nodes=32).reshape(-1, 32, 32)
    np.testing.assert_allclose(flipped, field[:, ::-1], atol=1e-11)
    np.testing.assert_array_equal(
        plate.inclusion_image(upside_down(TWO)), plate.inclusion_image(TWO)[::-1]
    )


def test_temperature_stays_between_the_edges() -> None:
    field = plate.solve(TWO, TIMES, nodes=32)
    assert field.min() > -1e-3
    assert field.max() < 1.0 + 1e-3


def test_steady_heat_flux_is_the_same_through_every_section() -> None:
    nodes = 33
    field = plate.solve(TWO, np.linspace(0.0, 60.0, 60), nodes, refinement=1)[-1]
    _, conduction = plate.assemble(TWO, nodes)
    stored = (conduction @ field).reshape(nodes, nodes).sum(axis=0)
    assert stored[0] > 0.5
    np.testing.assert_allclose(stored[1:-1], 0.0, atol=1e-4)
    np.testing.assert_allclose(stored[0], -stored[-1], rtol=1e-3)


def test_finer_grids_and_steps_change_little() -> None:
    nodes, times = 22, TIMES[::3]
    finest = plate.solve(TWO, times, nodes, refinement=9, substeps=4)
    errors = [
        np.linalg.norm(plate.solve(TWO, times, nodes, refinement, 4) - finest)
        / np.linalg.norm(finest - finest.mean())
        for refinement in (
            1,
            3,
            6,
        )  # of 63 cells a side, as the benchmark has nodes, and twice as many, as it solves on
    ]
    assert errors[2] < 0.5 * errors[0]
    assert errors[2] < 0.015


def test_steps_in_time_are_of_second_order() -> None:
    times = TIMES[:6]
    exact = plate.solve(TWO, times, 16, substeps=64)[-1]
    coarse, fine = (
        np.abs(plate.solve(TWO, times, 16, substeps=n)[-1] - exact).max() for n in (4, 8)
    )
    assert 3.0 < coarse / fine < 5.5


def test_picture_shows_the_material() -> None:
    grey = plate.inclusion_image(TWO)
    assert grey.shape == (plate.PIXELS, plate.PIXELS)
    assert grey.dtype == np.uint8
    x, y, _ = TWO[0]
    column, row = int(x * plate.PIXELS), int((1.0 - y) * plate.PIXELS)
    assert grey[row, column] == plate.INCLUSION_GREY
    assert grey[plate.PIXELS - 1 - row, column] == plate.MATRIX_GREY
    share = (plate.MATRIX_GREY - grey.astype(float)) / (plate.MATRIX_GREY - plate.INCLUSION_GREY)
    assert share.mean() == pytest.approx(np.pi * (TWO[:, 2] ** 2).sum(), rel=2e-3)


def test_designs_keep_their_distances() -> None:
    designs = plate.sample(60, 0, TRAIN_STREAM)
    assert {len(circles) for circles in designs} == {1, 2, 3}
    for circles in designs:
        centre, radius = circles[:, :2], circles[:, 2:]
        assert (radius >= plate.RADII[0]).all()
        assert (radius <= plate.RADII[1]).all()
        assert (np.minimum(centre, 1.0 - centre) >= radius + plate.GAP).all()
        for i in range(len(circles)):
            for j in range(i):
                assert np.linalg.norm(centre[i] - centre[j]) >= radius[i] + radius[j] + plate.GAP


def test_extrapolation_runs_have_one_larger_inclusion() -> None:
    designs = plate.sample(40, 0, EXTRAPOLATION_STREAM, plate.RADII_BEYOND)
    assert {len(circles) for circles in designs} == {1, 2, 3}
    for circles in designs:
        assert plate.RADII[1] < circles[0, 2] <= plate.RADII_BEYOND[1]
        assert (circles[1:, 2] <= plate.RADII[1]).all()


def test_problem_has_the_stated_shape() -> None:
    problem = plate.make(train=3, test=2, extrapolation=0, nodes=12)
    assert problem.fields.shape == (5, plate.TIMESTEPS, 144, 1)
    assert problem.fields.dtype == np.float32
    assert problem.images.shape == (5, plate.PIXELS, plate.PIXELS)
    assert problem.coords.shape == (144, 2)
    np.testing.assert_allclose(problem.coords[1], [1.0 / 11.0, 0.0])
    assert len({image.tobytes() for image in problem.images}) == 5
    more = plate.make(train=4, test=2, extrapolation=1, nodes=12)
    np.testing.assert_array_equal(more.fields[more.test], problem.fields[problem.test])
    assert not np.array_equal(
        plate.make(train=3, test=2, extrapolation=0, seed=1, nodes=12).images, problem.images
    )


def test_writes_the_files_of_the_command_line(tmp_path: Path) -> None:
    problem = plate.make(train=3, test=2, extrapolation=0, nodes=12)
    plate.write(problem, tmp_path)
    np.testing.assert_array_equal(np.load(tmp_path / "fields.npy"), problem.fields[:3])
    np.testing.assert_array_equal(np.load(tmp_path / "truth.npy"), problem.fields[3:])
    np.testing.assert_array_equal(np.load(tmp_path / "coords.npy"), problem.coords)
    np.testing.assert_array_equal(np.load(tmp_path / "times.npy"), problem.times)
    for folder, rows in (("images", problem.train), ("new_images", problem.test)):
        files = sorted((tmp_path / folder).iterdir())
        assert [file.stem for file in files] == [problem.ids[row] for row in rows]
        for file, row in zip(files, rows, strict=True):
            with Image.open(file) as image:
                assert image.mode == "L"
                np.testing.assert_array_equal(np.asarray(image), problem.images[row])
