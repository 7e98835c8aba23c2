"""Further runs of a stored data set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.ingest.append import append_runs
from simulgenvae.data.ingest.build import build_dataset
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.data.split import make_split
from simulgenvae.errors import UserError
from simulgenvae.settings import DataSettings

N, T, M = 9, 3, 7
FIELDS = np.random.default_rng(0).normal(size=(N, T, M, 2)).astype(np.float32)
FIRST = 6


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Return a study with the first runs stored, and the files of the others."""
    np.save(tmp_path / "coords.npy", np.arange(2.0 * M).reshape(M, 2))
    np.save(tmp_path / "times.npy", [0.0, 0.5, 2.0])
    for name, rows in (("first", range(FIRST)), ("more", range(FIRST, N)), ("all", range(N))):
        np.save(tmp_path / f"{name}.npy", FIELDS[list(rows)])
        (tmp_path / f"{name}.csv").write_text("id,p\n" + "".join(f"run_{k},{k}\n" for k in rows))
    _built(tmp_path, "first", "dataset.zarr")
    return tmp_path


def _built(study: Path, name: str, target: str) -> Dataset:
    return build_dataset(
        [study / f"{name}.npy"],
        study / target,
        IngestOptions(
            params=study / f"{name}.csv",
            coords=study / "coords.npy",
            times=study / "times.npy",
            variables=["u", "v"],
            units=["m", "s"],
        ),
        split_target=study / "split.csv",
    )[0]


def _appended(
    study: Path, fields: str = "more.npy", params: str = "more.csv", **given: Any
) -> Dataset:
    options = IngestOptions(params=study / params, **given)
    return append_runs(
        [study / fields],
        study / "dataset.zarr",
        options,
        settings=DataSettings(),
        split_file=study / "split.csv",
    )[0]


def _chunks(dataset: Path) -> dict[str, int]:
    files = (dataset / "fields" / "c").rglob("*")
    return {str(file.relative_to(dataset)): file.stat().st_ino for file in files if file.is_file()}


def test_the_dataset_is_that_of_all_runs(study: Path) -> None:
    before = _chunks(study / "dataset.zarr")
    dataset, whole = _appended(study), _built(study, "all", "whole.zarr")
    assert dataset.fingerprint == whole.fingerprint
    assert dataset.digests == whole.digests
    np.testing.assert_array_equal([dataset.run(k) for k in range(N)], FIELDS)
    # What was there is not written again.
    assert before.items() <= _chunks(study / "dataset.zarr").items()
    assert not [path for path in study.iterdir() if path.name.startswith(".")]


def test_runs_keep_their_part_of_the_split(study: Path) -> None:
    known = make_split([f"run_{k}" for k in range(FIRST)], DataSettings(), None)
    dataset = _appended(study)
    split = make_split(dataset.ids, DataSettings(), study / "split.csv")
    for use in ("train", "validation", "test"):
        assert set(getattr(known, use)) <= set(getattr(split, use))
    assert len(split.train) + len(split.validation) + len(split.test) == N


def test_a_single_run_is_appended(study: Path) -> None:
    np.save(study / "one.npy", FIELDS[FIRST : FIRST + 1])
    (study / "one.csv").write_text("id,p\nnew,3.5\n")
    assert _appended(study, "one.npy", "one.csv").ids == (
        *(f"run_{k}" for k in range(FIRST)),
        "new",
    )


def test_runs_without_digests_are_copied(study: Path) -> None:
    """Append to a dataset of an earlier version, which had no digests."""
    file = study / "dataset.zarr" / "zarr.json"
    content = json.loads(file.read_text())
    del content["attributes"]["digests"]
    file.write_text(json.dumps(content))
    assert Dataset.open(study / "dataset.zarr").digests == ()
    assert _appended(study).fingerprint == _built(study, "all", "whole.zarr").fingerprint


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"params": "first_names.csv"}, "the study has these runs already: 'run_0'"),
        ({"params": "other_names.csv"}, "missing: p; not known: q"),
        ({"fields": "fewer_nodes.npy"}, "coordinates for 7 nodes, but the fields have 5 nodes"),
        ({"fields": "steps.npy"}, "steps.npy: 2 timesteps, but the study has 3"),
        ({"variables": ["u", "w"]}, "the variables are u, w, but u, v in the study"),
        ({"coords": "elsewhere.npy"}, "the mesh is not that of the study"),
        ({"times": "later.npy"}, "the times differ from the times of the study"),
        ({"fields": "nan.npy"}, "run_7"),
    ],
)
def test_runs_of_another_study_are_refused(
    study: Path, change: dict[str, Any], message: str
) -> None:
    (study / "first_names.csv").write_text("id,p\nrun_0,1\nb,2\nc,3\n")
    (study / "other_names.csv").write_text("id,q\na,1\nb,2\nc,3\n")
    np.save(study / "fewer_nodes.npy", FIELDS[FIRST:, :, :5])
    np.save(study / "steps.npy", FIELDS[FIRST:, :2])
    np.save(study / "elsewhere.npy", np.arange(2.0 * M).reshape(M, 2) + 1)
    np.save(study / "later.npy", [0.0, 0.5, 3.0])
    bad = FIELDS[FIRST:].copy()
    bad[1, 0, 0] = np.nan
    np.save(study / "nan.npy", bad)
    before = Dataset.open(study / "dataset.zarr").fingerprint
    paths: dict[str, Any] = {key: study / value if isinstance(value, str) and key not in {"fields", "params"} else value
             for key, value in change.items()}  # fmt: skip
    with pytest.raises(UserError, match=message):
        _appended(study, **paths)
    assert Dataset.open(study / "dataset.zarr").fingerprint == before
    assert not (study / "split.csv").exists()
