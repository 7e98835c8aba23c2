"""The demo's commands from solver to predictions, and the tables at its end."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from rich.console import Console, RenderableType

from simulgenvae.baselines import BASELINES
from simulgenvae.cli import demo
from simulgenvae.cli.main import main
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.demo import results
from simulgenvae.demo.trials import plan_trials
from simulgenvae.evaluation.methods import OWN_METHODS, methods
from simulgenvae.evaluation.results import (
    Combination,
    DataSummary,
    EvaluationResult,
    OverRuns,
    SplitErrors,
    SplitIds,
)
from simulgenvae.evaluation.results.result import BestBaseline
from simulgenvae.evaluation.results.study import Timing
from simulgenvae.evaluation.results.uncertainty import Uncertainty
from simulgenvae.export import write_prediction
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.settings import StudyFolder

pytest.importorskip("skfem")
pytest.importorskip("pyvista")
board = pytest.importorskip("simulgenvae.demo.board")
problems = pytest.importorskip("simulgenvae.demo.problems")

QUICK = (
    "model.filters=[16,8]",
    "model.width=32",
    "conditioner.filters=[8]",
    "data.image_size=32",
    *(f"training.{stage}.steps=12" for stage in ("vae", "conditioner", "end_to_end")),
)


METHODS = (*(own.name for own in OWN_METHODS), *BASELINES)


def split_errors(mean: float, median: float = 0.2, largest: float = 0.5) -> dict[str, SplitErrors]:
    split: Any = SplitErrors.model_construct
    over_runs = OverRuns(mean=mean, median=median, max=largest, undefined_runs=0)
    per_run = {"run_000": mean}
    return {"test": split(runs=1, relative_l2=over_runs, variables={}, per_run=per_run)}


def evaluation(
    prediction: float = 0.02, weight: float = 0.975, networks: float = 0.3
) -> EvaluationResult:
    errors = {name: split_errors(0.3) for name in METHODS}
    errors["prediction"] = split_errors(prediction, 0.01, 0.05)
    errors["networks"] = split_errors(networks)
    # The demo reads only these parts of a result.
    construct: Any = EvaluationResult.model_construct
    summary: Any = DataSummary.model_construct
    return construct(
        compared_split="test",
        errors=errors,
        best_baseline=BestBaseline(
            name="pod_gpr",
            relative_l2=0.3,
            prediction_ratio=0.5,
            networks_ratio=None,
            gaussian_processes_ratio=None,
        ),
        combination=Combination(members=3, weight=weight, gaussian_processes="combined"),
        uncertainty=Uncertainty(level=0.9, calibration_runs=60, left_out_coverage=(), splits={}),
        notes=(),
        data=summary(parameters=tuple(board.NAMES), images=None),
        split=SplitIds(train=("run_001",), validation=(), test=("run_000",)),
        timing=Timing(seconds_per_run_in_batches=0.001, seconds_for_one_run=0.002),
    )


def titles() -> list[str]:
    return [method.title for method in methods(evaluation())]


def shown(*tables: RenderableType, width: int = 120) -> str:
    console = Console(width=width)
    with console.capture() as capture:
        console.print(*tables)
    return capture.get()


def one_new_design() -> list[results.Solved]:
    truth = np.full((2, 3, 1), 350.0, dtype=np.float32)
    return [results.Solved("new_000", truth, 0.2)]


def test_new_designs_are_compared_with_the_solver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, out = StudyFolder(tmp_path / "study"), tmp_path / "new.pvd"
    designs = problems.TableProblem().sample(2)
    fields = np.stack([board.solve(design) for design in designs.table])[..., np.newaxis]
    study.input_data.mkdir(parents=True)
    Dataset.from_arrays(fields, Conditions(designs.ids, board.NAMES, designs.table)).save(
        study.dataset
    )
    monkeypatch.setattr("simulgenvae.demo.results.EvaluationResult.read", lambda _: evaluation())
    (new,) = results.solve(problems.TableProblem().sample(1, seed=1, prefix="new"))
    prediction = xr.Dataset(
        {
            "fields": (
                ("run", "time", "node", "variable"),
                new.field[np.newaxis] + np.float32(1.5),
            ),
            "expected_error": ("run", [0.25]),
        },
        coords={"run": [new.id], "time": board.TIMES, "variable": ["temperature"]},
    )
    write_prediction(prediction, Mesh(board.mesh().p.T, {"triangle": board.mesh().t.T}), out)
    (checked,) = results.Result.read("surrogate", study, out, [new]).checked
    assert checked.largest_error == pytest.approx(1.5, rel=1e-3)
    assert checked.expected_error == 0.25
    assert checked.relative_l2 == pytest.approx(
        1.5
        * np.sqrt(new.field.size)
        / np.linalg.norm(new.field - fields[1].mean(dtype=np.float64)),
        rel=1e-3,
    )


def test_tables_show_every_method_and_design() -> None:
    result = results.Result("surrogate", evaluation(), (results.Checked(0.01, 1.2, 0.034),))
    text = shown(results.errors_table([result]), results.new_table(result, one_new_design()))
    assert all(title in text for title in titles())
    assert "new_000" in text
    assert "100 x" in text
    assert "3.40 %" in text


def test_tables_fit_a_terminal_of_eighty_columns() -> None:
    """Nothing is cut, and no cell is broken over two lines."""
    result = results.Result("surrogate", evaluation(), (results.Checked(0.01, 1.2, 0.034),))
    text = shown(
        results.errors_table([result]),
        results.new_table(result, one_new_design()),
        width=80,
    )
    assert "…" not in text
    names = titles()
    assert all(
        name in text for name in (*names, "new_000", "3.40 %", "1.20 K", "350.0 K", "200 ms")
    )
    bodies = [line for line in text.splitlines() if line.startswith("│")]
    assert len(bodies) == len(METHODS) + 1


def test_several_networks_are_compared_with_the_baselines() -> None:
    networks = [
        results.Result("CNN", evaluation(0.041, 0.0, networks=0.041), ()),
        results.Result("ViT", evaluation(0.052, 0.35), ()),
    ]
    lines = shown(results.errors_table(networks)).splitlines()
    expected = {
        "CNN + Gaussian processes (weight 0)": "4.10 %",
        "CNN only (3 networks)": "4.10 %",
        "ViT + Gaussian processes (weight 0.35)": "5.20 %",
        "ViT only (3 networks)": "30.0 %",
        "Gaussian processes only": "30.0 %",
        "Mean run": "30.0 %",
    }
    for name, mean in expected.items():
        (row,) = (line for line in lines if line.startswith("│") and name in line)
        assert mean in row
    text = " ".join(" ".join(lines).split())
    assert "CNN: The surrogate is more accurate than every baseline." in text
    assert "ViT: Networks and Gaussian processes together (weight 0.35)" in text
    assert not any("VAE reconstruction" in line for line in lines)


def settings_of(argument_lists: list[list[str]]) -> list[str]:
    return [one.split("=")[1] for one in argument_lists[2] if one.startswith("conditioner.kind=")]


@pytest.mark.parametrize(
    ("kind", "kinds"), [(None, ["cnn", "vit"]), ("both", ["cnn", "vit"]), ("vit", ["vit"])]
)
def test_each_network_has_a_study_and_predictions_of_its_own(
    tmp_path: Path, kind: str | None, kinds: list[str]
) -> None:
    trials = plan_trials(tmp_path, images=True, kind=kind)
    assert [trial.study.folder.name for trial in trials] == [f"study-{one}" for one in kinds]
    assert [trial.predictions.name for trial in trials] == [f"new-{one}.pvd" for one in kinds]
    assert [settings_of(demo.commands(problems.ImageProblem(), trial, [])) for trial in trials] == [
        [one] for one in kinds
    ]


def test_without_images_one_surrogate_learns_with_its_defaults(tmp_path: Path) -> None:
    (trial,) = plan_trials(tmp_path)
    ingest, check, train, evaluate, predict = demo.commands(problems.TableProblem(), trial, [])
    study = str(tmp_path / "study")
    assert ingest[3:5] == ["--params", str(tmp_path / "solver" / "params.csv")]
    assert [check, train, evaluate] == [["check", study], ["train", study], ["evaluate", study]]
    assert predict[2:] == [
        "--params",
        str(tmp_path / "new.csv"),
        "--out",
        str(tmp_path / "new.pvd"),
    ]


def test_the_whole_way_from_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "demo"
    settings = demo.as_arguments(QUICK)
    assert (
        main(
            [
                "demo",
                str(folder),
                "--images",
                "--kind",
                "vit",
                "--runs",
                "8",
                "--no-open",
                *settings,
            ]
        )
        == 0
    )
    assert Dataset.open(folder / "study-vit" / "input_data" / "dataset.zarr").shape[0] == 8
    assert (folder / "study-vit" / "output" / "report.html").exists()
    assert (folder / "new-vit").is_dir()
    assert [path.name for path in sorted((folder / "new_images").iterdir())] == [
        f"new_00{i}.png" for i in range(3)
    ]
    text = capsys.readouterr().out
    assert "Joint relative L2 error on 1 test runs" in text
    assert "new_002" in text


def test_a_folder_in_use_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    assert main(["demo", str(tmp_path)]) == 2
    assert "not an empty folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--kind", "cnn"], ("--kind cnn", "--images")),
        (["--images", "--set", "conditioner.kind=mlp"], ("conditioner.kind is mlp", "--kind")),
    ],
)
def test_networks_that_do_not_fit_are_refused_before_anything_is_solved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: tuple[str, ...]
) -> None:
    assert main(["demo", str(tmp_path / "demo"), *arguments]) == 2
    message = capsys.readouterr().err
    assert all(word in message for word in words)
    assert not (tmp_path / "demo").exists()
