"""A short part of the campaign against damaged inputs, always with the same mutations."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.robustness.fuzz import fuzz, mutated, outcome
from benchmarks.robustness.inputs import INPUTS, Input
from benchmarks.robustness.mutations import mutate
from simulgenvae.errors import UserError


@pytest.mark.parametrize("kind", INPUTS)
def test_inputs_are_read_and_mutated_ones_are_read_or_refused(kind: str, tmp_path: Path) -> None:
    valid = tmp_path / "valid"
    valid.mkdir()
    INPUTS[kind].write(valid)
    assert outcome(kind, valid) == "read"
    for number in range(4):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        mutated(kind, number, 0, folder)
        assert outcome(kind, folder) in {"read", "refused"}


@pytest.mark.parametrize(
    ("kind", "number", "seed"),
    [
        ("npy", 10, 0),
        ("vtk", 35, 0),
        ("vtk", 38, 0),
        ("vtp", 7, 0),
        ("node csv", 18, 0),
        ("node csv", 346, 1),
        ("mat", 267, 1),
        ("zarr", 40, 1),
        ("zarr", 198, 1),
    ],
)
def test_inputs_that_were_faults_are_refused(
    kind: str, number: int, seed: int, tmp_path: Path
) -> None:
    mutated(kind, number, seed, tmp_path)
    assert outcome(kind, tmp_path) == "refused"


def test_a_mutation_changes_bytes_and_is_the_same_again() -> None:
    content = b"1 2 3\n4 5 6\n7 8 9\n"
    found = [mutate(content, random.Random(number)) for number in range(50)]
    assert content not in found
    assert found == [mutate(content, random.Random(number)) for number in range(50)]
    assert mutate(b"", random.Random(0)) == b"\0"


def test_faults_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(error: Exception) -> Input:
        def read(_: Path) -> None:
            raise error

        return Input(lambda folder: None, read)

    monkeypatch.setitem(INPUTS, "refused", failing(UserError("a reason")))
    monkeypatch.setitem(INPUTS, "silent", failing(UserError("")))
    monkeypatch.setitem(INPUTS, "fault", failing(ZeroDivisionError("by zero")))
    monkeypatch.setitem(INPUTS, "writes", Input(Path.touch, lambda folder: (folder / "x").touch()))
    assert outcome("refused", tmp_path) == "refused"
    assert outcome("silent", tmp_path) == "refused without a message"
    assert outcome("fault", tmp_path).startswith("ZeroDivisionError in test_fuzz.py")
    assert outcome("writes", tmp_path) == "wrote ['x']"


def test_the_campaign_reads_in_a_process_of_its_own() -> None:
    found = fuzz("condition.txt, preset.txt", 3, 0)
    assert [each.number for each in found] == [0, 1, 2]
    assert {each.what for each in found} <= {"read", "refused"}
