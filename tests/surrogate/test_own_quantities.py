"""Quantities where designs have meshes of their own: decoded there, and calibrated on runs there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvista

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import Split
from simulgenvae.errors import UserError
from simulgenvae.geometry import BackgroundGrid, Extent, on_own_mesh
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.nodal_volumes import NodalVolumes
from simulgenvae.mesh.vtk import grid_mesh
from simulgenvae.quantities import AskedQuantities, FieldDomain, read_quantities
from simulgenvae.reduction import reduce_runs
from simulgenvae.settings import ReductionSettings, Settings, StudyFolder
from simulgenvae.surrogate.decoded_quantities import DecodedQuantities
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.quantities import quantity_predictor, quantity_warnings
from simulgenvae.surrogate.surrogate import Surrogate
from tests.conftest import MakeSettings

RUNS = 12
KNOWN = {"heat": "integral(T)", "right": "max(T, box=(0.5, 0, 9, 9))"}
LATE = {"late": "mean(T, box=(0.2, 0, 9, 9))"}


def plate() -> Mesh:
    grid: Any = pyvista.ImageData(dimensions=(7, 4, 1), spacing=(1 / 6, 1 / 3, 1))
    mesh = grid_mesh(grid.cast_to_unstructured_grid(), Path("plate"))
    assert mesh.coords is not None
    return Mesh(mesh.coords[:, :2], mesh.cells)


@pytest.fixture(scope="module")
def plates() -> Dataset:
    """Return plates of several lengths, whose nodes correspond."""
    mesh = plate()
    assert mesh.coords is not None
    length = np.linspace(0.7, 1.3, RUNS)
    coords = mesh.coords * np.stack([length, np.ones(RUNS)], axis=1)[:, None]
    wave = np.cos(3 * coords[:, None, :, 0] + np.arange(4)[:, None])
    fields = 300 + 10 * wave + coords[:, None, :, 1]
    return Dataset.from_arrays(
        fields,
        {"length": length},
        coords=coords,
        cells=mesh.cells,
        variables=["T"],
    )


@pytest.fixture(scope="module")
def surrogate(plates: Dataset, make_settings: MakeSettings) -> Surrogate:
    settings = make_settings(4).model_dump(mode="json") | {"quantities": KNOWN}
    split = Split(plates.ids[0:12:3] + plates.ids[1:12:3], plates.ids[2:12:6], plates.ids[5:12:6])
    return fit(plates, Settings.model_validate(settings), split=split)


def true_heat(data: Dataset, row: int) -> float:
    assert data.shapes is not None
    mesh = data.shapes.placement(row).mesh
    weights = NodalVolumes.of(mesh, data.shape[2]).values
    per_time = data.run(row)[..., 0] @ weights
    return float(np.trapezoid(per_time)) / 3


def test_true_values_are_those_of_the_own_meshes(surrogate: Surrogate, plates: Dataset) -> None:
    assert surrogate.ensemble is not None
    held_out = surrogate.ensemble.held_out
    assert held_out is not None
    assert held_out.quantities is not None
    column = held_out.quantities.columns(quantity_predictor(surrogate, KNOWN).group.quantities)[0]
    assert column is not None
    rows = surrogate.split.rows(plates.ids)["validation"]
    expected = [true_heat(plates, int(row)) for row in rows]
    np.testing.assert_allclose(held_out.quantities.values[:, column], expected, rtol=1e-5)


@pytest.mark.parametrize("texts", [KNOWN, LATE, KNOWN | LATE])
def test_bands_are_calibrated(texts: dict[str, str], surrogate: Surrogate, tmp_path: Path) -> None:
    predictor = quantity_predictor(surrogate, texts)
    assert predictor.calibration.runs == 2
    assert quantity_warnings(predictor) == []
    surrogate.save(StudyFolder(tmp_path))
    read = quantity_predictor(Surrogate.load(StudyFolder(tmp_path)), texts)
    np.testing.assert_allclose(read.calibration.std_factor, predictor.calibration.std_factor)


def test_the_geometry_counts(surrogate: Surrogate, plates: Dataset) -> None:
    shapes = plates.shapes
    assert shapes is not None
    conditions = plates.conditions.select([3, 4])
    rows = {"3": 0, "4": 11}
    found = surrogate.quantities(conditions, KNOWN, place=lambda name: shapes.placement(rows[name]))
    heat = found["value"].sel(quantity="heat").values
    assert heat[1] / heat[0] == pytest.approx(1.3 / 0.7, rel=0.01)
    predicted = surrogate.quantities(conditions, KNOWN)["value"].sel(quantity="heat").values
    assert predicted[0] == pytest.approx(true_heat(plates, 3), rel=0.02)


def test_bands_without_geometries_are_not_calibrated(surrogate: Surrogate) -> None:
    assert surrogate.ensemble is not None
    held_out = surrogate.ensemble.held_out
    assert held_out is not None
    without = replace(held_out, shapes=None)
    earlier = replace(surrogate, ensemble=replace(surrogate.ensemble, held_out=without))
    predictor = quantity_predictor(earlier, KNOWN)
    assert predictor.calibration.runs == 0
    assert "are not calibrated: the model holds no" in quantity_warnings(predictor)[0]
    # A place that no validation run has says nothing about errors either.
    far = quantity_predictor(surrogate, {"far": "max(T, box=(9, 0, 9, 9))"})
    assert "no validation run, with its geometry" in quantity_warnings(far)[0]


def test_fields_are_decoded_where_a_mesh_needs_them() -> None:
    own = plate()
    common = BackgroundGrid.fit([Extent.of(own, Path("plate"))])
    placement = common.place(own, Path("plate"))
    rng = np.random.default_rng(0)
    runs = 5.0 + rng.random((3, 2, common.nodes, 2)).astype(np.float32)
    data = Dataset.from_arrays(runs, {"p": np.arange(3.0)}, variables=["u", "v"])
    reduction, _ = reduce_runs(data, np.arange(3), ReductionSettings())
    assert own.coords is not None
    domain = FieldDomain(("u", "v"), ("", ""), np.arange(2.0), own, len(own.coords))
    texts = {"mean": "mean(v, box=(0.4, 0, 1, 1), time=1)", "size": "max(mag(u, v))"}
    group = read_quantities(texts, domain)
    coefficients = reduction.encode(runs[0])
    whole = group.of_run(on_own_mesh(reduction.decode(coefficients), placement))
    found = DecodedQuantities.of(group, reduction, placement)(coefficients)
    np.testing.assert_allclose(found.values, whole.values, rtol=1e-5)
    np.testing.assert_array_equal(found.places, whole.places)


def test_sets_are_those_of_the_own_mesh() -> None:
    own = plate()
    assert own.coords is not None
    named = Mesh(own.coords, own.cells, sets={"end": np.flatnonzero(own.coords[:, 0] > 0.99)})
    common = BackgroundGrid.fit([Extent.of(own, Path("plate"))])
    domain = FieldDomain(("u",), ("",), np.arange(2.0), common.mesh, common.nodes)
    asked = AskedQuantities.read({"end": "mean(u, set='end')"}, domain, Path())
    given = common.place(named, Path("plate"))
    group = asked.on(domain.on(given.mesh, numbered=False))
    assert group.of_run(own.coords[None, :, :1].repeat(2, 0)).values == pytest.approx(1.0)
    predicted = common.placed(given.shape)
    with pytest.raises(UserError, match="give each design a mesh that has some"):
        asked.on(domain.on(predicted.mesh, numbered=False))
