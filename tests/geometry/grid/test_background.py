"""Background grid: geometries go there, are cut out of it, and are refused where they must be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulgenvae.errors import UserError
from simulgenvae.geometry.grid.background import BackgroundGrid
from simulgenvae.geometry.grid.extent import Extent
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.nodal_volumes import NodalVolumes
from simulgenvae.mesh.vtk import mesh_grid
from tests.geometry.grid.shapes import RUN, box, plate, ring


def grid_of(*meshes: Mesh) -> BackgroundGrid:
    return BackgroundGrid.fit([Extent.of(mesh, RUN) for mesh in meshes])


def volume(mesh: Mesh) -> float:
    return float(NodalVolumes.of(mesh, len(mesh.coords)).values.sum())


@settings(max_examples=8)
@given(st.floats(0.0, 0.6), st.floats(0.6, 1.5))
def test_a_geometry_cut_out_of_its_own_distance_has_its_area(inner: float, width: float) -> None:
    inner = inner if inner > 0.2 else 0.0
    mesh = ring(12, inner=inner, width=width)
    grid = grid_of(mesh)
    placement = grid.place(mesh, RUN)
    predicted = grid.placed(placement.shape)
    assert volume(predicted.mesh) == pytest.approx(volume(mesh), rel=0.01)
    linear = grid.mesh.coords @ [[2.0], [-1.0]]
    expected = predicted.mesh.coords @ [[2.0], [-1.0]]
    np.testing.assert_allclose(predicted.to_own(linear), expected, atol=1e-9)


def test_a_body_cut_out_of_its_own_distance_has_its_volume() -> None:
    mesh = box(8, size=(1.0, 0.8, 0.6))
    grid = grid_of(mesh)
    predicted = grid.placed(grid.place(mesh, RUN).shape)
    assert volume(predicted.mesh) == pytest.approx(0.48, rel=0.03)
    assert predicted.mesh.cells.dimension == 3


@pytest.mark.parametrize("mesh", [ring(8, width=1.5), box(6, size=(1.0, 0.6, 1.4))])
def test_an_image_is_a_function_of_place(mesh: Mesh) -> None:
    grid = grid_of(mesh)
    nodes = grid.mesh.coords[:, : grid.dimension]
    last, first = nodes.max(axis=0), nodes.min(axis=0)
    slopes = np.array([1.0, -2.0, 3.0])[: grid.dimension]
    images = grid.images(np.stack([nodes @ slopes, np.ones(len(nodes))], axis=1)[:, None])
    reach = 0.125 * (last - first).max()
    sides = images.shape[1:]
    assert all(side <= (64 if grid.dimension == 2 else 32) for side in sides)
    # The last axis comes first.
    ends = zip(first[::-1], last[::-1], sides, strict=True)
    places = np.meshgrid(*(np.linspace(a, b, n) for a, b, n in ends), indexing="ij")
    expected = np.tensordot(slopes, np.stack(places[::-1]), 1)
    np.testing.assert_allclose(images[0], expected / reach, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(images[1], 1 / reach, rtol=1e-6)


def test_a_boundary_through_nodes_of_the_grid_leaves_no_flat_cells() -> None:
    grid = grid_of(plate(6))
    x = grid.mesh.coords[:, [0]]
    side = x[np.argmin(np.abs(x - 0.2))]
    distance = np.abs(side - 0.5) - np.abs(x - 0.5)
    assert (distance == 0).any()
    sizes = areas(grid.placed(distance).mesh)
    assert sizes.min() > 1e-4 * sizes.max()


def areas(mesh: Mesh) -> np.ndarray:
    return np.asarray(mesh_grid(mesh, "test").compute_cell_sizes().cell_data["Area"])


def test_plane_meshes_in_space_have_a_plane_grid_at_their_place() -> None:
    mesh = ring(8, columns=3)
    mesh = Mesh(mesh.coords + np.array([0.0, 0.0, 4.0]), mesh.cells, unit="mm")
    grid = grid_of(mesh)
    assert grid.record.counts[2] == 1
    assert list(grid.mesh.cells) == ["quad"]
    assert grid.mesh.unit == "mm"
    np.testing.assert_array_equal(grid.mesh.coords[:, 2], 4.0)
    placement = grid.place(mesh, RUN)
    assert placement.shape.shape == (len(grid.mesh.coords), grid.shape_width)
    predicted = grid.placed(placement.shape).mesh
    np.testing.assert_array_equal(predicted.coords[:, 2], 4.0)
    assert predicted.unit == "mm"


def test_a_grid_is_made_again_from_its_record() -> None:
    grid = grid_of(ring(6))
    again = BackgroundGrid(type(grid.record).model_validate_json(grid.record.model_dump_json()))
    np.testing.assert_array_equal(again.mesh.coords, grid.mesh.coords)


def test_a_slightly_larger_design_is_still_on_the_grid() -> None:
    grid = grid_of(ring(8))
    placement = grid.place(ring(8, outer=1.04), RUN)
    values = placement.mesh.coords[:, :1]
    np.testing.assert_allclose(placement.to_own(placement.to_common(values)), values, atol=1e-3)


def test_what_is_not_on_the_grid_is_refused_by_name() -> None:
    grid = grid_of(ring(8))
    with pytest.raises(UserError, match=r"run_7: goes from .* in x, beyond the background grid"):
        grid.place(ring(8, width=1.5), RUN)
    with pytest.raises(UserError, match=r"run_7: has cells of 2 dimensions and 3 coord"):
        grid.place(ring(8, columns=3), RUN)
    flat = grid_of(plate(6))
    with pytest.raises(UserError, match=r"in z, beyond the background grid"):
        flat.place(Mesh(plate(6).coords + np.array([0.0, 0.0, 0.1]), plate(6).cells), RUN)
    thin = Mesh(plate(6).coords * [1.0, 1e-3, 1.0] + [0.0, 0.03, 0.0], plate(6).cells)
    with pytest.raises(UserError, match=r"run_7: no node of the background grid"):
        flat.place(thin, RUN)


def test_a_distance_that_is_positive_nowhere_is_no_geometry() -> None:
    grid = grid_of(ring(6))
    with pytest.raises(UserError, match=r"the predicted geometry is empty"):
        grid.placed(np.full((len(grid.mesh.coords), 1), -0.1))
