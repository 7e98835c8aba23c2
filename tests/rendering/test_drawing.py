"""Colours are where the values are, and the mesh is where its nodes are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import matplotlib
import numpy as np
import pytest
from numpy.typing import NDArray

from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.rendering.camera import find_camera
from simulgenvae.rendering.colours import Colours
from simulgenvae.rendering.drawing import Drawing, Surface

pytestmark = pytest.mark.usefixtures("opengl")
Inked = Callable[[NDArray[np.uint8]], NDArray[np.intp]]
UNIT = Colours("viridis", 0.0, 1.0, "u")


@contextmanager
def drawn(
    mesh: Mesh, size: tuple[int, int] = (80, 80), room: NDArray[np.float64] | None = None
) -> Iterator[Drawing]:
    """Return a drawing of the mesh that also has room for its nodes after a displacement."""
    surface = Surface(mesh, "a test")
    view = find_camera(lambda: [surface.rest, surface.moved(room)])
    with closing(Drawing(surface, view, size)) as drawing:
        yield drawing


def colour(name: str, value: float) -> NDArray[np.float64]:
    return 255 * np.array(matplotlib.colormaps[name](value)[:3])


def test_a_hot_corner_is_hot_in_that_corner(plate: Mesh) -> None:
    assert plate.coords is not None
    for corner, (row, column) in (((1, 1), (6, 73)), ((0, 1), (6, 6)), ((1, 0), (73, 73))):
        values = np.exp(-5 * ((plate.coords - corner) ** 2).sum(axis=1))
        with drawn(plate) as drawing:
            picture = drawing.draw(values / values.max(), UNIT)
        assert picture.shape == (80, 80, 3)
        np.testing.assert_allclose(picture[row, column], colour("viridis", 0.95), atol=25)
        np.testing.assert_allclose(picture[79 - row, 79 - column], colour("viridis", 0.0), atol=3)


def test_values_between_nodes_have_colours_between_theirs(make_plate: Callable[..., Mesh]) -> None:
    with drawn(make_plate(2, 2)) as drawing:
        picture = drawing.draw(np.array([0.0, 1.0, 0.0, 1.0]), UNIT)
    np.testing.assert_allclose(picture[40, 40], colour("viridis", 0.5), atol=4)


def test_no_error_is_neutral(plate: Mesh) -> None:
    nothing = np.zeros(121)
    with drawn(plate) as drawing:
        picture = drawing.draw(nothing, Colours.of_error("e", nothing))
    np.testing.assert_allclose(picture[40, 40], colour("RdBu_r", 0.5), atol=2)
    assert (picture[40, :6] < 200).any(), "its outline can be seen"


def test_edges_between_cells_are_not_drawn(plate: Mesh) -> None:
    """Also where the nodes of one cell go round to the left, and those of the next to the right."""
    quads = plate.cells["quad"].copy()
    quads[::2] = quads[::2, ::-1]
    with drawn(Mesh(plate.coords, {"quad": quads})) as drawing:
        picture = drawing.draw(np.zeros(121), UNIT)
    assert (np.ptp(picture[6:-6, 6:-6].reshape(-1, 3), axis=0) == 0).all()


def test_the_next_picture_has_its_own_colours(plate: Mesh) -> None:
    with drawn(plate) as drawing:
        first = drawing.draw(np.full(121, 0.2), UNIT)
        other = drawing.draw(np.full(121, 0.2), Colours("viridis", 0.2, 1.0, "u"))
        again = drawing.draw(np.full(121, 0.2), UNIT)
    np.testing.assert_allclose(other[40, 40], colour("viridis", 0.0), atol=2)
    assert np.array_equal(first, again)


def test_a_flat_mesh_fills_its_picture_from_whichever_side(plate: Mesh, inked: Inked) -> None:
    assert plate.coords is not None
    x, y = plate.coords.T
    for columns in ([x, y], [x, y, 0 * x + 7], [x, 0 * x, y], [0 * x, x, y]):
        with drawn(Mesh(np.column_stack(columns), plate.cells)) as drawing:
            picture = drawing.draw(x, UNIT)
        np.testing.assert_allclose(inked(picture), [1, 78, 1, 78], atol=1)
        np.testing.assert_allclose(picture[40, 76], colour("viridis", 1.0), atol=20)


def test_three_sides_of_a_block_are_shaded(block: Mesh) -> None:
    with drawn(block, (80, 90)) as drawing:
        picture = drawing.draw(np.ones(8), UNIT)
    top, left, right = (
        picture[row, column].astype(int) for row, column in ((20, 40), (60, 20), (60, 60))
    )
    assert len({tuple(top), tuple(left), tuple(right)}) == 3
    assert (picture[0, 0] == 255).all()
    assert (picture[-1, -1] == 255).all()


def test_nodes_without_cells_are_dots(plate: Mesh, inked: Inked) -> None:
    assert plate.coords is not None
    with drawn(Mesh(plate.coords)) as drawing:
        picture = drawing.draw(plate.coords[:, 0], UNIT)
    assert inked(picture)[1] > 70
    np.testing.assert_allclose(picture[40, 73], colour("viridis", 1.0), atol=25)


def test_lines_are_drawn(inked: Inked) -> None:
    frame = Mesh(np.array([[0, 0], [1, 0], [1, 1.0]]), {"line": np.array([[0, 1], [1, 2]])})
    with drawn(frame) as drawing:
        picture = drawing.draw(np.zeros(3), UNIT)
    np.testing.assert_allclose(inked(picture), [2, 78, 2, 78], atol=3)
    assert (picture[20, 20] == 255).all()


def test_all_kinds_of_cells_are_drawn_through_their_own_nodes(mixed_mesh: Mesh) -> None:
    surface = Surface(mixed_mesh, "A test")
    coords = np.asarray(mixed_mesh.coords)
    np.testing.assert_allclose(surface.faces.points, coords[surface.nodes], rtol=1e-6)
    drawn_nodes = np.unique(mixed_mesh.cells.nodes.values)
    np.testing.assert_array_equal(np.unique(surface.nodes), drawn_nodes)
    shift = np.random.default_rng(0).normal(size=(40, 3))
    surface.place(shift)
    moved = (coords + shift)[surface.nodes]
    np.testing.assert_allclose(surface.faces.points, moved, rtol=1e-6)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_displacement_moves_the_mesh(plate: Mesh, inked: Inked, dimensions: int) -> None:
    shift = np.zeros((121, dimensions))
    shift[:, 0] = 1.0
    with drawn(plate, (160, 80), room=shift) as drawing:
        rest, moved, back = (
            inked(drawing.draw(np.zeros(121), UNIT, each)) for each in (None, shift, None)
        )
    np.testing.assert_allclose(moved[:2] - rest[:2], 78, atol=2)
    assert np.array_equal(rest[2:], moved[2:])
    assert np.array_equal(rest, back)


def test_a_mesh_without_positions_is_refused() -> None:
    with pytest.raises(UserError, match="a film needs the positions"):
        Surface(Mesh(), "a film")
