"""`simulgenvae learning-curve` on a study, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


def test_a_curve_is_drawn_and_the_model_stays(cli: Any, trained: Path, tree: Any) -> None:
    before = tree(trained)
    done = cli(
        "learning-curve",
        trained,
        "--fractions",
        "1/2",
        1,
        "--target",
        0.02,
        "--set",
        "training.vae.steps=2",
    )
    assert done.code == 0, done.err
    for text in (
        "training runs",
        "POD + GPR",
        "16 (expected)",
        "32 (expected)",
        "2.00 %",
        "learning_curve.png",
    ):
        assert text in done.out
    left = tree(trained)
    assert before.items() <= left.items()
    assert left.keys() - before.keys() == {
        "output/learning_curve.json",
        "output/learning_curve.png",
    }
    assert json.loads((trained / "output/learning_curve.json").read_text())["target"] == 0.02


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--fractions", "0"), "--fractions"),
        (("--fractions", "1/0"), "--fractions"),
        (("--fractions", "1.5"), "--fractions"),
        (("--fractions", "half"), "--fractions"),
        (("--fractions", "0.1"), "fewer than 2"),
        (("--repeats", "0"), "--repeats"),
        (("--seed", "-1"), "--seed"),
        (("--target", "nan"), "--target"),
        (("--target", "2"), "--target"),
        (("--set", "training.vae.stps=2"), "stps"),
    ],
)
def test_refused(
    assert_refused: Any, ingested: Path, arguments: tuple[str, ...], text: str
) -> None:
    assert_refused((("learning-curve", ingested, *arguments), (text,)))


def test_a_file_of_something_else_is_refused(assert_refused: Any, ingested: Path) -> None:
    (ingested / "output").mkdir(exist_ok=True)
    (ingested / "output/learning_curve.json").write_text("{}")
    assert_refused((("learning-curve", ingested), ("learning_curve.json", "remove it")))
