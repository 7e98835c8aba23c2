"""The recipe with one part taken out at a time, on a tiny problem."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from benchmarks.accuracy import ablation, cases
from benchmarks.accuracy.problem import Problem
from benchmarks.accuracy.results import Results

MakeTiny = Callable[..., Problem]
BRIEF = [f"training.{stage}.steps=2" for stage in ("vae", "conditioner", "end_to_end")]


def test_every_part_is_measured_once(
    tiny: MakeTiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = cases.case_of(tiny(), "burgers", seed=0)

    def ablate() -> list[dict[str, Any]]:
        results = Results(tmp_path, cases.PROBLEMS, "ablation", ablation.markdown)
        ablation.ablate(case, [*BRIEF, "model.width=8"], results, Console(soft_wrap=True))
        return json.loads((tmp_path / "ablation.json").read_text())["records"]

    records = ablate()
    errors = {name: found for record in records for name, found in record["errors"].items()}
    single = {"one network", *ablation.TRAININGS}
    together = {"Gaussian processes", "all of it"}
    assert single | together <= set(errors)
    of_kinds = set(errors) - single - together
    assert {name.split(" (")[0] for name in of_kinds} >= {
        "networks with the decoder modulated",
        "all networks",
    }
    assert all(len(found) == len(case.rows["test"]) for found in errors.values())
    assert len({tuple(errors[name]) for name in single}) == len(single)
    assert [record["settings"]["training"]["end_to_end"]["members"] for record in records].count(
        1
    ) == len(ablation.TRAININGS)
    text = (tmp_path / "ablation.md").read_text()
    assert text.count("| one network | ") == 2
    assert "| AdamW instead of Muon | " in text
    capsys.readouterr()
    assert ablate() == records
    assert capsys.readouterr().out.count("finished before") == 1 + len(ablation.TRAININGS)


def test_tables_are_means_over_runs_and_seeds() -> None:
    records = [
        {
            "problem": "burgers",
            "seed": seed,
            "method": ablation.WHOLE,
            "errors": {"one network": [0.1, error]},
        }
        for seed, error in ((0, 0.3), (1, 0.5))
    ]
    assert "| one network | 25 |" in ablation.markdown(records)
    assert "seeds 0, 1." in ablation.markdown(records)
