"""Geometries of designs in a page: shapes by its networks, and what it cannot draw."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.shapes import Shapes
from simulgenvae.data.split import make_split
from simulgenvae.deployment.write import inputs_of, random_conditions
from simulgenvae.errors import UserError
from simulgenvae.explorer.describe import Origin
from simulgenvae.explorer.description import Evaluation
from simulgenvae.explorer.geometry import PageGeometry, given_scaler
from simulgenvae.explorer.networks import SAMPLES
from simulgenvae.explorer.twin import Twin, make_twin
from simulgenvae.geometry import BackgroundGrid, CommonMesh, CorrespondingNodes
from simulgenvae.geometry.grid.record import GridRecord
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.settings import Settings
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.shapes import ShapeModel
from simulgenvae.surrogate.surrogate import Surrogate
from tests.conftest import MakeSettings
from tests.explorer.page_formulas import Page

ORIGIN = Origin("S", "model-1", "2026-01-01T00:00:00Z", Evaluation(relative_error=0.05, runs=3))
CLOSE = 1e-4
RUNS = 14
COORDS = np.stack([each.ravel() for each in np.meshgrid(np.linspace(0, 2, 5), np.arange(4.0))], 1)


def stretched(names: tuple[str, ...], common: CommonMesh | None = None) -> Dataset:
    """Return waves on plates that are stretched along x by a number that ``names`` may have."""
    rng = np.random.default_rng(0)
    known = {"stretch": rng.uniform(0.5, 1.5, RUNS), "load": rng.uniform(1.0, 2.0, RUNS)}
    common = common or CorrespondingNodes(Mesh(COORDS, {"quad": quads()}))
    shape = np.zeros((RUNS, 1, common.nodes, 2), np.float32)
    shape[:, 0, :, 0] = (known["stretch"][:, None] - 1) * COORDS[:, 0]
    shape[:, 0, :, 1] = 0.1 * (known["stretch"] ** 2)[:, None] * COORDS[:, 0] ** 2
    times = np.linspace(0, 1, 4)[None, :, None]
    phase = COORDS[:, 0] * known["stretch"][:, None, None] + times
    fields = (known["load"][:, None, None] * np.sin(phase))[..., None]
    table = np.stack([known[name] for name in names], 1) if names else np.zeros((RUNS, 0))
    conditions = Conditions(tuple(f"r{run}" for run in range(RUNS)), names, table)
    plain = Dataset.from_arrays(fields, conditions, coords=COORDS, variables=("T",))
    return replace(plain, common=common, shapes=Shapes(common, shape, Path("shapes")))


def discs(settings: Settings, name: str = "radius") -> Surrogate:
    """Return a surrogate of waves on discs, on a grid, by their radius or another parameter.

    Outside of a disc the fields go on steeply.
    """
    grid = BackgroundGrid(GridRecord(origin=(-1.2, -1.2), spacing=0.2, counts=(13, 13)))
    assert grid.mesh.coords is not None
    distance = np.linalg.norm(grid.mesh.coords, axis=1)
    rng = np.random.default_rng(0)
    radius = rng.uniform(0.6, 1.0, RUNS)
    known = {"radius": radius, "load": rng.uniform(1.0, 2.0, RUNS)}
    inward = radius[:, None] - distance
    times = np.linspace(0, 1, 4)[None, :, None]
    waves = 10 * np.cos(distance / radius[:, None, None] + times)
    fields = 300 + waves + 1000 * np.maximum(-inward, 0)[:, None]
    ids = tuple(f"r{run}" for run in range(RUNS))
    conditions = Conditions(ids, (name,), known[name][:, None])
    plain = Dataset.from_arrays(
        fields[..., None], conditions, coords=grid.mesh.coords, variables=("T",)
    )
    shapes = Shapes(grid, inward[:, None, :, None].astype(np.float32), Path("shapes"))
    # Without files of the runs on their own meshes, errors there cannot be measured: the geometries
    # are added to a surrogate that knows nothing of them.
    own = replace(plain, common=grid, shapes=shapes)
    rows = make_split(plain.ids, settings.data, None).rows(plain.ids)["train"].tolist()
    model = ShapeModel.fit(own, rows)
    surrogate = fit(replace(model.seen(own), common=None, shapes=None), settings)
    return replace(surrogate, shapes=model)


def quads() -> np.ndarray:
    """Return the cells of 5 x 4 nodes."""
    first = np.array([i for i in range(15) if i % 5 < 4])
    return np.stack([first, first + 1, first + 6, first + 5], axis=1)


def check(surrogate: Surrogate) -> Twin:
    """Compare fields and shapes of a page with those of the surrogate; return its twin."""
    twin = make_twin(surrogate, None, ORIGIN)
    page = Page(twin.container())
    shapes = surrogate.shapes
    assert shapes is not None
    designs = random_conditions(given_scaler(surrogate), 3)
    known = surrogate.predict(designs, samples=SAMPLES)
    span = np.ptp(known["fields"].to_numpy())
    for row in range(3):
        one = designs.select([row])
        found = page.predict(inputs_of(one))
        for name in ("fields", "std"):
            expected = known[name].to_numpy()
            assert np.abs(found[name] - expected[row]).max() < CLOSE * span, name
        if shapes.processes is None:
            coefficients = np.zeros(shapes.modes.count)
            coefficients[: len(shapes.names)] = one.table[0, -len(shapes.names) :]
        else:
            coefficients = shapes.predicted(one)[0]
        placement = shapes.placement(coefficients)
        placed = placement.mesh.coords if shapes.common.kind != "grid" else placement.shape
        assert placed is not None
        assert np.abs(page.shape(inputs_of(one)) - placed).max() < CLOSE * np.ptp(placed)
    return twin


def test_nodes_move_as_the_parameters_determine(make_settings: MakeSettings) -> None:
    surrogate = fit(stretched(("stretch", "load")), make_settings(3))
    about = check(surrogate).description
    assert [each.name for each in about.inputs] == ["stretch", "load"]
    assert about.geometry is not None
    assert (about.geometry.kind, about.geometry.note) == ("moved", "")
    # The box holds all training runs, and not only the mean geometry.
    assert about.geometry.upper[0] > 2.7
    assert about.geometry.lower == pytest.approx((0.0, 0.0, 0.0), abs=1e-12)


def test_a_geometry_that_is_only_likely_is_called_so(make_settings: MakeSettings) -> None:
    surrogate = fit(stretched(("load",)), make_settings(3))
    about = check(surrogate).description
    assert [each.name for each in about.inputs] == ["load"]
    assert about.geometry is not None
    assert "do not determine" in about.geometry.note


def test_without_parameters_the_shape_is_given(make_settings: MakeSettings) -> None:
    surrogate = fit(stretched(()), make_settings(3))
    about = check(surrogate).description
    assert [each.name for each in about.inputs] == list(surrogate.condition_scaler.names)
    assert about.inputs[0].name == "shape 1"
    assert about.geometry is not None
    assert "shape 1" in about.geometry.note
    assert "small hole" not in about.geometry.note


def test_a_grid_is_cut_by_the_distance(make_settings: MakeSettings) -> None:
    surrogate = discs(make_settings(3))
    assert surrogate.distances is None
    about = check(surrogate).description
    assert about.geometry is not None
    assert about.geometry.kind == "cut"
    # The box is around the largest disc, and not around the grid.
    assert 0.9 < about.geometry.upper[0] < 1.19
    # What the fields are outside of a geometry is not in the range of colours.
    assert about.variables[0].range[1] < 400
    assert not about.quantities


def test_a_geometry_is_read_as_an_image(make_settings: MakeSettings) -> None:
    surrogate = discs(make_settings(3), "load")
    assert surrogate.distances is not None
    assert surrogate.networks.conditioner.geometry is not None
    check(surrogate)
    assert surrogate.shapes is not None
    by_shape = replace(surrogate, shapes=replace(surrogate.shapes, processes=None))
    geometry = PageGeometry.of(by_shape)
    assert geometry is not None
    assert "small hole" in geometry.about().note


@pytest.mark.parametrize(
    ("coords", "message"), [(3, "outside of a mesh"), (1, "move along a line")]
)
def test_geometries_that_a_page_cannot_draw(
    make_settings: MakeSettings, coords: int, message: str
) -> None:
    surrogate = fit(stretched(("stretch",)), make_settings(1))
    stretch = surrogate.split.train
    if coords == 3:
        common: CommonMesh = BackgroundGrid(
            GridRecord(origin=(0, 0, 0), spacing=1, counts=(4, 4, 4))
        )
        changes = np.linspace(0.5, 1.5, len(stretch))[:, None, None] + np.ones((1, 64, 1))
    else:
        common = CorrespondingNodes(Mesh(np.arange(5.0)))
        changes = np.linspace(0.5, 1.5, len(stretch))[:, None, None] * np.arange(5.0)[None, :, None]
    shapes = Shapes(common, changes[:, None].astype(np.float32), Path("shapes"))
    conditions = Conditions(stretch, ("a",), np.linspace(0, 1, len(stretch))[:, None])
    fields = np.zeros((len(stretch), 1, common.nodes, 1)) + changes[:, None, :, :1]
    data = Dataset.from_arrays(fields, conditions)
    model = ShapeModel.fit(replace(data, common=common, shapes=shapes), range(len(stretch)))
    with pytest.raises(UserError, match=message):
        PageGeometry.of(replace(surrogate, shapes=model))
