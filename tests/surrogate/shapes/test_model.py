"""Shape model: columns of the geometry in the table of conditions, and predicted geometries."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.shapes import Shapes
from simulgenvae.data.split import Split
from simulgenvae.errors import UserError
from simulgenvae.geometry import CorrespondingNodes
from simulgenvae.geometry.grid.background import BackgroundGrid
from simulgenvae.geometry.grid.extent import Extent
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.surrogate.shapes import ShapeDescription, ShapeModel, with_shapes
from simulgenvae.surrogate.shapes.file_content import (
    restored_shapes,
    shape_arrays,
    shape_description,
)
from tests.geometry.grid.shapes import RUN, ring

RUNS = 12
COORDS = np.random.default_rng(0).random((20, 2))
LENGTH = np.linspace(0.5, 1.5, RUNS)
MESH = Mesh(COORDS)


def dataset(names: tuple[str, ...] = ("length",), bend: float = 0.1) -> Dataset:
    """Return runs that are stretched along x, and bent as much as the square of that.

    The parameter ``length`` says how much, and ``load`` has nothing to do with it.
    """
    common = CorrespondingNodes(MESH)
    shape = np.zeros((RUNS, 1, 20, 2), np.float32)
    shape[..., 0] = (LENGTH[:, None] * COORDS[:, 0])[:, None]
    shape[..., 1] = bend * ((LENGTH**2)[:, None] * COORDS[:, 0] ** 2)[:, None]
    fields = np.random.default_rng(1).random((RUNS, 3, 20, 1))
    known = {"length": LENGTH, "load": np.random.default_rng(3).random(RUNS)}
    columns = [known.get(name, known["load"]) for name in names]
    table = np.stack(columns, axis=1) if names else np.zeros((RUNS, 0))
    ids = tuple(f"r{k}" for k in range(RUNS))
    plain = Dataset.from_arrays(fields, Conditions(ids, names, table), coords=COORDS)
    shapes = Shapes(common, shape, Path("shapes"))
    return replace(plain, common=common, shapes=shapes)


def test_runs_get_columns_of_their_geometry() -> None:
    data = dataset(names=("load",))
    seen, model = with_shapes(data, Split(data.ids[:10], (), data.ids[10:]))
    assert model is not None
    assert seen.conditions.names == ("load", *model.names)
    assert model.names[0] == "shape 1"
    np.testing.assert_array_equal(seen.conditions.table[:, 0], data.conditions.table[:, 0])
    first = seen.conditions.table[:, 1]
    assert abs(np.corrcoef(first, LENGTH)[0, 1]) > 0.99
    assert seen.fingerprint == data.fingerprint
    assert "described by" in str(model)


def test_a_geometry_that_follows_from_the_parameters_is_no_condition() -> None:
    data = dataset()
    seen, model = with_shapes(data, Split(data.ids, (), ()))
    assert model is not None
    assert model.names == ()
    assert seen.conditions.names == ("length",)
    assert "follows from its other conditions" in str(model)


def test_a_mesh_that_does_not_go_with_its_parameters_is_named() -> None:
    model = ShapeModel.fit(dataset(), range(RUNS))
    designs = Conditions(("a", "b"), ("length",), np.array([[0.6], [1.4]]))
    right = model.predicted(designs)
    assert model.warnings(designs, right) == []
    (line,) = model.warnings(designs, right[[0, 0]])
    assert line.startswith("run 'b': its mesh is not the geometry that goes with its parameters")


def test_runs_of_one_mesh_stay_as_they_are() -> None:
    plain = replace(dataset(), shapes=None, common=None)
    assert with_shapes(plain, Split(plain.ids, (), ())) == (plain, None)


def test_the_geometry_of_a_new_design_is_predicted() -> None:
    model = ShapeModel.fit(dataset(), range(RUNS))
    design = Conditions(("new",), ("length",), np.array([[1.03]]))
    mesh = model.placement(model.predicted(design)[0]).mesh
    assert mesh.coords is not None
    expected = COORDS + np.stack([1.03 * COORDS[:, 0], 0.1 * 1.03**2 * COORDS[:, 0] ** 2], axis=1)
    np.testing.assert_allclose(mesh.coords, expected, atol=2e-3)


def test_a_geometry_gives_its_columns_back() -> None:
    model = ShapeModel.fit(dataset(), range(RUNS))
    coefficients = model.predicted(Conditions(("new",), ("length",), np.array([[0.8]])))[0]
    placement = model.placement(coefficients)
    np.testing.assert_allclose(model.modes.encode(placement.shape), coefficients, atol=1e-4)


def test_designs_on_a_grid_have_images_of_their_own_geometry() -> None:
    rings = [ring(8, inner=0.2 + 0.02 * run, width=1.0 + 0.1 * (run % 3)) for run in range(RUNS)]
    grid = BackgroundGrid.fit([Extent.of(each, RUN) for each in rings])
    values = np.stack([grid.place(each, RUN).shape for each in rings])[:, None].astype(np.float32)
    shapes = Shapes(grid, values, Path("shapes"))
    nodes = len(grid.mesh.coords)
    ids = tuple(f"r{k}" for k in range(RUNS))
    fields = np.random.default_rng(0).random((RUNS, 2, nodes, 1))
    plain = Dataset.from_arrays(fields, Conditions.without_parameters(ids))
    data = replace(plain, common=grid, shapes=shapes)
    model = ShapeModel.fit(data, range(RUNS - 2))
    seen = model.seen(data).conditions
    assert seen.distances is not None
    assert seen.names == model.names
    exact = grid.images(values[:, 0].transpose(1, 2, 0)).clip(-1.0, 1.0)
    np.testing.assert_allclose(seen.distances, exact, atol=1e-3)
    # The modes of the other runs do not show the last two.
    assert model.distances is not None
    composed = model.distances.of(seen.table)
    assert np.abs(composed - exact)[-2:].max() > 0.02


def test_designs_are_completed_once() -> None:
    model = ShapeModel.fit(dataset(names=("load",)), range(RUNS))
    design = Conditions(("new",), ("load",), np.array([[0.5]]))
    complete = model.complete(design)
    assert complete.names == ("load", *model.names)
    assert model.complete(complete) is complete


def test_without_parameters_a_mesh_is_needed() -> None:
    model = ShapeModel.fit(dataset(names=()), range(RUNS))
    with pytest.raises(UserError, match="give its mesh"):
        model.predicted(Conditions.without_parameters(["a"]))


def test_a_parameter_with_the_name_of_a_column_is_refused() -> None:
    with pytest.raises(UserError, match=r"'shape 1'.*rename the column"):
        ShapeModel.fit(dataset(names=("shape 1",)), range(RUNS))


@pytest.mark.parametrize("names", [("length",), ()])
def test_a_model_is_restored_from_its_arrays(names: tuple[str, ...]) -> None:
    model = ShapeModel.fit(dataset(names), range(RUNS))
    text = shape_description(model).model_dump_json()
    description = ShapeDescription.model_validate_json(text)
    again = restored_shapes(shape_arrays(model), description, MESH)
    assert again.names == model.names
    if names:
        design = Conditions(("new",), names, np.array([[1.03]]))
        np.testing.assert_array_equal(again.predicted(design), model.predicted(design))
    wrong = description.model_copy(update={"names": tuple(f"shape {k}" for k in range(99))})
    with pytest.raises(ValueError, match="99 columns of"):
        restored_shapes(shape_arrays(model), wrong, MESH)
    if not names:
        nothing = description.model_copy(update={"names": ()})
        with pytest.raises(ValueError, match="neither a geometry nor"):
            restored_shapes(shape_arrays(model), nothing, MESH)
