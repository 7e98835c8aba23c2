"""Public data sets: their layout in the wheel, the draw of runs and the download."""

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.accuracy import (
    contents,
    elastic_block,
    elastic_block_100,
    graetz,
    navier_stokes,
    public,
    unsteady_heat,
)
from simulgenvae.errors import UserError

RUNS, NODES, TIMES = 9, 4, 3


def write(archive: Path, name: str, **arrays: NDArray[Any]) -> None:
    with zipfile.ZipFile(archive, "a") as members:
        for part, array in arrays.items():
            stream = io.BytesIO()
            np.save(stream, array)
            members.writestr(f"{public.FOLDER}/{name}/{part}.npy", stream.getvalue())


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small file of the wheel's layout, in which a value says where it stands."""
    file = tmp_path_factory.mktemp("public") / "small.whl"
    run = np.arange(RUNS)[:, np.newaxis] * 100.0
    coords = np.arange(2.0 * NODES).reshape(2, NODES)
    for name, variables, parameters in (
        ("graetz", 1, 2),
        ("elastic_block", 2, 11),
        ("navier_stokes", 3, 1),
    ):
        write(
            file,
            name,
            params=np.arange(RUNS)[:, np.newaxis] + np.zeros(parameters),
            snapshots=run + np.arange(variables * NODES),
            coords=coords,
        )
    write(
        file,
        "unsteady_heat",
        params=np.arange(RUNS)[:, np.newaxis] + np.zeros(2),
        snapshots=run[..., np.newaxis] + np.arange(TIMES * NODES).reshape(TIMES, NODES),
        coords=coords.T,
    )
    return file


@pytest.mark.parametrize(
    ("module", "times", "variables"),
    [(graetz, 1, 1), (unsteady_heat, TIMES, 1), (elastic_block, 1, 2), (navier_stokes, 1, 3)],
)
def test_runs_have_their_own_fields_and_parameters(
    archive: Path, module: Any, times: int, variables: int
) -> None:
    problem = module.make(train=5, test=3, seed=1, archive=archive)
    assert problem.fields.shape == (8, times, NODES, variables)
    assert problem.fields.dtype == np.float32
    assert problem.coords.shape == (NODES, 2)
    assert len(problem.times) == times
    assert problem.table.shape == (8, len(problem.names))
    for number, field, row in zip(problem.ids, problem.fields, problem.table, strict=True):
        run = int(number.removeprefix("run_"))
        assert (row == run).all()
        expected = 100.0 * run + np.arange(times * variables * NODES)
        # Variables follow each other in a row of the archive, times too.
        np.testing.assert_array_equal(np.moveaxis(field, -1, 1).ravel(), expected)
    assert (len(problem.train), len(problem.test), len(problem.extrapolation)) == (5, 3, 0)
    assert sorted([*problem.train, *problem.test]) == list(range(8))


def test_seed_draws_the_runs(archive: Path) -> None:
    ids = [graetz.make(train=4, test=3, seed=seed, archive=archive).ids for seed in (0, 0, 1)]
    assert ids[0] == ids[1] != ids[2]
    assert len(set(ids[0])) == 7
    with pytest.raises(UserError, match="7 \\+ 3 runs are asked, there are 9"):
        graetz.make(train=7, test=3, archive=archive)


def test_fewer_training_runs_have_the_same_test_runs(archive: Path) -> None:
    many = elastic_block.make(train=5, test=3, archive=archive)
    few = elastic_block_100.make(train=2, test=3, archive=archive)
    assert [few.ids[row] for row in few.test] == [many.ids[row] for row in many.test]
    assert {few.ids[row] for row in few.train} < {many.ids[row] for row in many.train}


def test_arrays_that_need_unpickling_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.whl", "graetz", params=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        public.read_arrays(tmp_path / "a.whl", "graetz", "params")


def test_a_wheel_of_other_content_is_refused(tmp_path: Path) -> None:
    (tmp_path / public.WHEEL).write_bytes(b"something else")
    with pytest.raises(UserError, match="is not the file that its version has"):
        public.wheel(tmp_path)


def test_a_wheel_that_is_there_is_not_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / public.WHEEL).write_bytes(b"right")
    monkeypatch.setattr(public, "SHA256", hashlib.sha256(b"right").hexdigest())
    monkeypatch.setattr(public, "PACKAGE", "no package at all")
    assert public.wheel(tmp_path) == tmp_path / public.WHEEL


def test_without_network_the_user_learns_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(UserError, match=r"cannot be downloaded: (?s:.*)Put smithers"):
        public.wheel(tmp_path)


@pytest.mark.parametrize("name", public.PUBLIC_PROBLEMS)
def test_every_public_problem_is_a_module(name: str) -> None:
    names = {file.name for file in contents.module_files(name)}
    assert {f"{name}.py", "public.py", "problem.py"} <= names


def test_the_real_wheel_has_this_layout() -> None:
    if not (public.CACHE / public.WHEEL).exists():
        pytest.skip(f"{public.WHEEL} has not been downloaded into benchmarks/cache")
    problem = unsteady_heat.make(archive=public.wheel())
    assert problem.fields.shape == (100, 100, 441, 1)
    assert graetz.make(archive=public.wheel()).fields.shape == (180, 1, 5160, 1)
