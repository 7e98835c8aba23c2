"""The comparison of suggested with random designs, on a small solver, and its spaces."""

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from benchmarks.accuracy import problem, spaces, suggest
from benchmarks.accuracy.results import Results
from simulgenvae.settings import Settings, StudyFolder, load_settings

COUNTS = {"start": 12, "add": 3, "test": 2}


@pytest.fixture
def brief() -> Settings:
    steps = [f"training.{stage}.steps=2" for stage in ("vae", "conditioner", "end_to_end")]
    return load_settings(
        StudyFolder(Path("none")),
        overrides=[*steps, "training.end_to_end.members=2", "model.width=8"],
    )


@pytest.mark.parametrize(
    ("name", "space"),
    [
        ("source", lambda: spaces.source_space(8)),
        ("impact", lambda: spaces.impact_space((4, 1, 1))),
        ("pulse", lambda: spaces.pulse_space(9)),
        ("steady", lambda: spaces.steady_space(4)),
    ],
)
def test_spaces_solve_the_suites_designs(name: str, space: Callable[[], spaces.Space]) -> None:
    found = space()
    table = found.sample(2, 0, problem.TRAIN_STREAM)
    fields = found.solve(table)
    assert fields.shape == (2, len(found.times), len(found.coords), len(found.variables))
    assert fields.dtype == np.float32
    assert (table >= found.lower).all()
    assert (table <= found.upper).all()
    sizes: dict[str, dict[str, Any]] = {
        "source": {"squares": 8},
        "impact": {"cells": (4, 1, 1)},
        "pulse": {"nodes": 9},
        "steady": {"squares": 4},
    }
    size = sizes[name]
    solver = importlib.import_module(f"benchmarks.accuracy.{name}")
    made = solver.make(2, 0, 0, **size)
    np.testing.assert_allclose(
        fields, made.fields, rtol=1e-5, atol=1e-6 * np.abs(made.fields).max()
    )
    np.testing.assert_array_equal(table, made.table)
    assert found.names == made.names
    assert set(spaces.SPACES) == {"source", "impact", "pulse", "steady"}


def test_a_repetition_measures_three_surrogates(brief: Settings) -> None:
    errors = suggest.repetition(spaces.pulse_space(9), 0, {"start": 6, "add": 2, "test": 2}, brief)
    assert list(errors) == ["before", "random", "suggested"]
    assert [len(found) for found in errors.values()] == [2, 2, 2]
    assert len({tuple(found) for found in errors.values()}) == 3
    assert all(0.0 < error < 10.0 for found in errors.values() for error in found)


def test_finished_repetitions_are_left_out(
    tmp_path: Path,
    brief: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    calls = []

    def repetition(
        space: spaces.Space,
        seed: int,
        counts: dict[str, int],
        settings: Settings,
    ) -> dict[str, list[float]]:
        calls.append((seed, counts["add"], settings.model.width))
        return {"before": [0.4], "random": [0.2], "suggested": [0.1]}

    monkeypatch.setitem(spaces.SPACES, "pulse", lambda: spaces.pulse_space(9))
    monkeypatch.setattr(suggest, "repetition", repetition)

    def compare(repeats: int, counts: dict[str, int]) -> list[dict[str, Any]]:
        results = Results(tmp_path, ["pulse"], "suggest", suggest.markdown)
        suggest.compare(["pulse"], repeats, counts, brief, results, Console(soft_wrap=True))
        return json.loads((tmp_path / "suggest.json").read_text())["records"]

    first = compare(1, COUNTS)
    assert compare(2, COUNTS)[0] == first[0]
    assert calls == [(0, 3, 8), (1, 3, 8)]
    assert capsys.readouterr().out.count("finished before") == 1
    assert "| pulse | 12 + 3 | 2 | 40 ± 0 |" in (tmp_path / "suggest.md").read_text()
    assert [record["counts"]["add"] for record in compare(1, COUNTS | {"add": 2})] == [2, 3]


def test_table_counts_what_is_won() -> None:
    errors = [(0.4, 0.2, 0.1), (0.4, 0.2, 0.3)]
    records = [
        {
            "problem": "source",
            "seed": k,
            "key": "a",
            "counts": COUNTS,
            "errors": dict(
                zip(("before", "random", "suggested"), ([e] for e in each), strict=True)
            ),
        }
        for k, each in enumerate(errors)
    ]
    assert (
        "| source | 12 + 3 | 2 | 40 ± 0 | 20 ± 0 | 20 ± 10 | 1 ± 0.5 | 1 of 2 |"
        in suggest.markdown(records)
    )
