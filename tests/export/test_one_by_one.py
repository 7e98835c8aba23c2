"""Formats with one design a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import pytest

from simulgenvae.errors import UserError
from simulgenvae.export import check_target, write_prediction, written_place
from simulgenvae.export.write import many_files_note

SUFFIXES = pytest.mark.parametrize("suffix", [".vtkhdf", ".xdmf", ".pvd"])


@SUFFIXES
def test_several_designs_are_a_folder_of_files(
    tmp_path: Path, mesh: Any, prediction: Any, suffix: str
) -> None:
    write_prediction(prediction, mesh, tmp_path / f"new{suffix}")
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert sorted(path.name for path in (tmp_path / "new").glob(f"*{suffix}")) == [
        f"a{suffix}",
        f"b{suffix}",
    ]
    assert written_place(tmp_path / f"new{suffix}", 2) == tmp_path / "new"
    write_prediction(prediction.isel(run=[0]), mesh, tmp_path / f"new{suffix}")
    write_prediction(prediction, mesh, tmp_path / f"d_{{id}}{suffix}")
    found = sorted(path.name for path in tmp_path.iterdir() if path.suffix == suffix)
    assert found == [f"d_a{suffix}", f"d_b{suffix}", f"new{suffix}"]


@SUFFIXES
def test_nothing_is_replaced_unless_asked(
    tmp_path: Path, mesh: Any, prediction: Any, make_prediction: Any, suffix: str
) -> None:
    last = sorted(tmp_path.glob("*"))
    (tmp_path / f"d_b{suffix}").write_text("precious")
    with pytest.raises(UserError, match=rf"d_b{suffix} exists already"):
        write_prediction(prediction, mesh, tmp_path / f"d_{{id}}{suffix}")
    assert [path.name for path in tmp_path.iterdir() if path not in last] == [f"d_b{suffix}"]
    write_prediction(prediction, mesh, tmp_path / f"d_{{id}}{suffix}", overwrite=True)
    assert (tmp_path / f"d_b{suffix}").read_bytes()[:4] in {b"\x89HDF", b"<?xm"}
    with pytest.raises(UserError, match=r"the folder .* does not exist"):
        check_target(tmp_path / f"none/d_{{id}}{suffix}")
    write_prediction(make_prediction(("x",)), mesh, tmp_path / f"new{suffix}")
    with pytest.raises(UserError, match=rf"new{suffix} exists already"):
        check_target(tmp_path / f"new{suffix}", ids=["x"])
    write_prediction(prediction, mesh, tmp_path / f"new{suffix}")
    with pytest.raises(UserError, match="new exists already"):
        check_target(tmp_path / f"new{suffix}", ids=["x", "y"])


def test_an_empty_folder_is_used(tmp_path: Path, mesh: Any, prediction: Any) -> None:
    (tmp_path / "new").mkdir()
    check_target(tmp_path / "new.vtkhdf", ids=["b", "a"])
    write_prediction(prediction, mesh, tmp_path / "new.vtkhdf")
    assert (tmp_path / "new/a.vtkhdf").is_file()


@SUFFIXES
def test_a_batch_at_a_time(tmp_path: Path, mesh: Any, prediction: Any, suffix: str) -> None:
    one_by_one = (prediction.isel(run=[run]) for run in range(2))
    write_prediction(one_by_one, mesh, tmp_path / f"new{suffix}")
    assert len(list((tmp_path / "new").glob(f"*{suffix}"))) == 2
    write_prediction(iter([prediction.isel(run=[0])]), mesh, tmp_path / f"new{suffix}")
    assert (tmp_path / f"new{suffix}").is_file()


def test_very_many_files_are_said_before(tmp_path: Path) -> None:
    (note,) = many_files_note(tmp_path / "new.pvd", 30, 50)
    assert "30 designs at 50 times are 1,530 files; a .vtkhdf is one file a design" in note
    assert many_files_note(tmp_path / "new.pvd", 2, 50) == []
    assert many_files_note(tmp_path / "new.vtkhdf", 30, 50) == []
    assert many_files_note(tmp_path / "new.npz", 30, 50) == []


def test_what_an_xdmf_file_refers_to_is_kept_too(
    tmp_path: Path, mesh: Any, make_prediction: Any
) -> None:
    (tmp_path / "new.xdmf.h5").write_text("precious")
    with pytest.raises(UserError, match=r"new\.xdmf\.h5 exists already"):
        check_target(tmp_path / "new.xdmf", ids=["a"])


@SUFFIXES
def test_numbers_of_the_design_as_a_whole_and_units(
    tmp_path: Path, mesh: Any, make_prediction: Any, suffix: str
) -> None:
    whole = make_prediction(("a",), scores=True)
    write_prediction(whole, mesh, tmp_path / f"new{suffix}")
    if suffix == ".vtkhdf":
        with h5py.File(tmp_path / "new.vtkhdf") as file:
            assert (
                file["VTKHDF/FieldData/novelty"][...].tolist() == whole["novelty"].values.tolist()
            )
            assert file["VTKHDF/PointData/T"].attrs["units"] == "K"
    elif suffix == ".xdmf":
        text = (tmp_path / "new.xdmf").read_text()
        assert text.count('<Information Name="unit" Value="K"') == 3
        assert 'Name="novelty"' in text


@SUFFIXES
@pytest.mark.parametrize("size", [0, 4000, 30_000])
def test_a_full_disk_is_said_and_leaves_nothing(
    tmp_path: Path, mesh: Any, make_prediction: Any, suffix: str, size: int, files_of_at_most: Any
) -> None:
    whole = make_prediction(steps=600)
    with files_of_at_most(size), pytest.raises(UserError, match="cannot be written"):
        write_prediction(whole, mesh, tmp_path / f"{{id}}{suffix}")
    assert list(tmp_path.iterdir()) == []
