"""What may be written where, and that failures leave nothing behind."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from simulgenvae.errors import UserError
from simulgenvae.export import (
    EXPORT_FORMATS,
    ExportFormat,
    check_target,
    register_export_formats,
    write_prediction,
)
from simulgenvae.export.batches import Batch
from simulgenvae.mesh.mesh import Mesh
from tests.export.conftest import MakePrediction

SUFFIXES = (".npz", ".zarr", ".nc", ".pvd")


@pytest.mark.parametrize("name", ["new.csv", "new", "new.NPZ"])
def test_unknown_suffix_names_the_known_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"\.npz, \.zarr, \.nc, \.pvd"):
        check_target(tmp_path / name)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere does not exist"):
        check_target(tmp_path / "nowhere" / "new.npz")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_existing_target_is_refused_and_replaced_on_request(
    tmp_path: Path, prediction: xr.Dataset, mesh: Mesh, suffix: str, make_prediction: MakePrediction
) -> None:
    path = tmp_path / f"new{suffix}"
    write_prediction(prediction, mesh, path)
    before = sorted(file.name for file in tmp_path.iterdir())
    with pytest.raises(UserError, match="--overwrite"):
        write_prediction(prediction, mesh, path)
    write_prediction(make_prediction(("c", "d"), seed=1), mesh, path, overwrite=True)
    assert sorted(file.name for file in tmp_path.iterdir()) == before


def test_replacing_an_archive_changes_its_content(
    tmp_path: Path, prediction: xr.Dataset, mesh: Mesh, make_prediction: MakePrediction
) -> None:
    write_prediction(prediction, mesh, tmp_path / "new.npz")
    write_prediction(make_prediction(("c",)), mesh, tmp_path / "new.npz", overwrite=True)
    with np.load(tmp_path / "new.npz") as file:
        assert file["ids"].tolist() == ["c"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, prediction: xr.Dataset, mesh: Mesh, suffix: str
) -> None:
    def failing() -> Iterator[xr.Dataset]:
        yield prediction.isel(run=[0])
        raise UserError("design 2 is bad")

    def content() -> dict[Path, bytes]:
        return {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}

    path = tmp_path / f"new{suffix}"
    with pytest.raises(UserError, match="design 2 is bad"):
        write_prediction(failing(), mesh, path)
    assert list(tmp_path.iterdir()) == []
    write_prediction(prediction, mesh, path)
    before = content()
    with pytest.raises(UserError, match="design 2 is bad"):
        write_prediction(failing(), mesh, path, overwrite=True)
    assert content() == before


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_designs_twice_the_same_and_a_foreign_mesh_are_refused(
    tmp_path: Path, prediction: xr.Dataset, mesh: Mesh, suffix: str
) -> None:
    path = tmp_path / f"new{suffix}"
    with pytest.raises(UserError, match="no designs"):
        write_prediction([], mesh, path)
    with pytest.raises(UserError, match="'b' occurs twice"):
        write_prediction([prediction, prediction], mesh, path)
    with pytest.raises(UserError, match="coordinates for 2 nodes"):
        write_prediction(prediction, Mesh(np.zeros((2, 2))), path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_no_zarr_group_is_never_replaced(
    tmp_path: Path, prediction: xr.Dataset, mesh: Mesh
) -> None:
    (tmp_path / "new.zarr").mkdir()
    (tmp_path / "new.zarr" / "thesis.txt").write_text("precious")
    with pytest.raises(UserError, match="not a Zarr group"):
        write_prediction(prediction, mesh, tmp_path / "new.zarr", overwrite=True)
    assert (tmp_path / "new.zarr" / "thesis.txt").exists()


def test_a_folder_in_the_place_of_an_archive_is_a_clear_error(
    tmp_path: Path, prediction: xr.Dataset, mesh: Mesh
) -> None:
    (tmp_path / "new.npz").mkdir()
    with pytest.raises(UserError, match="could not be written"):
        write_prediction(prediction, mesh, tmp_path / "new.npz", overwrite=True)
    assert [file.name for file in tmp_path.iterdir()] == ["new.npz"]


@pytest.fixture
def toy_formats() -> Iterator[None]:
    """Register two formats from outside of the package: of all designs, and of a single one."""

    def write_ids(batches: Iterator[Batch], mesh: Mesh, path: Path) -> None:
        path.write_text(" ".join(run for batch in batches for run in batch.ids))

    def write_largest(batch: Batch, index: int, mesh: Mesh, path: Path) -> None:
        path.write_text(f"{batch.ids[index]} {batch.fields[index].max():.6f}")

    before = dict(EXPORT_FORMATS)
    register_export_formats(
        ExportFormat(name="ids", suffix=".ids", write=write_ids),
        ExportFormat(name="largest value", suffix=".max", write_one=write_largest),
    )
    yield
    EXPORT_FORMATS.clear()
    EXPORT_FORMATS.update(before)


@pytest.mark.usefixtures("toy_formats")
def test_formats_from_outside_are_written(
    tmp_path: Path, prediction: xr.Dataset, mesh: Mesh
) -> None:
    write_prediction(prediction, mesh, tmp_path / "new.ids")
    assert (tmp_path / "new.ids").read_text() == "b a"
    write_prediction(prediction, mesh, tmp_path / "{id}.max")
    largest = float(prediction["fields"].sel(run="a").max())
    assert (tmp_path / "a.max").read_text() == f"a {largest:.6f}"
    write_prediction(prediction, mesh, tmp_path / "new.max")
    assert (tmp_path / "new/a.max").read_text() == f"a {largest:.6f}"
    with pytest.raises(UserError, match=r"\.ids, \.max"):
        check_target(tmp_path / "new.unknown")


def test_the_docs_list_the_formats() -> None:
    docs = (Path(__file__).parents[2] / "docs/data-formats.md").read_text()
    section = docs.split("## Predictions: what is written")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("|")]
    assert set(re.findall(r"`(\.\w+)`", "\n".join(rows))) == set(EXPORT_FORMATS)


def test_a_prediction_that_was_killed_half_way_is_written_again_without_asking(
    tmp_path: Path, prediction: xr.Dataset, mesh: Mesh
) -> None:
    path = tmp_path / "new.pvd"
    prediction = prediction.isel(run=[0])
    write_prediction(prediction, mesh, path)
    path.unlink()
    with pytest.raises(UserError, match="new_vtu exists already"):
        check_target(path, ids=["b"])
    (tmp_path / ".new.pvd.123-0123abcd.tmp").touch()
    check_target(path, ids=["b"])
    write_prediction(prediction, mesh, path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["new.pvd", "new_vtu"]


def test_what_is_left_of_a_killed_writer_does_not_let_a_file_be_replaced(
    tmp_path: Path, prediction: xr.Dataset, mesh: Mesh
) -> None:
    write_prediction(prediction, mesh, tmp_path / "new.npz")
    (tmp_path / ".new.npz.123-0123abcd.tmp").touch()
    with pytest.raises(UserError, match="--overwrite"):
        check_target(tmp_path / "new.npz", ids=["a"])
