"""The file of a learning curve: points come back, and damaged files are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simulgenvae.design.learning_curve.points import Point
from simulgenvae.design.learning_curve.result import LearningCurve
from simulgenvae.design.learning_curve.store import Basis, read_points, write
from simulgenvae.errors import UserError

BASIS = Basis(
    data_fingerprint="abc",
    training_runs=["r3", "r4", "r5"],
    validation_runs=[],
    measured_runs=["r1", "r2"],
    settings={"training": {"seed": 0}},
    version="1.0",
)
POINT = Point(
    runs=4, repeat=0, seed=0, seconds=1.5, errors={"prediction": [0.1, None], "pod_gpr": [0.2, 0.3]}
)


CURVE = LearningCurve(measured_on="test", measured_runs=2, training_runs=8, target=None, methods={})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "output/learning_curve.json"
    write(path, BASIS, [POINT], CURVE)
    return path


def test_points_come_back(file: Path) -> None:
    assert read_points(file, BASIS) == ([POINT], False)
    assert json.loads(file.read_text())["target"] is None


def test_no_file_has_no_points(tmp_path: Path) -> None:
    assert read_points(tmp_path / "learning_curve.json", BASIS) == ([], False)


def test_points_of_other_settings_are_outdated(file: Path) -> None:
    assert read_points(file, BASIS.model_copy(update={"settings": {"training": {"seed": 1}}})) == (
        [],
        True,
    )


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda content: [], "not of format 1"),
        (lambda content: content | {"format": 2}, "not of format 1"),
        (lambda content: content | {"points": [{"runs": 4}]}, "malformed"),
        (
            lambda content: content | {"points": [POINT.model_dump() | {"runs": "many"}]},
            "malformed",
        ),
        (
            lambda content: content | {"points": [POINT.model_dump() | {"seconds": float("nan")}]},
            "malformed",
        ),
        (
            lambda content: (
                content | {"points": [POINT.model_dump() | {"errors": {"pod_gpr": [1, 2]}}]}
            ),
            "2 errors",
        ),
    ],
)
def test_a_file_that_is_no_curve_is_refused_and_kept(file: Path, change: Any, text: str) -> None:
    file.write_text(json.dumps(change(json.loads(file.read_text()))))
    before = file.read_bytes()
    with pytest.raises(UserError, match=text):
        read_points(file, BASIS)
    assert file.read_bytes() == before


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_damaged_file_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(UserError, match="remove it"):
        read_points(file, BASIS)
