"""From files to a stored dataset: matching, slices, expectations, and failures."""

from __future__ import annotations

import pickle
import tracemalloc
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import pyvista
import xarray as xr
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from simulgenvae.data.checks.dataset import check
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.ingest.build import build_dataset, ingest_classic
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.data.split import make_split
from simulgenvae.errors import UserError
from simulgenvae.settings import DataSettings
from simulgenvae.utils.progress import WorkLog, progress_on

N, T, M, V = 4, 3, 7, 2
FIELDS = np.random.default_rng(0).normal(size=(N, T, M, V))
IDS = ("d", "b", "a", "c")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    np.save(tmp_path / "fields.npy", FIELDS)
    np.save(tmp_path / "coords.npy", np.arange(2.0 * M).reshape(M, 2))
    np.save(tmp_path / "times.npy", [0.0, 0.5, 2.0])
    (tmp_path / "params.csv").write_text(
        "id,p\n" + "".join(f"{name},{k}\n" for k, name in enumerate(IDS))
    )
    return tmp_path


def ingest(study: Path, *sources: str, **options: Any) -> tuple[Dataset, list[str]]:
    settings = options.pop("settings", None)
    options.setdefault("params", study / "params.csv")
    return build_dataset(
        [study / name for name in sources or ("fields.npy",)],
        study / "dataset.zarr",
        IngestOptions(**options),
        settings=settings,
    )


def fields_of(dataset: Dataset) -> np.ndarray:
    return np.stack([dataset.run(k) for k in range(len(dataset.ids))])


def test_reading_can_be_followed_in_lines(
    study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress_on():
        ingest(study)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("simulgenvae.data.ingest.stored_runs.WorkLog", partial(WorkLog, every=0.0))
    with progress_on():
        ingest(study, if_exists="replace")
    assert [line[10:] for line in capsys.readouterr().err.splitlines()] == [
        f"Reading runs  {done} of {N}" + "  0 s left" * (done > 0) for done in range(N)
    ]


def test_arrays_and_table(study: Path) -> None:
    dataset, notes = ingest(
        study,
        coords=study / "coords.npy",
        times=study / "times.npy",
        variables=["u", "T"],
        units=["m", "K"],
    )
    assert np.array_equal(fields_of(dataset), FIELDS.astype(np.float32))
    assert (dataset.ids, dataset.variables, dataset.units) == (IDS, ("u", "T"), ("m", "K"))
    assert dataset.times.tolist() == [0, 0.5, 2]
    assert dataset.mesh.coords is not None
    assert dataset.mesh.coords.shape == (M, 2)
    assert dataset.conditions.table[:, 0].tolist() == [0, 1, 2, 3]
    assert "run k is row k" in notes[0]
    in_memory = Dataset.from_arrays(
        FIELDS,
        dataset.conditions,
        times=[0, 0.5, 2],
        coords=dataset.mesh.coords,
        variables=["u", "T"],
        units=["m", "K"],
    )
    assert in_memory.fingerprint == dataset.fingerprint


def test_runs_are_matched_by_id(study: Path) -> None:
    np.savez(
        study / "fields.npz",
        fields=FIELDS,
        ids=np.array(sorted(IDS)),
        times=[0, 1, 2],
        variables=["u", "v"],
    )
    dataset, notes = ingest(study, "fields.npz")
    assert dataset.ids == ("a", "b", "c", "d")
    assert dataset.conditions.table[:, 0].tolist() == [2, 1, 3, 0]
    assert dataset.variables == ("u", "v")
    assert "by id" in notes[0]


def test_a_table_without_ids_is_matched_by_order_and_said_so(study: Path) -> None:
    (study / "params.csv").write_text("p\n1\n2\n3\n4\n")
    dataset, notes = ingest(study)
    assert dataset.ids == ("0", "1", "2", "3")
    assert "no id column" in notes[0]


def test_parameters_inside_the_file(study: Path) -> None:
    table = np.arange(8.0).reshape(4, 2)
    np.savez(study / "fields.npz", fields=FIELDS, params=table, param_names=["p", "q"])
    dataset, _ = ingest(study, "fields.npz", params=None)
    assert dataset.conditions.names == ("p", "q")
    assert np.array_equal(dataset.conditions.table, table)
    with pytest.raises(UserError, match="--params"):
        ingest(study, params=None, if_exists="replace")


def test_several_files_follow_each_other(study: Path) -> None:
    np.save(study / "a.npy", FIELDS[:1])
    with h5py.File(study / "b.h5", "w") as file:
        file["fields"] = FIELDS[1:]
    dataset, _ = ingest(study, "a.npy", "b.h5")
    assert np.array_equal(fields_of(dataset), FIELDS.astype(np.float32))
    np.save(study / "c.npy", FIELDS[:, :2])
    with pytest.raises(UserError, match=r"c\.npy: one run has the shape"):
        ingest(study, "a.npy", "c.npy", if_exists="replace")


@settings(max_examples=10)
@given(st.integers(1, T), st.integers(0, M - 1), st.integers(1, M), st.sampled_from(["4d", "flat"]))
def test_slices(
    tmp_path_factory: pytest.TempPathFactory, steps: int, start: int, count: int, form: str
) -> None:
    study = tmp_path_factory.mktemp("study")
    end = min(M, start + count)
    np.save(study / "fields.npy", FIELDS if form == "4d" else FIELDS.reshape(N, T, M * V))
    (study / "params.csv").write_text("p\n1\n2\n3\n4\n")
    chosen = DataSettings(variables=V, first_timesteps=steps, node_start=start, node_end=end)
    chain = np.stack([np.arange(M - 1), np.arange(1, M)], 1)
    points = np.stack([np.arange(M), np.zeros(M), np.zeros(M)], 1)
    pyvista.UnstructuredGrid({pyvista.CellType.LINE: chain}, points).save(study / "mesh.vtu")
    dataset, _ = ingest(study, settings=chosen, mesh=study / "mesh.vtu")
    assert np.array_equal(fields_of(dataset), FIELDS[:, :steps, start:end].astype(np.float32))
    assert dataset.mesh.coords is not None
    assert dataset.mesh.coords[:, 0].tolist() == list(range(start, end))
    assert len(dataset.mesh.cells.get("line", [])) == end - start - 1
    assert all(0 <= node < end - start for node in np.unique(dataset.mesh.cells.get("line", [])))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"settings": DataSettings(runs=5)}, r"runs \(Dim1\): 5 in the settings, 4 in the data"),
        (
            {"settings": DataSettings(timesteps=4)},
            r"timesteps \(Dim2\): 4 in the settings, 3 in the data",
        ),
        ({"settings": DataSettings(nodes=9)}, r"nodes \(Dim3\): 9 in the settings, 7 in the data"),
        (
            {"settings": DataSettings(variables=3)},
            r"variables \(num_var\): 3 in the settings, 2 in the data",
        ),
        ({"settings": DataSettings(first_timesteps=4)}, "asks for 4"),
        ({"settings": DataSettings(node_start=2, node_end=8)}, "2 to 8"),
        ({"settings": DataSettings(node_start=7)}, "7 to 7"),
        ({"variables": ["u"]}, "has 2 variables, but 1 are named: u"),
        ({"variables": ["u", "u"]}, "more than once"),
        ({"units": ["m"]}, r"1 units \(m\), but 2 variables \(field0, field1\)"),
    ],
)
def test_expectations_are_checked(study: Path, options: dict[str, Any], words: str) -> None:
    before = sorted(study.iterdir())
    with pytest.raises(UserError, match=words):
        ingest(study, **options)
    assert sorted(study.iterdir()) == before


def test_flat_fields_need_the_number_of_variables(study: Path) -> None:
    np.save(study / "fields.npy", FIELDS.reshape(N, T, M * V))
    with pytest.raises(
        UserError,
        match=r"14 values per timestep, which are not 7 nodes \(of the coordinates or mesh\) x 1",
    ):
        ingest(study, coords=study / "coords.npy")
    dataset, _ = ingest(study, coords=study / "coords.npy", variables=["u", "v"])
    assert np.array_equal(fields_of(dataset), FIELDS.astype(np.float32))


def test_numbers_of_runs_and_rows_differ(study: Path) -> None:
    (study / "params.csv").write_text("id,p\na,1\nb,2\n")
    with pytest.raises(
        UserError, match=r"params\.csv: 2 rows of parameters, but the fields have 4 runs"
    ):
        ingest(study)
    np.savez(study / "fields.npz", fields=FIELDS, ids=np.array(IDS))
    with pytest.raises(UserError, match="no row for the runs 'd', 'c'"):
        ingest(study, "fields.npz")


def test_coords_and_times_must_fit(study: Path) -> None:
    np.save(study / "coords.npy", np.zeros((M + 1, 2)))
    with pytest.raises(
        UserError, match=r"coords\.npy: there are coordinates for 8 nodes, but the fields have 7"
    ):
        ingest(study, coords=study / "coords.npy")
    (study / "times.csv").write_text("time\n0\n1\n")
    with pytest.raises(
        UserError, match=r"times\.csv: times of the shape \(2,\), but the fields have 3"
    ):
        ingest(study, times=study / "times.csv")
    (study / "times.csv").write_text("time\n0\n1\n1\n")
    with pytest.raises(UserError, match=r"times\.csv: times must increase"):
        ingest(study, times=study / "times.csv")


def test_nan_is_named_and_nothing_is_left(study: Path) -> None:
    fields = FIELDS.copy()
    fields[1, 2, :3, 0], fields[3, 0, 0, 1] = np.nan, np.inf
    np.save(study / "fields.npy", fields)
    before = sorted(study.iterdir())
    with pytest.raises(UserError, match=r"run 'b': 3 of 42 .*; run 'c': 1 of 42"):
        ingest(study)
    assert sorted(study.iterdir()) == before


def test_one_run_is_too_few(study: Path) -> None:
    np.save(study / "fields.npy", FIELDS[:1])
    (study / "params.csv").write_text("p\n1\n")
    with pytest.raises(UserError, match="only one run"):
        ingest(study)


def test_a_split_that_does_not_fit_stops_before_writing(study: Path) -> None:
    (study / "split.csv").write_text("id,split\na,train\nb,train\nc,test\n")
    with pytest.raises(UserError, match="does not say what these runs are for: 'd'"):
        ingest(study, split=study / "split.csv")
    assert not (study / "dataset.zarr").exists()


@pytest.mark.parametrize("kind", ["npy", "npz", "h5", "zarr"])
def test_memory_holds_a_run_and_not_the_file(study: Path, kind: str) -> None:
    fields = np.random.default_rng(0).normal(size=(40, 10, 2500, 1)).astype(np.float32)  # 4 MB
    source = study / f"large.{kind}"
    if kind == "npy":
        np.save(source, fields)
    elif kind == "npz":
        np.savez_compressed(source, fields=fields)
    elif kind == "h5":
        with h5py.File(source, "w") as file:
            file.create_dataset("fields", data=fields, chunks=(1, 10, 2500, 1))
    else:
        zarr.create_array(str(source), data=fields, chunks=(1, 10, 2500, 1))
    (study / "params.csv").write_text("p\n" + "".join(f"{k}\n" for k in range(40)))
    dataset, _ = ingest(study, source.name)
    split = make_split(dataset.ids, DataSettings(), None)
    check(dataset, split)  # imports and caches
    tracemalloc.start()
    dataset, _ = ingest(study, source.name, if_exists="replace")
    check(dataset, split)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < fields.nbytes / 2


def test_an_existing_dataset_stays(study: Path) -> None:
    ingest(study)
    with pytest.raises(UserError, match="exists already"):
        ingest(study)


def test_mesh_gives_coordinates_and_cells(study: Path) -> None:
    grid = pyvista.ImageData(dimensions=(3, 2, 1)).cast_to_unstructured_grid()
    grid.save(study / "mesh.vtu")
    np.save(study / "fields.npy", FIELDS[:, :, :6])
    dataset, _ = ingest(study, mesh=study / "mesh.vtu")
    assert dataset.mesh.coords is not None
    assert np.array_equal(dataset.mesh.coords, grid.points)
    assert dataset.mesh.cells["quad"].tolist() == [[0, 1, 4, 3], [1, 2, 5, 4]]
    with pytest.raises(UserError, match="its own coordinates and cells"):
        ingest(study, mesh=study / "mesh.vtu", coords=study / "coords.npy", if_exists="replace")


def classic_study(folder: Path, fields: np.ndarray) -> Path:
    (folder / "dataset1.pickle").write_bytes(pickle.dumps(fields))
    (folder / "parametric_data").mkdir(exist_ok=True)
    return folder / "parametric_data"


def test_classic_study(tmp_path: Path) -> None:
    parameters = classic_study(tmp_path, FIELDS.reshape(N, T, M * V))
    (parameters / "table.CSV").write_text("1,2\n3,4\n5,6\n7,8\n")
    expected = DataSettings(runs=N, timesteps=T, nodes=M, variables=V)
    target = tmp_path / "dataset.zarr"
    dataset, _ = ingest_classic(
        tmp_path / "dataset1.pickle", target, IngestOptions(params=parameters), settings=expected
    )
    assert np.array_equal(fields_of(dataset), FIELDS.astype(np.float32))
    assert dataset.conditions.table.tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]


def test_classic_study_with_one_table_a_run(tmp_path: Path) -> None:
    parameters = classic_study(tmp_path, FIELDS)
    for name, value in (("run10", 3), ("run2", 1), ("run1", 0), ("run3", 2)):
        (parameters / f"{name}.csv").write_text(f"speed\n{value}\n")
    target = tmp_path / "dataset.zarr"
    dataset, _ = ingest_classic(
        tmp_path / "dataset1.pickle",
        target,
        IngestOptions(params=parameters),
        settings=DataSettings(),
    )
    assert dataset.ids == ("run1", "run2", "run3", "run10")
    assert dataset.conditions.table[:, 0].tolist() == [0, 1, 2, 3]


def test_classic_study_without_its_files(tmp_path: Path) -> None:
    target, parameters = tmp_path / "dataset.zarr", classic_study(tmp_path, FIELDS)
    with pytest.raises(UserError, match=r"dataset2\.pickle: no such file"):
        ingest_classic(
            tmp_path / "dataset2.pickle",
            target,
            IngestOptions(params=parameters),
            settings=DataSettings(),
        )
    with pytest.raises(UserError, match=r"no \.csv file"):
        ingest_classic(
            tmp_path / "dataset1.pickle",
            target,
            IngestOptions(params=parameters),
            settings=DataSettings(),
        )
    with pytest.raises(UserError, match="param_dir"):
        ingest_classic(
            tmp_path / "dataset1.pickle",
            target,
            IngestOptions(params=tmp_path / "none"),
            settings=DataSettings(),
        )


def test_netcdf_nodes_without_positions(tmp_path: Path) -> None:
    fields = np.arange(24.0).reshape(2, 3, 4)
    for run in range(2):
        data = xr.Dataset({"T": (("time", "node"), fields[run])}, {"time": [0.0, 0.5, 1.0]})
        data.to_netcdf(tmp_path / f"run_{run}.nc", engine="h5netcdf")
    (tmp_path / "p.csv").write_text("id,p\nrun_0,1\nrun_1,2\n")
    sources = [tmp_path / "run_0.nc", tmp_path / "run_1.nc"]
    dataset, _ = build_dataset(
        sources, tmp_path / "d.zarr", IngestOptions(params=tmp_path / "p.csv")
    )
    assert dataset.mesh.coords is None
    np.testing.assert_array_equal(dataset.run(1)[..., 0], fields[1])
    with_places = data.assign_coords(x=("node", np.arange(4.0)))
    (tmp_path / "run_1.nc").unlink()
    with_places.to_netcdf(tmp_path / "run_1.nc", engine="h5netcdf")
    with pytest.raises(UserError, match=r"run_1\.nc: its mesh is not that of .*run_0\.nc"):
        build_dataset(sources, tmp_path / "e.zarr", IngestOptions(params=tmp_path / "p.csv"))
