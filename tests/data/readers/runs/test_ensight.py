"""EnSight Gold cases, written by VTK's own writer (binary), and one in text."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from vtkmodules.vtkIOParallel import vtkEnSightWriter

from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.series import RunPart
from simulgenvae.errors import UserError

TEXT = {
    "run.case": "FORMAT\ntype: ensight gold\nGEOMETRY\nmodel: run.geo\nVARIABLE\n"
    "scalar per node: 1 p run.p**\nTIME\ntime set: 1\nnumber of steps: 2\nfilename start number: "
    "0\nfilename increment: 1\ntime values: 0.5\n2.5\n",
    "run.geo": "of a test\n-\nnode id off\nelement id off\npart\n1\nplate\ncoordinates\n4\n"
    "0\n1\n1\n0\n0\n0\n1\n1\n0\n0\n0\n0\nquad4\n1\n1 2 3 4\n",
    "run.p00": "p\npart\n1\ncoordinates\n1\n2\n3\n4\n",
    "run.p01": "p\npart\n1\ncoordinates\n5\n6\n7\n8\n",
}


@pytest.fixture
def case(tmp_path: Path, box: SimpleNamespace) -> Path:
    writer = vtkEnSightWriter()
    writer.SetPath(str(tmp_path))
    writer.SetBaseName("run")
    for step, time in enumerate(box.times):
        block = box.block(2.0, time)
        block.cell_data["BlockId"] = np.ones(block.n_cells, np.int32)  # the writer's parts
        block.cell_data.active_scalars_name = "BlockId"
        writer.SetTimeStep(step)
        writer.SetInputData(block)
        writer.Write()
    writer.WriteCaseFile(len(box.times))
    file = tmp_path / "run.0.case"
    file.write_text(
        file.read_text().replace("0.000000 1.000000 2.000000", " ".join(map(str, box.times)))
    )
    return file


def test_all_times_of_a_binary_case(case: Path, box: SimpleNamespace) -> None:
    source = open_runs(case)
    assert source.companions["variables"].tolist() == ["T_n", "U_n_x", "U_n_y", "U_n_z", "rho_c"]
    np.testing.assert_array_equal(source.companions["times"], box.times)
    for step, time in enumerate(box.times):
        np.testing.assert_allclose(
            source.run(0)[step], box.expected(2.0, time), rtol=1e-6, atol=1e-7
        )
    box.assert_mesh(source)


def test_a_folder_with_a_case_in_text(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    for name, text in TEXT.items():
        (tmp_path / "run" / name).write_text(text)
    source = open_runs(tmp_path)
    assert source.companions["ids"].tolist() == ["run"]
    np.testing.assert_array_equal(source.companions["times"], [0.5, 2.5])
    np.testing.assert_array_equal(source.run(0)[..., 0], [[1, 2, 3, 4], [5, 6, 7, 8]])


@pytest.mark.parametrize(
    "name",
    ["run.0.case", "run.0.00000.geo", "run.0.00000_n.T", "run.0.00001_n.U", "run.0.00002_c.rho"],
)
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_truncated_case_is_named(case: Path, name: str, kept: float) -> None:
    file = case.with_name(name)
    file.write_bytes(file.read_bytes()[: int(kept * file.stat().st_size)])
    with pytest.raises(UserError, match=r"run\.0\.case"):
        open_runs(case).run(0)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("run.0.00000.geo", "../secret.geo"),
        ("run.0.00000.geo", "/etc/passwd"),
        ("run.0.*****_n.T", "../secret/T.*****"),
        ("run.0.*****_n.T", "..\\secret\\T.*****"),
        ("run.0.*****_n.T", 'sub".."/../../T.*****'),
    ],
)
def test_files_outside_are_not_read(case: Path, old: str, new: str) -> None:
    case.write_text(case.read_text().replace(old, new))
    with pytest.raises(UserError, match="outside of its folder"):
        open_runs(case)


def test_links_to_the_outside_are_not_read(
    case: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = tmp_path_factory.mktemp("secret") / "T"
    step = case.with_name("run.0.00001_n.T")
    step.rename(secret)
    step.symlink_to(secret)
    with pytest.raises(UserError, match="outside of its folder"):
        open_runs(case)


@pytest.mark.parametrize("until", ["VARI", "per node", "TIME", "time values:"])
def test_a_case_that_breaks_off_is_named(case: Path, until: str) -> None:
    text = case.read_text()
    case.write_text(text[: text.index(until) + len(until)])
    with pytest.raises(UserError, match=r"run\.0\.case"):
        open_runs(case)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("type: ensight gold\nGEOMETRY\nmodel: run.geo", "model: run.geo\nGEOMETRY\ntype: ensight gold", "'model: run.geo' is in the section FORMAT"),
        ("TIME\n", "", "'time set: 1' is in the section VARIABLE"),
        ("VARIABLE\n", "", r"'scalar per node: 1 p run.p\*\*' is in the section GEOMETRY"),
        ("increment: 1", "increment: 1,5", "'filename increment: 1,5' has no whole number"),
    ],
)  # fmt: skip
def test_lines_in_another_section_are_named(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in TEXT["run.case"]
    with pytest.raises(UserError, match=told):
        open_runs(_text_case(tmp_path / "run", TEXT["run.case"].replace(old, new)))


@pytest.mark.parametrize("lost", [2, 13, 20, 60])
def test_truncated_text_is_named(tmp_path: Path, lost: int) -> None:
    long = "".join(f"{value:12.5e}\n" for value in (1, 2, 3, 4))
    whole = f"p\npart\n         1\ncoordinates\n{long}"
    values = {"run_p00": whole, "run_p01": whole}
    source = open_runs(_text_case(tmp_path / "whole", TEXT["run.case"], **values))
    np.testing.assert_array_equal(source.run(0)[..., 0], [[1, 2, 3, 4], [1, 2, 3, 4]])
    values["run_p01"] = whole[:-lost]
    path = _text_case(tmp_path / "cut", TEXT["run.case"], **values)
    with pytest.raises(UserError, match=r"run\.p01 is truncated or damaged"):
        open_runs(path)


def test_values_that_are_no_numbers_are_counted(tmp_path: Path) -> None:
    path = _text_case(
        tmp_path / "run", TEXT["run.case"], run_p01="p\npart\n1\ncoordinates\nnan\n6\n7\n8\n"
    )
    np.testing.assert_array_equal(open_runs(path).run(0)[1, :, 0], [np.nan, 6, 7, 8])


def test_rigid_bodies_are_not_read(case: Path) -> None:
    case.write_text(case.read_text().replace("VARIABLE", "rigid_body: run.erb\nVARIABLE"))
    with pytest.raises(UserError, match="rigid_body"):
        open_runs(case)


def _text_case(folder: Path, case: str, **values: str) -> Path:
    folder.mkdir()
    files = {**TEXT, "run.case": case, **{key.replace("_", "."): v for key, v in values.items()}}
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder / "run.case"


def _values(*parts: tuple[int, str]) -> str:
    return "p\n" + "".join(f"part\n{part}\ncoordinates\n{text}\n" for part, text in parts)


def test_names_in_quotes_are_read(tmp_path: Path) -> None:
    quoted = TEXT["run.case"].replace("run.geo", '"run.geo"').replace("p run.p**", '"p" "run.p**"')
    source = open_runs(_text_case(tmp_path / "run", quoted))
    assert source.companions["variables"].tolist() == ["p"]
    np.testing.assert_array_equal(source.run(0)[..., 0], [[1, 2, 3, 4], [5, 6, 7, 8]])


def test_names_with_blanks_are_read(tmp_path: Path) -> None:
    case = TEXT["run.case"].replace("1 p run.p**", '1 "Static Pressure" "my run.p**"')
    case = case.replace("model: run.geo", 'model: "my run.geo"')
    path = _text_case(tmp_path / "run", case)
    for name in ("run.geo", "run.p00", "run.p01"):
        path.with_name(name).rename(path.with_name(f"my {name}"))
    source = open_runs(path)
    assert source.companions["variables"].tolist() == ["Static Pressure"]
    np.testing.assert_array_equal(source.companions["times"], [0.5, 2.5])
    np.testing.assert_array_equal(source.run(0)[..., 0], [[1, 2, 3, 4], [5, 6, 7, 8]])
    (tmp_path / "secret").write_text(TEXT["run.p01"])
    path.with_name("my run.p01").unlink()
    path.with_name("my run.p01").symlink_to(tmp_path / "secret")
    with pytest.raises(UserError, match=r"out of its folder|outside of its folder"):
        open_runs(path)


def test_a_variable_with_fewer_times_is_not_repeated(tmp_path: Path) -> None:
    case = TEXT["run.case"].replace("TIME", "scalar per node: 2 s run.s**\nTIME") + (
        "time set: 2\nnumber of steps: 2\nfilename start number: 0\nfilename increment: 1\n"
        "time values: 0.5 1.5\n"
    )
    ones = _values((1, "1\n1\n1\n1"))
    path = _text_case(tmp_path / "run", case, run_s00=ones, run_s01=ones)
    with pytest.raises(
        UserError, match=r"p: at time 0\.5 and 2\.5, not at 1\.5: left out; s: at time 0\.5 and 1"
    ):
        open_runs(path)
    source = open_runs(path, RunPart(every=2))
    assert source.companions["variables"].tolist() == ["p"]
    np.testing.assert_array_equal(source.run(0)[..., 0], [[1, 2, 3, 4], [5, 6, 7, 8]])
    assert list(source.remarks()) == ["s: at time 0.5, not at 2.5: left out"]


def test_variables_of_some_parts(tmp_path: Path) -> None:
    second = (
        "part\n2\nsolid\ncoordinates\n4\n2\n3\n3\n2\n0\n0\n1\n1\n0\n0\n0\n0\nquad4\n1\n1 2 3 4\n"
    )
    case = TEXT["run.case"].replace("TIME", "scalar per node: 1 T run.T**\nTIME")
    both = _values((1, "1\n2\n3\n4"), (2, "5\n6\n7\n8"))
    path = _text_case(
        tmp_path / "run", case, run_geo=TEXT["run.geo"] + second, run_T00=both, run_T01=both
    )
    source = open_runs(path)
    assert source.companions["variables"].tolist() == ["T"]
    np.testing.assert_array_equal(source.run(0)[0, :, 0], np.arange(1, 9))
    assert list(source.remarks()) == ["p: on the blocks 'plate' only, not on 'solid': left out"]
