"""HDF5 files with a dataset for each run, as h5py writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest

from simulgenvae.data.readers import RunPart, Source, open_source
from simulgenvae.errors import UserError

FEATURES, STEPS, NODES = 5, 4, 6
TIMES = np.array([0.0, 0.5, 1.0, 2.0])
NODAL = RunPart(path="data/*/nodal_data", axes=("variable", "time", "node"))


def values(run: int) -> np.ndarray:
    """[features, T, M] of a run."""
    return np.random.default_rng(run).normal(size=(FEATURES, STEPS, NODES))


def write(
    path: Path,
    ids: Sequence[str] = ("10", "9", "1"),
    change: Callable[[h5py.File], None] | None = None,
) -> Path:
    with h5py.File(path, "w") as file:
        for name in ids:
            file.create_dataset(
                f"data/{name}/nodal_data", data=values(int(name)), chunks=True, compression="gzip"
            )
            file[f"data/{name}/cells"] = np.arange(6).reshape(2, 3)
        if change is not None:
            change(file)
    return path


def opened(path: Path, part: RunPart = NODAL) -> Source:
    return open_source(path, part).__enter__()


def test_each_group_is_a_run(tmp_path: Path) -> None:
    source = opened(write(tmp_path / "runs.h5"))
    assert source.shape == (3, STEPS, NODES, FEATURES)
    assert source.companions["ids"].tolist() == ["1", "9", "10"]
    assert source.companions["variables"].tolist() == [f"feature{k}" for k in range(FEATURES)]
    assert "times" not in source.companions
    for index, run in enumerate((1, 9, 10)):
        np.testing.assert_array_equal(source.run(index), values(run).transpose(1, 2, 0))


@pytest.mark.parametrize("wanted", [(3, 4), (4, 0, 2), (1,)])
def test_features_are_taken_in_the_order_asked_for(tmp_path: Path, wanted: tuple[int, ...]) -> None:
    source = opened(
        write(tmp_path / "runs.h5"), NODAL._replace(fields=[f"feature{k}" for k in wanted])
    )
    assert source.companions["variables"].tolist() == [f"feature{k}" for k in wanted]
    np.testing.assert_array_equal(source.run(0), values(1)[list(wanted)].transpose(1, 2, 0))


@pytest.mark.parametrize(
    ("axes", "order", "default"),
    [
        ("variable,time,node", (0, 1, 2), False),
        ("node,variable,time", (2, 0, 1), False),
        ("time,node,variable", (1, 2, 0), True),
        ("variable,node", (0, 2), False),
        ("time,node", (1, 2), True),
        ("node", (2,), True),
    ],
)
def test_axes(tmp_path: Path, axes: str, order: tuple[int, ...], default: bool) -> None:
    whole = values(0)
    stored = whole if 1 in order else whole[:, 0][:, None]
    stored = stored if 0 in order else stored[:1]
    array = stored.transpose([*order, *({0, 1, 2} - set(order))]).reshape(
        [whole.shape[axis] for axis in order]
    )
    with h5py.File(tmp_path / "runs.h5", "w") as file:
        file["a"] = array
    for given in [tuple(axes.split(","))] + [None] * default:
        source = opened(tmp_path / "runs.h5", RunPart(path="*", axes=given))
        assert source.shape[0] == 1
        np.testing.assert_array_equal(source.run(0), stored.transpose(1, 2, 0))


def test_a_grid_a_run(tmp_path: Path) -> None:
    grids = np.random.default_rng(0).normal(size=(3, 4, 11, 12))
    with h5py.File(tmp_path / "runs.h5", "w") as file:
        for run, grid in enumerate(grids):
            file[f"data/{run}/p"] = grid
    with pytest.raises(UserError, match="4 timesteps of a grid of 11 x 12 nodes, or of 11 nodes"):
        opened(tmp_path / "runs.h5", RunPart(path="data/*/p"))
    source = opened(tmp_path / "runs.h5", RunPart(path="data/*/p", axes=("time", "y", "x")))
    np.testing.assert_array_equal(source.run(2), grids[2].reshape(4, 132, 1))


@pytest.mark.parametrize("where", ["times", "data/times", "data/{}/times"])
def test_times_beside_the_groups_choose_timesteps(tmp_path: Path, where: str) -> None:
    def timed(file: h5py.File) -> None:
        for name in {where.format(run) for run in ("1", "9", "10")}:
            file[name] = TIMES

    path = write(tmp_path / "runs.h5", change=timed)
    np.testing.assert_array_equal(opened(path).companions["times"], TIMES)
    source = opened(path, NODAL._replace(start=0.5, every=2))
    np.testing.assert_array_equal(source.companions["times"], TIMES[[1, 3]])
    np.testing.assert_array_equal(source.run(0), values(1)[:, [1, 3]].transpose(1, 2, 0))


def test_without_times_timesteps_are_counted(tmp_path: Path) -> None:
    source = opened(write(tmp_path / "runs.h5"), NODAL._replace(start=1, end=2))
    np.testing.assert_array_equal(source.companions["times"], [1, 2])
    np.testing.assert_array_equal(source.run(0), values(1)[:, 1:3].transpose(1, 2, 0))
    with pytest.raises(UserError, match=r"no timestep in the wanted span .* 0 to 3"):
        opened(tmp_path / "runs.h5", NODAL._replace(start=4))


def test_a_star_may_be_a_piece_of_a_name(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "runs.h5", "w") as file:
        for run in (2, 10):
            file[f"run_{run}_final/T"] = values(run)[0]
        file["run_3_other/T"] = values(3)[0]
    source = opened(tmp_path / "runs.h5", RunPart(path="/run_*_final/T"))
    assert source.companions["ids"].tolist() == ["2", "10"]
    assert source.shape == (2, STEPS, NODES, 1)


def test_a_folder_has_a_run_in_each_file(tmp_path: Path) -> None:
    for run in (10, 9):
        with h5py.File(tmp_path / f"case{run}.h5", "w") as file:
            file["out/nodal_data"] = values(run)
    (tmp_path / "notes.txt").touch()
    part = NODAL._replace(path="out/nodal_data")
    source = opened(tmp_path, part)
    assert source.companions["ids"].tolist() == ["case9", "case10"]
    np.testing.assert_array_equal(source.run(1), values(10).transpose(1, 2, 0))
    assert opened(tmp_path / "case9.h5", part).companions["ids"].tolist() == ["case9"]
    with pytest.raises(UserError, match=r"leave the \* out"):
        opened(tmp_path, NODAL)
    with pytest.raises(UserError, match=r"case9\.h5: has no dataset 'nothing'"):
        opened(tmp_path, NODAL._replace(path="nothing"))


def _short(file: h5py.File) -> None:
    file["data/11/nodal_data"] = values(1)[:, :-1]


def _text(file: h5py.File) -> None:
    file["data/11/nodal_data"] = np.full((FEATURES, STEPS, NODES), b"text")


def _without_times(file: h5py.File) -> None:
    file["data/1/times"] = TIMES


def _other_times(file: h5py.File) -> None:
    file["data/times"] = TIMES
    file["data/9/times"] = TIMES + 0.1


def _few_times(file: h5py.File) -> None:
    file["times"] = TIMES[:2]


def _empty(file: h5py.File) -> None:
    file.create_dataset(
        "data/11/nodal_data", shape=(FEATURES, STEPS, NODES), chunks=(1, 1, NODES), dtype="f4"
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            _short,
            r"run '11' \(data/11/nodal_data\): has the shape \(5, 3, 6\), but \(5, 4, 6\) in .*run '1'",
        ),
        (_text, "run '11' .*real numbers"),
        (_without_times, "run '9' .*: has no times, as .*run '1'"),
        (_other_times, "run '9' .* times differ from .*run '1'"),
        (_few_times, r"run '1' .* 4 timesteps, but 2 times.*--axes"),
        (_empty, "data/11/nodal_data.*no values"),
    ],
)
def test_a_run_that_is_not_like_the_first_is_named(
    tmp_path: Path, change: Callable[[h5py.File], None], told: str
) -> None:
    assert re.search(told, refused(write(tmp_path / "runs.h5", change=change)))


def refused(path: Path) -> str:
    """Return what is said of the runs that are not read, or of all."""
    try:
        source = opened(path)
    except UserError as error:
        return str(error)
    for index in source.problems:
        with pytest.raises(UserError):
            source.run(index)
    return "; ".join(source.problems.values())


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (RunPart(path="data/*/*"), r"must have one \*"),
        (RunPart(path="data/*/velocity"), "no dataset is at data/"),
        (RunPart(path="nowhere/*"), "no dataset is at nowhere"),
        (NODAL._replace(fields=["feature7"]), "has no 'feature7'; its fields are 'feature0'"),
        (
            NODAL._replace(axes=("time", "node")),
            r"the shape \(5, 4, 6\), but --axes names time, node",
        ),
        (RunPart(path="data/*/cells", fields=["feature0"]), "no axis of variables"),
        (RunPart(axes=("time", "node")), "With --path"),
        (NODAL._replace(resample=3), "only --fields, --start, --end and --every take a part"),
    ],
)
def test_what_does_not_fit_is_said(tmp_path: Path, part: RunPart, told: str) -> None:
    with pytest.raises(UserError, match=told):
        opened(write(tmp_path / "runs.h5"), part)


def test_groups_without_the_dataset_are_noted(tmp_path: Path) -> None:
    source = opened(
        write(tmp_path / "runs.h5", change=lambda file: file.create_group("data/settings"))
    )
    assert source.shape[0] == 3
    assert source.notes == (
        f"{tmp_path / 'runs.h5'}: there is no dataset 'data/settings/nodal_data': not read as runs",
    )


def test_nothing_outside_of_the_file_is_read(tmp_path: Path) -> None:
    secret = write(tmp_path / "secret.h5", ["1"])

    def linked(file: h5py.File) -> None:
        file["data/11"] = h5py.ExternalLink(str(secret), "/data/1")

    def soft(file: h5py.File) -> None:
        file["data/11"] = h5py.SoftLink("/data/1")

    def external(file: h5py.File) -> None:
        stored = [(str(tmp_path / "raw.bin"), 0, values(1).nbytes)]
        file.create_dataset("data/11/nodal_data", values(1).shape, "f8", external=stored)

    def virtual(file: h5py.File) -> None:
        layout = h5py.VirtualLayout(values(1).shape, "f8")
        layout[...] = h5py.VirtualSource(str(secret), "data/1/nodal_data", values(1).shape)
        file.create_virtual_dataset("data/11/nodal_data", layout)

    values(1).tofile(tmp_path / "raw.bin")
    for change, told in (
        (linked, "link"),
        (soft, "link"),
        (external, "other files"),
        (virtual, "other files"),
    ):
        assert re.search(
            rf"runs\.h5.*data/11.*{told}", refused(write(tmp_path / "runs.h5", change=change))
        )
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "run.h5").symlink_to(secret)
    with pytest.raises(UserError, match="link out of"):
        opened(folder, NODAL._replace(path="data/1/nodal_data"))


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.97])
def test_damaged_files(tmp_path: Path, keep: float) -> None:
    path = write(tmp_path / "runs.h5")
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    with pytest.raises(UserError, match=r"runs\.h5"):
        opened(path)


def test_other_files_have_no_paths(tmp_path: Path) -> None:
    np.save(tmp_path / "f.npy", np.ones((3, 4, 5)))
    with pytest.raises(UserError, match=r"f\.npy: --path is for HDF5"):
        opened(tmp_path / "f.npy")


@pytest.mark.parametrize(
    ("names", "pattern", "runs"),
    [
        (
            [f"data/{run}/{name}" for run in range(3) for name in ("nodal_data", "p")],
            "data/*/nodal_data",
            3,
        ),
        (
            [f"data/{run}/{name}" for run in range(2) for name in ("nodal_data", "p", "qp")],
            "data/*/nodal_data",
            2,
        ),
        (["a/results/u", "b/results/u"], "*/results/u", 2),
        (["runs/1", "runs/2", "runs/3"], "runs/*", 3),
    ],
)
def test_without_a_path_the_one_that_fits_is_told(
    tmp_path: Path, names: list[str], pattern: str, runs: int
) -> None:
    with h5py.File(tmp_path / "runs.h5", "w") as file:
        for name in names:
            file[name] = values(0)[0] if name.endswith("p") else values(0)
    with pytest.raises(UserError, match="It holds: ") as told, open_source(tmp_path / "runs.h5"):
        pass
    assert names[0] in str(told.value)
    assert f"--path '{pattern}'" in str(told.value)
    assert opened(tmp_path / "runs.h5", RunPart(path=pattern)).shape[0] == runs


def test_datasets_without_timesteps(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "runs.h5", "w") as file:
        for name in "12":
            file[f"data/{name}/nodal_data"] = np.zeros((FEATURES, 0, NODES))
    with pytest.raises(UserError, match=r"has no timesteps"):
        opened(tmp_path / "runs.h5")
