"""The demo's commands from solver to predictions, and what it says in the end."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console, RenderableType

from simulgenvae.baselines import BASELINES
from simulgenvae.cli import demo
from simulgenvae.cli.main import main
from simulgenvae.cli.parser import parse
from simulgenvae.data.dataset import Dataset
from simulgenvae.demo import ending
from simulgenvae.demo.measure import Measured, Prediction
from simulgenvae.demo.record import Record
from simulgenvae.demo.trials import plan_trials
from simulgenvae.evaluation.accuracy import compared_sentence
from simulgenvae.evaluation.methods import OWN_METHODS
from simulgenvae.evaluation.results import (
    Combination,
    DataSummary,
    EvaluationResult,
    OverRuns,
    SplitErrors,
)
from simulgenvae.evaluation.results.result import BestBaseline
from simulgenvae.evaluation.results.study import Timing
from simulgenvae.utils.formatting import milliseconds
from tests.explorer.conftest import assets

pytest.importorskip("skfem")
pytest.importorskip("pyvista")
problems = pytest.importorskip("simulgenvae.demo.problems")

SMALL = (
    "model.filters=[16,8]",
    "model.width=32",
    "conditioner.filters=[8]",
    "data.image_size=32",
    "training.end_to_end.steps=12",
    "training.end_to_end.refit=false",
    "evaluation.figures=false",
)


def errors(*values: float) -> dict[str, SplitErrors]:
    construct: Any = SplitErrors.model_construct  # the demo reads only these parts
    per_run = {f"run_{k}": value for k, value in enumerate(values)}
    over_runs = OverRuns.of(values)
    return {"test": construct(runs=len(values), relative_l2=over_runs, per_run=per_run)}


def measured(name: str = "Surrogate", *values: float) -> Measured:
    methods = {own.name: errors(0.3, 0.4) for own in OWN_METHODS}
    methods |= {each: errors(0.3, 0.4) for each in BASELINES}
    methods |= {"prediction": errors(*(values or (0.01, 0.03))), "pod_rbf": errors(0.05, 0.15)}
    # The demo reads only these parts of a result.
    construct: Any = EvaluationResult.model_construct
    summary: Any = DataSummary.model_construct
    evaluation = construct(
        compared_split="test",
        errors=methods,
        best_baseline=BestBaseline(
            name="pod_rbf",
            relative_l2=0.1,
            prediction_ratio=0.2,
            networks_ratio=None,
            gaussian_processes_ratio=None,
        ),
        combination=Combination(members=3, weight=0.0, gaussian_processes="combined"),
        data=summary(parameters=("row",), images=None, timesteps=41, nodes=5935),
        timing=Timing(seconds_per_run_in_batches=0.01, seconds_for_one_run=0.0304),
    )
    prediction = Prediction(np.zeros((1, 2, 3), np.float32), (0.025,))
    return Measured(name, evaluation, prediction, (0.0212,))


def shown(*tables: RenderableType, width: int = 80) -> str:
    console = Console(width=width)
    with console.capture() as capture:
        console.print(*tables)
    return capture.get()


def test_errors_and_times_are_those_of_the_report() -> None:
    result = measured("Surrogate", 0.01, 0.02, 0.03)
    # A table of t has 2.920 for two degrees of freedom and 90 % between both ends.
    assert 2.92 * 0.01 / math.sqrt(3.0) == pytest.approx(0.0169, abs=5e-5)
    error = "2.0 % ± 1.7"
    assert error in compared_sentence(result.evaluation.compared["prediction"], None, None, "run")
    table = shown(ending.errors_table([result], 2.31), width=120)
    line = ending.error_line(result)
    assert "mean, 90 % t-interval" in table
    assert error in table
    assert f"error {error} on 3 unseen designs" in line
    assert "± is the 90 % t-interval of the mean over the 3 test runs" in line
    assert milliseconds(result.evaluation.timing.seconds_for_one_run) == "30.4 ms"
    assert "30.4 ms" in table
    assert "95" not in table + line


def test_the_table_has_all_methods_and_fits_eighty_columns() -> None:
    text = shown(ending.errors_table([measured(), measured("Other", 0.02, 0.02)], 2.31))
    assert "…" not in text
    assert "2 designs that nothing was trained on" in text
    rows = [line.split("│")[1].strip() for line in text.splitlines() if line.startswith("│")]
    assert rows[:2] == ["Surrogate", "Other"]
    assert rows[2] == "POD + RBF"  # the best baseline is the first
    assert rows[-1] == "Finite elements (the truth)"
    assert len(rows) == 2 + len(BASELINES) + 1
    assert "30.4 ms" in text
    assert "2.31 s" in text


def test_the_line_about_errors_says_how_sure_they_are() -> None:
    line = ending.error_line(measured())
    assert "error 2.0 % ± 6.3 on 2 unseen designs" in line
    assert "0.20 of the best baseline's" in line
    assert "2.1 % (2.5 % expected)" in line


def test_the_surrogate_pays_when_what_it_saves_is_what_it_has_cost() -> None:
    costs = ending.Costs(runs=40, solving=80.0, training=120.0, solver=2.1, prediction=0.1)
    assert costs.speed_up == pytest.approx(21.0)
    # 80 s + 120 s + 100 x 0.1 s = 100 x 2.1 s.
    assert costs.pays_after == 100
    line = ending.speed_line(costs, timesteps=41, nodes=5935)
    assert "Speed-up: 21. By the clock, a design takes 2.1 s" in line
    assert "pays after 100 designs: solving 40 runs one after another (80 s)" in line
    slow = ending.Costs(runs=40, solving=80.0, training=120.0, solver=0.1, prediction=0.2)
    assert slow.pays_after is None
    assert "never pays" in ending.speed_line(slow, timesteps=41, nodes=5935)
    assert "Speed-up: 0.5." in ending.speed_line(slow, timesteps=41, nodes=5935)


__all__ = ["assets"]


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
    assert [trial.predictions.name for trial in trials] == [f"new-{one}" for one in kinds]
    assert [settings_of(demo.commands(problems.ImageProblem(), trial, [])) for trial in trials] == [
        [one] for one in kinds
    ]


def test_the_users_settings_come_after_those_of_the_demo(tmp_path: Path) -> None:
    (trial,) = plan_trials(tmp_path)
    problem = problems.PanelProblem()
    found = demo.commands(problem, trial, ["model.width=64"])
    ingest, check, train, evaluate, predict, export = found
    study, new = str(tmp_path / "study"), str(tmp_path / "new")
    assert ingest[:4] == ["ingest", study, str(tmp_path / "solver" / "runs"), "--params"]
    settings = demo.as_arguments([*problem.settings, "model.width=64"])
    assert [check, train] == [["check", study, *settings], ["train", study, *settings]]
    assert evaluate == ["evaluate", study]
    assert predict == ["predict", study, "--params", f"{new}.csv", "--out", f"{new}.vtkhdf"]
    assert export == ["export", study, "--out", str(tmp_path / "explorer.html")]


class StopAt:
    """Parser of commands that presses Ctrl-C in place of one of them."""

    def __init__(self, command: str) -> None:
        self.command = command
        self.seen: list[list[str]] = []

    def __call__(self, arguments: list[str]) -> Any:
        self.seen.append(list(arguments))
        if arguments[0] == self.command:
            raise KeyboardInterrupt
        return parse(arguments)


def test_a_stopped_demo_goes_on_where_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "demo"
    command = ["demo", str(folder), "--quick", "--runs", "5", "--no-open"]
    command += demo.as_arguments(SMALL)
    stopping = StopAt("train")
    monkeypatch.setattr(demo, "parse", stopping)
    assert main(command) == 130
    going_on = StopAt("nothing")
    monkeypatch.setattr(demo, "parse", going_on)
    assert main(command) == 0
    assert [one[0] for one in stopping.seen] == ["ingest", "check", "train"]
    assert [one[0] for one in going_on.seen] == ["train", "evaluate", "predict", "export"]
    assert (folder / "explorer.html").stat().st_size > 10_000
    assert going_on.seen[0] == [*stopping.seen[2], "--resume"]
    dataset = Dataset.open(folder / "study" / "input_data" / "dataset.zarr")
    assert dataset.conditions.names == ("row", "speed", "power")
    assert len(list((folder / "new").glob("*.vtkhdf"))) == 3
    capsys.readouterr()
    assert main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(going_on.seen) == 4
    assert demo.QUICK_LOOK in lines
    for page in (folder / "study" / "models" / "model-1" / "report.html", folder / "explorer.html"):
        assert str(page) in lines[-1]
    assert main([*command, "--set", "model.width=64"]) == 2
    assert "begun with other options" in capsys.readouterr().err


def test_the_whole_way_from_images(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], assets: Path
) -> None:
    """In a clone whose page is not built."""
    (assets / "page.html").unlink()
    folder = tmp_path / "demo"
    command = ["demo", str(folder), "--images", "--kind", "vit", "--runs", "5", "--no-open"]
    assert main([*command, *demo.as_arguments(SMALL)]) == 0
    assert Dataset.open(folder / "study-vit" / "input_data" / "dataset.zarr").shape[0] == 5
    assert (folder / "study-vit" / "output" / "report.html").exists()
    assert (folder / "new-vit").is_dir()
    assert [path.name for path in sorted((folder / "new_images").iterdir())] == [
        f"new_00{i}.png" for i in range(3)
    ]
    steps = Record.model_validate_json((folder / "demo.json").read_text()).steps
    assert all(step.finished and step.seconds > 0.0 for step in steps.values())
    *_, error, speed, pages = (line for line in capsys.readouterr().out.splitlines() if line)
    assert "on 1 unseen design;" in error
    assert "2,665 nodes" in speed
    assert str(folder / "new-vit") in pages
    assert "explorer" not in pages


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
        (["--images", "--quick"], ("--quick", "--images")),
    ],
)
def test_options_that_do_not_fit_are_refused_before_anything_is_solved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: tuple[str, ...]
) -> None:
    assert main(["demo", str(tmp_path / "demo"), *arguments]) == 2
    message = capsys.readouterr().err
    assert all(word in message for word in words)
    assert not (tmp_path / "demo").exists()
