"""The command and its tables."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.accuracy.contents import GEOMETRY, module_files
from benchmarks.geometry import cases, run
from benchmarks.geometry.case import GeometryCase
from benchmarks.geometry.cases import GEOMETRY_PROBLEMS, GeometryProblem
from benchmarks.geometry.table import markdown

Make = Callable[..., GeometryCase]


def record(method: str, error: float, problem: str = "plates", seed: int = 0) -> dict[str, Any]:
    return {"problem": problem, "seed": seed, "method": method, "test": {"mean": error}}


def test_ratio_is_to_the_best_method_but_the_floor() -> None:
    records = [
        record("ours", 0.1),
        record("grid_gpr", 0.4),
        record("nearest", 0.25),
        record("grid_floor", 0.01),
        record("ours", 0.2, "bracket"),
        record("grid_gpr", 0.2, "bracket"),
        {"problem": "plates", "seed": 0, "method": "mmgp", "left_out": "holes"},
    ]
    text = markdown(records)
    assert "| `plates` | 10 % | – | 40 % | 25 % | 1 % | 0.400 |" in text
    assert "| `bracket` | 20 % | – | 20 % | – | – | 1.000 |" in text
    assert "method: 0.632" in text
    assert "- `plates`, MMGP: holes" in text


def test_runs_are_solved_once(ovals: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seeds: list[int] = []

    def make(seed: int) -> GeometryCase:
        seeds.append(seed)
        return ovals(3, 1)

    monkeypatch.setitem(GEOMETRY_PROBLEMS, "counted", GeometryProblem("plates", make))
    for seed in (0, 0, 1, 1):
        case = cases.load_case("counted", seed, tmp_path)
    assert seeds == [0, 1]
    assert len(case.source) == 64


def test_hash_follows_the_imports_of_a_problem() -> None:
    found = {file.name for file in module_files("plates", GEOMETRY)}
    assert found == {"plates.py", "case.py", "meshing.py", "problem.py"}
    assert all((GEOMETRY / f"{each.module}.py").exists() for each in GEOMETRY_PROBLEMS.values())


def test_command_writes_results_and_leaves_out_finished_jobs(
    ovals: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    case = replace(ovals(8, 2), source="abc")
    monkeypatch.setattr(run, "load_case", lambda name, seed: case)
    arguments = ["run", "bracket", "--methods", "nearest,grid_floor", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", arguments)
    run.main()
    assert "finished before" not in capsys.readouterr().out
    records = json.loads((tmp_path / "geometry.json").read_text())["records"]
    assert [each["method"] for each in records] == ["grid_floor", "nearest"]
    assert len(records[0]["test"]["per_run"]) == 2
    assert "`bracket`" in (tmp_path / "geometry.md").read_text()
    run.main()
    assert capsys.readouterr().out.count("finished before") == 2
    monkeypatch.setattr(sys, "argv", [*arguments, "--without-shape"])
    run.main()
    assert "`bracket_without_shape`" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["nothing"], ["plates", "--methods", "magic"]])
def test_unknown_names_are_refused(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["run", *arguments])
    with pytest.raises(SystemExit):
        run.main()
    assert f"unknown: {arguments[-1]}; there are" in capsys.readouterr().err
