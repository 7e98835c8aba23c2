"""Figures of fields in 1, 2 and 3 dimensions and of degenerate ones.

The latter have no coordinates, one timestep or a degenerate mesh.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simulgenvae.data.images import ImageFormat, Images
from simulgenvae.evaluation.figures.error_map import error_map
from simulgenvae.evaluation.figures.fields import (
    Domain,
    RunFields,
    fields_at_times,
    nodes_over_time,
)
from simulgenvae.evaluation.figures.style import WIDTH, png

RNG = np.random.default_rng(0)


def make_run(timesteps: int, nodes: int, variables: int) -> RunFields:
    return RunFields(
        "worst run “a$b$”", *RNG.normal(size=(3, timesteps, nodes, variables)).astype(np.float32)
    )


def make_domain(
    timesteps: int, coords: np.ndarray | None, variables: int = 1, **cells: np.ndarray
) -> Domain:
    names = tuple(f"u{v}$_$" for v in range(variables))
    return Domain(np.arange(float(timesteps)), coords, cells, names, ("m/s",) * variables)


COORDS = {
    "none": None,
    "line": RNG.normal(size=(12, 1)),
    "plane": RNG.normal(size=(12, 2)),
    "collinear": np.column_stack([np.arange(12.0), np.arange(12.0)]),
    "flat in space": np.column_stack([RNG.normal(size=(12, 2)), np.full(12, 3.0)]),
    "space": RNG.normal(size=(12, 3)),
    "point": np.zeros((12, 2)),
}


@pytest.mark.parametrize("name", COORDS)
@pytest.mark.parametrize("timesteps", [1, 4])
def test_every_kind_of_mesh(name: str, timesteps: int) -> None:
    domain, run = make_domain(timesteps, COORDS[name]), make_run(timesteps, 12, 1)
    ((_, figure),) = fields_at_times(run, domain)
    maps = name in {"plane", "collinear", "flat in space", "space"}
    assert len(figure.axes) == (4 if maps else 1) * min(timesteps, 3) + (2 if maps else 0)
    png(figure)
    png(error_map(np.ones((12, 1)), domain, "error"))


def test_one_node_constant_field_and_own_cells() -> None:
    constant = np.ones((2, 1, 1), dtype=np.float32)
    ((_, figure),) = fields_at_times(
        RunFields("r", constant, constant, constant), make_domain(2, np.zeros((1, 2)))
    )
    png(figure)
    square = np.array([[0.0, 0.0], [1, 0], [1, 1], [0, 1]])
    domain = make_domain(1, square, quad=np.array([[0, 1, 2, 3]]))
    same = np.ones((1, 4, 1), dtype=np.float32)
    ((_, figure),) = fields_at_times(RunFields("r", same, same, same), domain)
    png(figure)


def test_many_variables_are_cut_to_what_can_be_read() -> None:
    domain, run = make_domain(3, None, variables=6), make_run(3, 5, 6)
    assert [v for v, _ in fields_at_times(run, domain)] == [0, 1, 2, 3]
    assert len(nodes_over_time(run, domain).axes) == 4 * 3


def test_nodes_over_time_shows_the_node_that_varies_most() -> None:
    run = make_run(5, 9, 1)
    run.truth[:, 7] *= 100
    figure = nodes_over_time(run, make_domain(5, RNG.normal(size=(9, 2))))
    assert figure.axes[0].get_title().startswith("node 7 (")
    assert figure.axes[0].get_ylabel() == r"u0\$_\$ [m/s]"
    assert np.array_equal(figure.axes[0].lines[0].get_ydata(), run.truth[:, 7, 0])
    png(figure)
    png(nodes_over_time(make_run(1, 1, 1), make_domain(1, None)))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["none", "line", "plane", "space"])
def test_the_image_of_the_design_is_left_of_its_fields(name: str, channels: int) -> None:
    pixels = RNG.integers(0, 256, (1, 6, 6, channels), dtype=np.uint8)
    run = replace(make_run(4, 12, 1), image=Images(pixels, ImageFormat(200, 100, channels, 6)))
    domain = make_domain(4, COORDS[name])
    ((_, plain),) = fields_at_times(replace(run, image=None), domain)
    ((_, figure),) = fields_at_times(run, domain)
    assert len(figure.axes) == len(plain.axes) + 1
    (image,) = figure.axes[0].images
    assert np.array_equal(image.get_array(), pixels[0] if channels == 3 else pixels[0, ..., 0])
    assert tuple(image.get_extent()) == (
        0,
        200,
        0,
        100,
    )  # as wide as the file, not as the resized square
    assert png(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("variables", "panels", "width"), [(1, 1, 6.0), (2, 2, WIDTH), (4, 4, WIDTH)]
)
def test_no_part_of_an_error_map_is_empty(variables: int, panels: int, width: float) -> None:
    figure = error_map(np.ones((12, variables)), make_domain(2, COORDS["plane"], variables), "e")
    assert len(figure.axes) == 2 * panels  # each with its colour bar
    assert figure.get_figwidth() == width


def test_a_mesh_that_moves_is_drawn_where_it_is() -> None:
    square = np.array([[0.0, 0.0], [1, 0], [1, 1], [0, 1]])
    domain = make_domain(1, square, variables=3, quad=np.array([[0, 1, 2, 3]]))
    domain = replace(domain, motion=(1, 2))
    fields = RNG.random((1, 4, 3)).astype(np.float32)
    run = RunFields("r", fields, 2 * fields, 3 * fields)
    _, figure = next(fields_at_times(run, domain))
    # Truth, reconstruction, prediction, and the error on the mesh as it is predicted.
    for axes, factor in zip(figure.axes, (1, 2, 3, 3), strict=False):
        triangles = axes.collections[0]
        places = np.unique(triangles._triangulation.x)  # type: ignore[attr-defined]
        np.testing.assert_allclose(
            places, np.unique(square[:, 0] + factor * fields[0, :, 1]), rtol=1e-6
        )
