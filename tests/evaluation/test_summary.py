"""The table in the terminal shows what `metrics.json` holds."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from simulgenvae.evaluation.presentation import METHODS, percent
from simulgenvae.evaluation.summary import summary_table
from simulgenvae.settings import Study


def test_table_shows_every_method_and_the_ratio(evaluated: tuple[dict[str, Any], Study]) -> None:
    metrics = evaluated[0] | {"notes": ["a [red]note"]}
    console = Console(width=120)
    with console.capture() as captured:
        console.print(summary_table(metrics))
    text = captured.get()
    for name, title in METHODS.items():
        assert title in text
        assert percent(metrics["errors"][name]["test"]["relative_l2"]["max"]) in text
    assert f"{metrics['ratio_to_best_reference']:.2f} of the best reference's error" in text
    assert f"{percent(metrics['uncertainty']['test']['coverage'])} of the values are inside their 90 % interval" in text
    assert "a [red]note" in text
