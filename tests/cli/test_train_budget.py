"""`simulgenvae train --budget` and `--join` on a study, and what they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

WRITTEN = {  # so that there is nothing to search
    "model.latent_dim": 4,
    "model.width": 32,
    "training.end_to_end.learning_rate": 0.004,
    "training.end_to_end.members": 1,
    "training.end_to_end.second_decoder": "none",
    "training.end_to_end.steps": 2,
    "training.end_to_end.weight_decay": 0.01,
}


def test_a_budget_trains_and_resuming_changes_nothing(cli: Any, ingested: Path, tree: Any) -> None:
    written = [part for key, value in WRITTEN.items() for part in ("--set", f"{key}={value}")]
    done = cli("train", ingested, "--budget", "10m", *written)
    assert done.code == 0, done.err
    assert "Next: simulgenvae evaluate" in done.out
    before = tree(ingested / "model_save")
    # A search that has ended is not made again.
    events = (ingested / "checkpoints/search.jsonl").read_bytes()
    done = cli("train", ingested, "--resume", *written)
    assert done.code == 0, done.err
    assert (ingested / "checkpoints/search.jsonl").read_bytes() == events
    assert tree(ingested / "model_save") == before
    done = cli("train", ingested, "--join", *written)
    assert done.code == 0, done.err
    assert "Trainings that were made here: 0" in done.out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--budget", "30"), "--budget 30: this is no time"),
        (("--budget", "soon"), "--budget soon: this is no time"),
        (("--budget", "0s"), "--budget is 0s: give a time from 1 second"),
        (("--budget", "1h", "--stage", "vae"), "--budget searches settings"),
        (
            ("--budget", "1h", "--set", "training.end_to_end.from_scratch=false"),
            "--budget searches settings",
        ),
        (("--join",), "--join: no search is going on"),
        (("--join", "--budget", "1h"), "--join only helps with a search"),
        (("--join", "--resume"), "--join only helps with a search"),
    ],
)
def test_refused(
    assert_refused: Any, ingested: Path, tree: Any, arguments: tuple[str, ...], text: str
) -> None:
    before = tree(ingested)
    assert_refused((["train", ingested, *arguments], (text,)))
    assert tree(ingested) == before
