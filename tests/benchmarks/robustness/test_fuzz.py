"""A short part of the campaign against damaged inputs, always with the same mutations."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.robustness.fuzz import Mutated, fuzz, outcome
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
        Mutated(kind, number, content=number % 2 == 1).write(folder)
        assert outcome(kind, folder) in {"read", "refused"}


@pytest.mark.parametrize(
    "mutated",
    [
        Mutated("npy", 10, 0),
        Mutated("vtk", 35, 0),
        Mutated("vtk", 38, 0),
        Mutated("vtp", 7, 0),
        Mutated("node csv", 18, 0),
        Mutated("node csv", 346, 1),
        Mutated("mat", 267, 1),
        Mutated("zarr", 40, 1),
        Mutated("zarr", 198, 1),
        Mutated("zarr", 11, 5, content=True),
        Mutated("netcdf-4", 5, 5, content=True),
        Mutated("netcdf-3", 97, 5, content=True),
        Mutated("the_well", 189, 5, content=True),
        Mutated("ensight text", 147, 5, content=True),
        Mutated("d3plot", 55, 5, content=True),
        Mutated("openfoam text", 78, 5),
    ],
    ids=str,
)
def test_inputs_that_were_faults_are_refused(mutated: Mutated, tmp_path: Path) -> None:
    mutated.write(tmp_path)
    assert outcome(mutated.kind, tmp_path) == "refused"


def test_other_content_is_the_same_again(tmp_path: Path) -> None:
    for kind in ("hdf5", "xdmf text", "metrics.json", "checkpoint", "exodus"):
        written = []
        for again in range(2):
            folder = tmp_path / f"{kind} {again}"
            folder.mkdir()
            Mutated(kind, 3, content=True).write(folder)
            written.append([file.read_bytes() for file in sorted(folder.iterdir())])
        assert written[0] == written[1]


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
    inputs = [Mutated("condition.txt, preset.txt", number) for number in range(3)]
    found = list(fuzz(inputs))
    assert len(found) == 3
    assert set(found) <= {"read", "refused"}
