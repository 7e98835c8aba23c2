"""Pages of studies that come from solvers: what they show and save is what the models predict."""

from __future__ import annotations

import csv
import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import pyvista

from simulgenvae import Study
from simulgenvae.cli.main import main
from simulgenvae.data.designs_from import designs_from
from simulgenvae.data.ingest.options import IngestOptions
from tests.explorer.browser.conftest import Open, Opened
from tests.explorer.browser.shown import CLOSE, predicted_by_command, require_shown

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[3] / "examples/calculix_beam/solve.py"
FEW_STEPS = (
    "model.filters=[8]",
    "model.width=16",
    "conditioner.filters=[8]",
    "training.end_to_end.steps=12",
    "training.end_to_end.members=1",
    "training.end_to_end.refit=false",
    "evaluation.figures=false",
)
"""Training of a second: pages are compared with their models, not with solvers."""


def require_predicted(page: Opened, study: Study, values: list[float], time: int) -> None:
    """Compare all that is shown of a design at a time with what the command predicts."""
    page.set(
        f"{{time: {time}, shown: 'std', design: {{parameters: {values}, image: null}}, probes: []}}"
    )
    names = [each["name"] for each in page.page.evaluate("window.explorer.description.inputs")]
    design = ",".join(f"{name}={value}" for name, value in zip(names, values, strict=True))
    out = page.path.with_suffix(".npz")
    known = predicted_by_command(study.folder, out, "--at", design)
    require_shown(page, known, time)
    error = page.page.evaluate("window.explorer.study.expectedError")
    assert error == pytest.approx(float(known["expected_error"][0]), rel=1e-3)
    page.set("{shown: 'prediction'}")


def beam_example(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the tutorial's solver of a beam, with fewer bricks and steps."""
    spec = importlib.util.spec_from_file_location("calculix_beam", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, value in {"CELLS": (8, 2, 2), "STEPS": 8, "RELEASE": 4}.items():
        monkeypatch.setattr(module, name, value)
    return module


@pytest.fixture(scope="module")
def beam(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Return the trained study of a struck beam, solved by CalculiX."""
    ccx = shutil.which("ccx")
    if ccx is None:
        pytest.skip("needs CalculiX: apt install calculix-ccx")
    folder = tmp_path_factory.mktemp("beam")
    with pytest.MonkeyPatch.context() as patch:
        example = beam_example(patch)
        designs = {f"run_{i}": each for i, each in enumerate(example.latin_hypercube(8, 0))}
        example.write_params(folder / "params.csv", designs)
        example.solve_all(ccx, folder, designs, 2)
    study = Study(folder / "S")
    study.ingest([folder / "runs"], IngestOptions(params=folder / "params.csv", length_unit="m"))
    study.train(study.read_settings(overrides=FEW_STEPS))
    return study


@pytest.fixture(scope="module")
def beam_page(beam: Study, open_file: Open, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """Return the beam's page, opened from its file."""
    path = tmp_path_factory.mktemp("page") / "beam.html"
    path.write_bytes(beam.page().html)
    return open_file(path)


def test_a_beam_moves_as_predicted(beam: Study, beam_page: Opened) -> None:
    require_predicted(beam_page, beam, [6000.0, 1e11, 5000.0], 4)
    (displacement,) = (
        each
        for each in beam_page.page.evaluate("window.explorer.description.vectors")
        if each["is_displacement"]
    )
    assert displacement["name"] == "DISP"
    still = beam_page.picture()
    # At the root nothing moves, so that only the displacement can change the picture's outline.
    beam_page.set("{factor: 30}")
    moved = beam_page.picture()
    assert moved != still
    beam_page.set("{displaced: false}")
    assert beam_page.picture() != moved
    beam_page.set("{displaced: true, factor: null, time: 0}")
    assert beam_page.picture() != still


def test_a_beam_is_read_and_compared(beam: Study, beam_page: Opened, tmp_path: Path) -> None:
    beam_page.set("{time: 4, design: {parameters: [6000, 1e11, 5000], image: null}, scalar: 2}")
    beam_page.click_middle()
    (row,) = beam_page.state("probes")
    table = list(csv.reader(beam_page.download("CSV", tmp_path, "#probe-head").open()))
    surrogate = beam.load_surrogate()
    design = designs_from([[6000.0, 1e11, 5000.0]], surrogate.condition_scaler)
    expected = surrogate.predict(design)["fields"].to_numpy()[0, :, row, 2]
    column = table[0].index(next(name for name in table[0] if name.startswith("DISP_z at node")))
    found = np.array([float(line[column]) for line in table[1:]])
    assert np.abs(found - expected).max() < CLOSE * np.ptp(expected)
    beam_page.page.get_by_role("button", name="Pin this design").click()
    beam_page.set("{design: {parameters: [2000, 2e11, 3000], image: null}}")
    titles = beam_page.page.locator(".pane-title:visible")
    assert titles.all_inner_texts() == ["This design", "Pinned design", "Difference"]
    beam_page.page.get_by_role("button", name="Release").click()
    beam_page.set("{probes: []}")


def test_a_saved_volume_has_all_nodes_and_cells(
    beam: Study, beam_page: Opened, tmp_path: Path
) -> None:
    values = [6000.0, 1e11, 5000.0]
    beam_page.set(f"{{time: 4, design: {{parameters: {values}, image: null}}}}")
    grid = pyvista.UnstructuredGrid(beam_page.download("VTU", tmp_path))
    surrogate = beam.load_surrogate()
    mesh = surrogate.whole_mesh
    assert mesh.coords is not None
    across = mesh.coords[:, 1:]
    inside = ((across > across.min(axis=0)) & (across < across.max(axis=0))).all(axis=1)
    assert inside.any()  # of which nothing is drawn
    np.testing.assert_allclose(grid.points, mesh.coords, atol=1e-7)
    (table,) = grid.cells_dict.values()
    np.testing.assert_array_equal(table, mesh.cells["hexahedron20"])
    fields = surrogate.predict(designs_from([values], surrogate.condition_scaler))["fields"]
    expected = fields.to_numpy()[0, 4, :, :3]
    assert np.abs(grid["DISP"] - expected).max() < CLOSE * np.ptp(expected)
    rows = list(csv.reader(beam_page.download("CSV", tmp_path).open()))
    assert [int(line[0]) for line in rows[1:]] == list(range(len(mesh.coords)))


def test_the_page_of_the_demo(open_file: Open, tmp_path: Path) -> None:
    pytest.importorskip("skfem")
    folder = tmp_path / "demo"
    settings = [word for setting in FEW_STEPS for word in ("--set", setting)]
    assert main(["demo", str(folder), "--quick", "--runs", "5", "--no-open", *settings]) == 0
    page = open_file(folder / "explorer.html")
    require_predicted(page, Study.open(folder / "study"), [0.03, 0.006, 800.0], 20)
    before = page.picture()
    slider = page.page.get_by_label("power (W), slider")
    slider.focus()
    for _ in range(10):
        slider.press("ArrowLeft")
    page.complete()
    assert page.state("design.parameters[2]") < 800
    assert page.picture() != before
    grid = pyvista.UnstructuredGrid(page.download("VTU", tmp_path))
    assert (grid.n_points, grid.n_cells) == (992, 512)
