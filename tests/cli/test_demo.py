"""What the demo shows, from predictions and metrics made by hand."""

import numpy as np
import pytest
import xarray as xr
from rich.console import Console

from simulgenvae.cli import demo
from simulgenvae.cli.main import main
from simulgenvae.data.dataset import Mesh
from simulgenvae.evaluation.presentation import METHODS
from simulgenvae.evaluation.summary import summary_table
from simulgenvae.export import write_prediction

pytest.importorskip("skfem")
pytest.importorskip("pyvista")
board = pytest.importorskip("simulgenvae.demo.board")


def metrics():
    relative = {"mean": 0.02, "median": 0.01, "max": 0.05}
    errors = {name: {"test": {"runs": 1, "relative_l2": relative}} for name in METHODS}
    return {
        "compared_split": "test",
        "errors": errors,
        "best_reference": {"name": "pod_gpr"},
        "ratio_to_best_reference": 0.5,
        "notes": [],
        "data": {"runs": 2},
        "split": {"train": ["run_001"], "test": ["run_000"]},
    }


def test_new_designs_are_compared_with_the_solver(tmp_path):
    board.make_study(tmp_path / "solver", runs=2, workers=1)
    _, table, ids = board.sample_designs(1, seed=1, prefix="new")
    truth = board.solve(table[0])
    prediction = xr.Dataset(
        {"fields": (("run", "time", "node", "variable"), truth[np.newaxis, ..., np.newaxis] + np.float32(1.5))},
        coords={"run": list(ids), "time": board.TIMES, "variable": ["temperature"]},
    )
    write_prediction(prediction, Mesh(board.mesh().p.T, {"triangle": board.mesh().t.T}), tmp_path / "new.pvd")
    (checked,) = demo.check_new(tmp_path, ids, table, metrics())
    training = np.load(tmp_path / "solver" / "fields.npy")[1]
    assert checked.largest_error == pytest.approx(1.5, rel=1e-3)
    assert checked.relative_l2 == pytest.approx(
        1.5 * np.sqrt(truth.size) / np.linalg.norm(truth - training.mean(dtype=np.float64)), rel=1e-3
    )


def test_tables_show_every_method_and_design():
    console = Console(width=120)
    with console.capture() as capture:
        console.print(summary_table(metrics()), demo.new_table([demo.Checked("new_000", 0.01, 1.2, 350.0, 0.2)], 0.002))
    text = capture.get()
    assert all(title in text for title in METHODS.values())
    assert "new_000" in text
    assert "100 x" in text


def test_a_folder_in_use_is_left_alone(tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("precious")
    assert main(["demo", str(tmp_path)]) == 2
    assert "not an empty folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
