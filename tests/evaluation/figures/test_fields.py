"""Views of fields in 1, 2 and 3 dimensions, without coordinates, for one timestep and for
degenerate meshes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simulgenvae.data.images import ImageFormat, Images
from simulgenvae.evaluation.figures.fields import (
    Frame,
    RunView,
    error_map,
    nodal_view,
    temporal_view,
)
from simulgenvae.evaluation.presentation import png

RNG = np.random.default_rng(0)


def make_view(timesteps: int, nodes: int, variables: int) -> RunView:
    return RunView(
        "worst run “a$b$”", *RNG.normal(size=(3, timesteps, nodes, variables)).astype(np.float32)
    )


def make_frame(
    timesteps: int, coords: np.ndarray | None, variables: int = 1, **cells: np.ndarray
) -> Frame:
    names = tuple(f"u{v}$_$" for v in range(variables))
    return Frame(np.arange(float(timesteps)), coords, cells, names, ("m/s",) * variables)


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
    frame, view = make_frame(timesteps, COORDS[name]), make_view(timesteps, 12, 1)
    ((_, figure),) = nodal_view(view, frame)
    maps = name in {"plane", "collinear", "flat in space", "space"}
    assert len(figure.axes) == (4 if maps else 1) * min(timesteps, 3) + (2 if maps else 0)
    png(figure)
    png(error_map(np.ones((12, 1)), frame, "error"))


def test_one_node_constant_field_and_own_cells() -> None:
    constant = np.ones((2, 1, 1), dtype=np.float32)
    ((_, figure),) = nodal_view(
        RunView("r", constant, constant, constant), make_frame(2, np.zeros((1, 2)))
    )
    png(figure)
    square = np.array([[0.0, 0.0], [1, 0], [1, 1], [0, 1]])
    frame = make_frame(1, square, quad=np.array([[0, 1, 2, 3]]))
    same = np.ones((1, 4, 1), dtype=np.float32)
    ((_, figure),) = nodal_view(RunView("r", same, same, same), frame)
    png(figure)


def test_many_variables_are_cut_to_what_can_be_read() -> None:
    frame, view = make_frame(3, None, variables=6), make_view(3, 5, 6)
    assert [v for v, _ in nodal_view(view, frame)] == [0, 1, 2, 3]
    assert len(temporal_view(view, frame).axes) == 4 * 3


def test_temporal_view_shows_the_node_that_varies_most() -> None:
    view = make_view(5, 9, 1)
    view.truth[:, 7] *= 100
    figure = temporal_view(view, make_frame(5, RNG.normal(size=(9, 2))))
    assert figure.axes[0].get_title().startswith("node 7 (")
    assert figure.axes[0].get_ylabel() == r"u0\$_\$ [m/s]"
    assert np.array_equal(figure.axes[0].lines[0].get_ydata(), view.truth[:, 7, 0])
    png(figure)
    png(temporal_view(make_view(1, 1, 1), make_frame(1, None)))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["none", "line", "plane", "space"])
def test_the_picture_of_the_design_stands_beside_its_fields(name: str, channels: int) -> None:
    pixels = RNG.integers(0, 256, (1, 6, 6, channels), dtype=np.uint8)
    view = replace(make_view(4, 12, 1), image=Images(pixels, ImageFormat(200, 100, channels, 6)))
    frame = make_frame(4, COORDS[name])
    ((_, plain),) = nodal_view(replace(view, image=None), frame)
    ((_, figure),) = nodal_view(view, frame)
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
