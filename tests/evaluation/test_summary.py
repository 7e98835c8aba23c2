"""The table in the terminal shows what `metrics.json` holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console

from simulgenvae.evaluation import evaluate
from simulgenvae.evaluation.presentation import METHODS, percent
from simulgenvae.evaluation.summary import summary_table
from simulgenvae.settings import Study


def test_table_shows_every_method_and_the_ratio(dataset: Any, surrogate: Any, tmp_path: Path) -> None:
    metrics = evaluate(dataset, surrogate, Study(tmp_path), figures=False)
    metrics["notes"] = ["a [red]note"]
    console = Console(width=120)
    with console.capture() as captured:
        console.print(summary_table(metrics))
    text = captured.get()
    for name, title in METHODS.items():
        assert title in text
        assert percent(metrics["errors"][name]["test"]["relative_l2"]["max"]) in text
    assert f"{metrics['ratio_to_best_reference']:.2f} of the best reference's error" in text
    assert "a [red]note" in text
