"""A whole learning curve: files, words, and that finished points are not trained again."""

from __future__ import annotations

import json
import logging
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from simulgenvae.data.split import Split
from simulgenvae.design.learning_curve import learning_curve
from simulgenvae.design.learning_curve.curve import summarise
from simulgenvae.design.learning_curve.points import Point
from simulgenvae.design.learning_curve.presentation import curve_figure, curve_table, statements
from simulgenvae.design.learning_curve.result import LearningCurve
from simulgenvae.errors import UserError
from simulgenvae.settings import StudyFolder


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    return StudyFolder(tmp_path)


@pytest.fixture
def split(waves: Any) -> Split:
    return Split(waves.ids[:8], waves.ids[8:10], waves.ids[10:])


def seconds(study: StudyFolder) -> dict[tuple[int, int], float]:
    points = json.loads(study.learning_curve_file.read_text(encoding="utf-8"))["points"]
    return {(point["runs"], point["repeat"]): point["seconds"] for point in points}


def test_files_and_resuming(
    waves: Any,
    split: Split,
    study: StudyFolder,
    make_settings: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = learning_curve(waves, split, make_settings(steps=2), study, shares=(0.5, 1.0))
    assert found.measured_on == "test"
    assert found.methods["prediction"].runs == [4, 8]
    assert study.learning_curve_figure.read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in study.folder.iterdir()] == ["output"]
    first = seconds(study)

    caplog.set_level(logging.INFO)
    learning_curve(waves, split, make_settings(steps=2), study, shares=(1.0,), repeats=2)
    assert "[1 of 2] 8 training runs: finished before" in caplog.messages
    assert "[2 of 2] 8 training runs, repeat 2 ..." in caplog.messages
    again = seconds(study)
    assert again.keys() == {(4, 0), (8, 0), (8, 1)}
    assert first.items() <= again.items()

    learning_curve(waves, split, make_settings(steps=3), study, shares=(1.0,))
    assert "all points are trained again" in caplog.text
    assert seconds(study).keys() == {(8, 0)}


def test_validation_runs_are_measured_where_there_are_no_test_runs(
    waves: Any, split: Split, study: StudyFolder, make_settings: Any
) -> None:
    settings = make_settings(steps=1)
    found = learning_curve(
        waves, Split(split.train, split.validation, ()), settings, study, shares=(1.0,)
    )
    assert (found.measured_on, found.measured_runs) == ("validation", 2)
    assert found.methods["prediction"].law is None
    with pytest.raises(UserError, match="neither test nor validation"):
        learning_curve(waves, Split(split.train, (), ()), settings, study)


def points(law: Any, undefined: bool = False) -> list[Point]:
    """Return points whose surrogate errors follow a law.

    Errors of POD+GPR are 0, and nothing can be extrapolated from them.
    """
    found = []
    for runs in (12, 24, 36, 48):
        errors = [law(runs) * factor for factor in (0.8, 0.9, 1.0, 1.3)] + [None] * undefined
        perfect = [0.0] * len(errors)
        found.append(
            Point(
                runs=runs,
                repeat=0,
                seed=0,
                seconds=1.0,
                errors={"prediction": errors, "pod_gpr": perfect},
            )
        )
    return found


def said(found: LearningCurve) -> str:
    console = Console(file=StringIO(), width=200)
    console.print(curve_table(found))
    return console.file.getvalue() + "\n".join(statements(found))  # type: ignore[attr-defined]


def test_more_runs_and_the_runs_for_a_target() -> None:
    found = summarise(points(lambda n: 0.01 + 0.48 / n), "test", 48, 0.015)
    summary = found.methods["prediction"]
    np.testing.assert_allclose(summary.relative_l2, [0.05, 0.03, 0.02333, 0.02], rtol=1e-3)
    assert [entry.runs for entry in summary.expected] == [96, 192]
    np.testing.assert_allclose(
        [entry.relative_l2 for entry in summary.expected], [0.015, 0.0125], rtol=1e-3
    )
    assert summary.runs_for_target.value in {96, 97}
    text = said(found)
    assert "96 (expected)" in text
    assert "error ≈ 1.00 % + 48.0 % · n^-1.00" in text
    assert "1.50 % takes about 9" in text
    assert curve_figure(found).axes[0].get_ylabel().endswith("on 4 test runs [%]")
    json.dumps(found.model_dump(), allow_nan=False)


@pytest.mark.parametrize(
    ("law", "target", "text"),
    [
        (
            lambda n: 0.03 + 0.48 / n,
            0.01,
            "1.00 % cannot be extrapolated: the error seems to level off at 3.00 %",
        ),
        (lambda n: 1e-9 + n**-0.5, 0.01, "error ≈ 100 % · n^-0.50"),
        (
            lambda n: n**-0.5,
            0.01,
            "1.00 % cannot be extrapolated: it would take more than 4800 training runs",
        ),
        (lambda n: 1.0 / n, 0.04, "4.00 % takes about 25 training runs; there are 48"),
        (lambda n: 1.0 / n, 0.5, "50.0 % takes fewer than 12 training runs"),
        (lambda n: 1.0 / n, 0.5, "POD + GPR: nothing to extrapolate"),
    ],
)
def test_what_is_said_of_a_target(law: Any, target: float, text: str) -> None:
    found = summarise(points(law), "test", 48, target)
    assert text in said(found)
    json.dumps(found.model_dump(), allow_nan=False)
    curve_figure(found)


def test_runs_without_an_error_are_left_out_and_said_so() -> None:
    found = summarise(points(lambda n: 1.0 / n, undefined=True), "test", 48, None)
    assert found.methods["prediction"].relative_l2[-1] == pytest.approx(1.0 / 48)
    assert "1 of 5 runs have no relative error" in said(found)


def test_few_sizes_are_said_to_hide_a_floor() -> None:
    text = said(summarise(points(lambda n: 1.0 / n)[:2], "test", 48, None))
    assert "a = 0 was assumed" in text
    assert "as many points as parameters" in text
