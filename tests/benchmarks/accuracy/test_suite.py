"""The command that compares methods, on a problem of a few numbers."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from benchmarks.accuracy import baselines, cases, contents, fitted, methods, run
from benchmarks.accuracy.problem import Problem
from benchmarks.accuracy.results import Results
from simulgenvae.settings import Settings

MakeTiny = Callable[..., Problem]


@pytest.fixture(scope="module")
def case(tiny: MakeTiny) -> cases.Case:
    return cases.case_of(tiny(), "burgers", seed=0, source="abc")


@pytest.mark.parametrize("images", [False, True])
def test_problem_survives_its_file(tiny: MakeTiny, tmp_path: Path, images: bool) -> None:
    problem = tiny(images=images)
    cases.write_problem(problem, tmp_path / "a.npz")
    again = cases.read_problem(tmp_path / "a.npz")
    assert [file.name for file in tmp_path.iterdir()] == ["a.npz"]
    for name, part in problem._asdict().items():
        found = getattr(again, name)
        if isinstance(part, np.ndarray):
            np.testing.assert_array_equal(found, part)
            assert found.dtype == part.dtype
        else:
            assert found == part


def test_runs_are_solved_once_per_seed_and_source(
    tiny: MakeTiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds: list[int] = []

    def make(seed: int) -> Problem:
        seeds.append(seed)
        return tiny()

    module = SimpleNamespace(make=make)
    monkeypatch.setitem(sys.modules, "benchmarks.accuracy.counted", module)
    for seed, source in ((0, "x"), (0, "x"), (1, "x"), (1, "x"), (0, "y")):
        cases.solved("counted", seed, source, tmp_path / "cache")
    assert seeds == [0, 1, 0]


def test_hash_follows_the_suites_imports_and_the_demos(tmp_path: Path) -> None:
    assert {file.name for file in contents.module_files("burgers")} == {"burgers.py", "problem.py"}
    assert contents.PACKAGE / "demo" / "board.py" in contents.module_files("board")
    with pytest.raises(FileNotFoundError, match="moved"):
        contents.package_files("moved.py")


def test_every_named_problem_is_a_module() -> None:
    assert [name for name in cases.PROBLEMS if not (contents.SUITE / f"{name}.py").exists()] == []


def test_some_of_the_training_runs_are_for_validation(tiny: MakeTiny, case: cases.Case) -> None:
    rows = case.split.rows(case.dataset.ids)
    assert {part: len(found) for part, found in case.rows.items()} == {
        "train": 15,
        "validation": 5,
        "test": 4,
        "extrapolation": 2,
    }
    for part, found in rows.items():
        np.testing.assert_array_equal(found, case.rows[part])
    assert sorted([*rows["train"], *rows["validation"]]) == list(range(20))
    other = cases.case_of(tiny(), "burgers", seed=1)
    assert set(other.split.validation) != set(case.split.validation)


def test_measured_errors_are_those_of_the_predictions(case: cases.Case) -> None:
    def predict(rows: np.ndarray) -> np.ndarray:
        truth = np.stack([case.dataset.run(int(row)) for row in rows])
        known = np.stack([case.dataset.run(int(row)) for row in case.rows["train"]])
        return truth + 0.1 * (truth - known.mean(axis=(0, 1, 2)))

    found = fitted.measure(fitted.Fitted("x", 1.5, predict, {"a": 1}), case)
    assert found["fit_seconds"] == 1.5
    assert found["test"]["mean"] == pytest.approx(0.1, rel=1e-4)
    assert found["extrapolation"]["max"] == pytest.approx(0.1, rel=1e-4)
    assert len(found["test"]["per_run"]) == 4


def test_baselines_reach_what_is_linear(case: cases.Case) -> None:
    answers = {
        each.name: fitted.measure(each, case) for each in baselines.baselines(case, Settings())
    }
    assert set(answers) == {"projection_floor", "mean_run", "nearest_run", "pod_rbf", "pod_gpr"}
    assert answers["pod_gpr"]["test"]["mean"] < 0.02
    assert answers["pod_rbf"]["test"]["mean"] < 0.02
    assert answers["projection_floor"]["test"]["mean"] < 2e-3
    assert answers["mean_run"]["test"]["mean"] > 0.2


def test_baselines_also_learn_from_mirror_images(tiny: MakeTiny) -> None:
    problem = tiny(images=True)
    x, y = np.meshgrid([0.0, 1.0, 2.0], [0.0, 1.0])
    problem = problem._replace(coords=np.stack([x.ravel(), y.ravel()], axis=1))
    case = cases.case_of(problem, "plate", seed=0)
    settings = Settings.model_validate({"training": {"augmentation": {"flips": ("y",)}}})
    names = [each.name for each in baselines.baselines(case, settings)]
    assert names[-4:] == [
        "mean_run_mirrored",
        "nearest_run_mirrored",
        "pod_rbf_mirrored",
        "pod_gpr_mirrored",
    ]


def test_keys_follow_what_a_result_depends_on(case: cases.Case) -> None:
    ours, baselines = methods.METHODS["ours"], methods.METHODS["baselines"]
    plain, asked = (ours.settings((), sets, Path("none")) for sets in ((), ("model.width=9",)))
    assert ours.key(case, plain) == ours.key(case, plain)
    assert ours.key(case, plain) != ours.key(case, asked)
    assert baselines.key(case, plain) == baselines.key(case, asked)
    assert baselines.key(case, plain) != baselines.key(case._replace(source="new"), plain)
    assert baselines.settings((), ("model.width=9",), Path("none")) == plain
    assert methods.METHODS["none"].settings((), (), Path("none")).reduction.method == "none"


def test_finished_jobs_are_left_out(
    case: cases.Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def compare(asked: list[str]) -> None:
        results = Results(tmp_path, cases.PROBLEMS)
        run.run_case(case, ["ours", "baselines"], asked, results, Console(soft_wrap=True))

    brief = [f"training.{stage}.steps=3" for stage in ("vae", "conditioner", "end_to_end")]
    compare(brief)
    first = json.loads((tmp_path / "results.json").read_text())
    assert [record["method"] for record in first["records"]] == ["baselines", "ours"]
    assert first["records"][1]["settings"]["model"]["width"] == 8
    assert "SimulGenVAE" in (tmp_path / "results.md").read_text()
    capsys.readouterr()
    compare(brief)
    assert capsys.readouterr().out.count("finished before") == 2
    assert json.loads((tmp_path / "results.json").read_text()) == first
    compare([*brief[:2], "training.end_to_end.steps=4"])
    assert capsys.readouterr().out.count("finished before") == 1
    again = json.loads((tmp_path / "results.json").read_text())["records"]
    assert [record["method"] for record in again] == ["baselines", "ours"]
    assert again[1]["key"] != first["records"][1]["key"]
    assert again[0] == first["records"][0]


def test_results_of_another_format_are_refused(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text('{"format": 0, "records": []}')
    with pytest.raises(ValueError, match="not of format"):
        Results(tmp_path, cases.PROBLEMS)
