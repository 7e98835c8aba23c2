"""Registries of formats: readers from outside of the package, and the tables of the docs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from simulgenvae.cli.main import main
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.readers import (
    ARRAY_FORMATS,
    RUN_FORMATS,
    ArrayFile,
    ArrayFormat,
    RunFormat,
    StoredArray,
    open_source,
    register_array_formats,
    register_run_formats,
)
from simulgenvae.data.readers.array_format import array_suffixes
from simulgenvae.data.readers.runs.run_format import run_format_of, run_suffixes
from simulgenvae.data.readers.runs.series import Series, Snapshot
from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh

DOCS = Path(__file__).parents[3] / "docs/data-formats.md"
NODES = np.array([[0.0], [1.0], [2.0]])


@pytest.fixture(autouse=True)
def registries() -> Iterator[None]:
    """Leave the registries as they were."""
    arrays = dict(ARRAY_FORMATS)
    runs = dict(RUN_FORMATS)
    yield
    ARRAY_FORMATS.clear()
    RUN_FORMATS.clear()
    register_array_formats(*arrays.values())
    register_run_formats(*runs.values())


def open_toy(path: Path) -> Series:
    """Open a run of a toy solver: a first line, then a line of temperatures for each timestep."""
    rows = np.loadtxt(path, skiprows=1, ndmin=2)

    def snapshot(step: int) -> Snapshot:
        return Snapshot(NODES, {"T": rows[step]}, {"T": "K"})

    return Series(path, np.arange(len(rows), dtype=np.float64), snapshot, lambda: Mesh(NODES))


def check_toy(path: Path) -> None:
    if "end" not in path.read_text():
        raise UserError(f"{path}: has no end: truncated")


TOY_RUN = RunFormat(
    name="ToySolver",
    open=open_toy,
    suffixes=(".toy",),
    first_bytes=(b"# a toy solver's results",),
    check=check_toy,
)


@contextmanager
def open_toy_array(path: Path) -> Iterator[ArrayFile]:
    values = np.loadtxt(path, skiprows=1).reshape(4, 2, 3)
    yield {"fields": StoredArray.of(values)}


TOY_ARRAY = ArrayFormat(
    name="toy array", open=open_toy_array, suffixes=(".toys",), first_bytes=(b"# toys",)
)


def write_toy_runs(folder: Path) -> Path:
    folder.mkdir()
    for run in range(4):
        lines = ["# a toy solver's results", f"{run} 1 2", f"3 4 {run}", "# end"]
        (folder / f"run{run}.toy").write_text("\n".join(lines))
    return folder


def write_table(path: Path) -> Path:
    path.write_text("id,a\n" + "".join(f"run{run},{run}.5\n" for run in range(4)))
    return path


def test_ingest_reads_a_run_format_from_outside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    register_run_formats(TOY_RUN)
    runs = write_toy_runs(tmp_path / "runs")
    table = write_table(tmp_path / "table.csv")
    assert main(["inspect", str(runs)]) == 0
    assert "4: 'run0', 'run1'" in capsys.readouterr().out
    study = tmp_path / "study"
    assert main(["ingest", str(runs), "--params", str(table), "--study", str(study)]) == 0
    data = Dataset.open(study / "input_data/dataset.zarr")
    assert data.ids == ("run0", "run1", "run2", "run3")
    assert (data.variables, data.units) == (("T",), ("K",))
    np.testing.assert_array_equal(data.run(2)[..., 0], [[2, 1, 2], [3, 4, 2]])


def test_a_run_format_checks_its_files(tmp_path: Path) -> None:
    register_run_formats(TOY_RUN)
    runs = write_toy_runs(tmp_path / "runs")
    (runs / "run1.toy").write_text("# a toy solver's results\n1 1 2\n")
    (runs / "run2.toy").write_text("something else")
    problems = open_source(runs).__enter__().problems
    assert "run1.toy: has no end: truncated" in problems[1]
    assert "run2.toy: named .toy, but its content is not that" in problems[2]


def test_a_missing_extra_is_named(tmp_path: Path) -> None:
    def open_with_library(path: Path) -> Series:
        raise ModuleNotFoundError("No module named 'toylib'", name="toylib")

    register_run_formats(
        RunFormat(name="T", open=open_with_library, suffixes=(".toy",), extra="toys")
    )
    problem = 'run0.toy: reading it needs toylib: python -m pip install "toys"'
    with pytest.raises(UserError, match=problem):
        open_source(write_toy_runs(tmp_path / "runs"))


def test_ingest_reads_an_array_format_from_outside(tmp_path: Path) -> None:
    register_array_formats(TOY_ARRAY)
    file = tmp_path / "fields.toys"
    file.write_text("# toys\n" + "\n".join(map(str, range(24))))
    table = write_table(tmp_path / "table.csv")
    study = tmp_path / "study"
    assert main(["ingest", str(file), "--params", str(table), "--study", str(study)]) == 0
    data = Dataset.open(study / "input_data/dataset.zarr")
    np.testing.assert_array_equal(data.run(1)[..., 0], [[6, 7, 8], [9, 10, 11]])
    file.write_bytes(b"\x93NUMPY")
    with pytest.raises(UserError, match=r"named like toy array, but its content is npy"):
        open_source(file)


def test_inspect_and_messages_list_formats_from_outside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    register_run_formats(TOY_RUN)
    register_array_formats(TOY_ARRAY)
    assert main(["inspect"]) == 0
    text = capsys.readouterr().out
    assert "ToySolver" in text
    assert ".toys" in text
    (tmp_path / "fields.dat").write_text("1")
    with pytest.raises(UserError, match=r"\.toys.*\.toy .*Zarr and OpenFOAM"):
        open_source(tmp_path / "fields.dat")


def test_a_later_format_takes_over_a_suffix() -> None:
    register_run_formats(RunFormat(name="mine", open=open_toy, suffixes=(".frd",)))
    found = run_format_of("a/b.FRD")
    assert found is not None
    assert found.name == "mine"


def _first_column(heading: str) -> str:
    section = DOCS.read_text().split(heading)[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("|")]
    return "\n".join(rows)


def test_the_docs_list_the_formats_of_arrays() -> None:
    table = _first_column("## Fields: what can be read")
    # NetCDF is in this table as well, since one file can hold all runs.
    assert set(re.findall(r"`(\.\w+)`", table)) - {".nc"} == {
        *array_suffixes(),
        *(name for name in ARRAY_FORMATS["Zarr"].markers if name.startswith(".")),
    }


def test_the_docs_list_the_formats_of_runs() -> None:
    table = _first_column("## Fields in a solver's own files")
    listed = set(re.findall(r"`(\.\w+|d3plot)`", table))
    assert listed == set(run_suffixes())
    for name, known in RUN_FORMATS.items():
        if known.is_case is not None:
            assert name in table
