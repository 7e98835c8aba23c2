"""Promises of SECURITY.md that need files made for an attack, and are of several packages."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

from simulgenvae.cli.guard import guarded
from simulgenvae.data.condition_files import read_condition_files
from simulgenvae.data.readers import open_source
from simulgenvae.data.store.integrity import read_metadata
from simulgenvae.errors import UserError
from simulgenvae.evaluation.results import EvaluationResult
from simulgenvae.utils.atomic import atomic_write, atomic_write_together
from simulgenvae.utils.lock import only_one
from simulgenvae.utils.log_file import LogFile

ROOT = Path(__file__).parents[1]


def test_each_promise_names_its_code_and_its_tests() -> None:
    lines = (ROOT / "SECURITY.md").read_text(encoding="utf-8").splitlines()
    rows = [line.split("|")[1:-1] for line in lines if line.startswith("| ")][1:]
    assert len(rows) >= 14
    for threat, _, code, tests in rows:
        for folder, names in (("src/simulgenvae", code), ("tests", tests)):
            found = re.findall(r"`([^`]+)`", names)
            assert found, threat
            missing = [name for name in found if not (ROOT / folder / name).exists()]
            assert not missing, (threat, missing)


def _laughs() -> str:
    """Return declarations of entities whose last one, ``&j;``, has a hundred billion signs."""
    first = f'<!ENTITY a "{"ha" * 50}">'
    others = [f'<!ENTITY {chr(98 + k)} "{f"&{chr(97 + k)};" * 10}">' for k in range(9)]
    return f"<!DOCTYPE bomb [{first}{''.join(others)}]>"


FILE = '<!DOCTYPE bomb [<!ENTITY j SYSTEM "file:///etc/hostname">]>'
VTK = '<VTKFile type="{}" version="1.0"><X name="&j;">&j;</X></VTKFile>'
XML = {
    "a.vtu": VTK.format("UnstructuredGrid"),
    "a.vti": VTK.format("ImageData"),
    "a.vtm": VTK.format("vtkMultiBlockDataSet"),
    "a.pvd": VTK.format("Collection"),
    "a.xdmf": "<Xdmf><Domain><Grid>&j;</Grid></Domain></Xdmf>",
}


@pytest.mark.parametrize("name", XML)
@pytest.mark.parametrize("declared", [_laughs(), FILE])
def test_entities_of_xml_are_refused(tmp_path: Path, name: str, declared: str) -> None:
    run = tmp_path / "runs/run_0"
    run.mkdir(parents=True)
    (run / name).write_text(f'<?xml version="1.0"?>{declared}{XML[name]}')
    with pytest.raises(UserError, match="entit"), open_source(run.parent):
        pass


def test_entities_of_a_workbook_are_refused(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["id", "a"])
    plain = io.BytesIO()
    book.save(plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as new:
        for name in old.namelist():
            text = old.read(name).decode()
            if name.endswith("sheet1.xml"):
                text = text.replace("<worksheet", _laughs() + "<worksheet", 1)
                text = text.replace("<sheetData>", "<sheetData><row><c><v>&j;</v></c></row>")
            new.writestr(name, text)
    with pytest.raises(UserError, match=r"a\.xlsx: cannot be read as an Excel workbook"):
        read_condition_files(tmp_path / "a.xlsx")


def test_an_archive_that_says_less_than_it_holds_is_refused(tmp_path: Path) -> None:
    array = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        array, {"descr": "<f8", "fortran_order": False, "shape": (2, 2, 2)}
    )
    content = array.getvalue() + bytes(20_000_000)
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", content)
    assert (tmp_path / "a.npz").stat().st_size < 100_000
    with pytest.raises(UserError, match=r"a\.npz"), open_source(tmp_path / "a.npz") as source:
        source.run(0)


NESTED = "[" * 100_000 + "]" * 100_000
DIGITS = '{"format": ' + "1" * 10_000 + "}"


@pytest.mark.parametrize("text", [NESTED, f'{{"format": {NESTED}}}', DIGITS])
def test_json_without_end_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "metrics.json").write_text(text)
    with pytest.raises(UserError, match=r"metrics\.json does not hold the result"):
        EvaluationResult.read(tmp_path / "metrics.json")
    (tmp_path / "zarr.json").write_text(text)
    with pytest.raises(UserError, match=r"zarr\.json: damaged"):
        read_metadata(tmp_path, "group")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("," * 200_000 + "\n" + "1," * 200_000 + "\n", "a row has 200,001 columns"),
        ("id,a\nx," + "1" * 5_000_000 + "\ny,2\n", "line 2: field larger than"),
        ("id," + "n" * 10_000 + "\nx,1\ny,2\n", "at most 200 characters"),
        ("id,a\x1b[2J\nx,1\ny,2\n", r"a\\x1b\[2J' must be printable"),
        ("id,a\n../../x,1\ny,2\n", "must not contain '/'"),
    ],
)
def test_tables_without_end_and_names_that_lead_elsewhere(
    tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(UserError, match=told):
        read_condition_files(tmp_path / "a.csv")


def test_links_in_a_study_are_not_followed_when_files_are_written(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    study = tmp_path / "study"
    study.mkdir()
    for name in ("training.log", "metrics.json", ".last.safetensors.writing", ".lock"):
        (study / name).symlink_to(outside)
    for append in (False, True):
        with LogFile(study / "training.log", "training", append=append) as log:
            log.line("a line")
    with atomic_write(study / "metrics.json") as temporary:
        temporary.write_text("{}")
    with atomic_write_together(study / "last.safetensors") as (temporary,):
        temporary.write_text("weights")
    with (
        pytest.raises(UserError, match="cannot be written"),
        only_one(study / ".lock", "train", subject="study", advice=""),
    ):
        pass
    assert outside.read_text() == "mine"
    assert (study / "last.safetensors").read_text() == "weights"


def test_messages_steer_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    def command(_: Any) -> None:
        raise UserError("run \x1b[2J\x07\x9b31m is bad\nsecond line")

    assert guarded(command) == 2
    assert capsys.readouterr().err == r"error: run \x1b[2J\x07\x9b31m is bad" + "\nsecond line\n"
