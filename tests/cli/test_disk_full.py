"""A disk that becomes full while saving: one message, and everything from before is there.

The size limit of files (RLIMIT_FSIZE) stands for the full disk: writing stops in the middle of a
file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from simulgenvae.errors import UserError
from simulgenvae.settings import StudyFolder
from simulgenvae.surrogate.surrogate import Surrogate


def test_training_on_a_full_disk_leaves_the_model(
    cli: Any, trained: Path, tree: Any, files_of_at_most: Any
) -> None:
    before = tree(trained / "model_save"), tree(trained / "input_data")
    with files_of_at_most(3000):
        done = cli("train", trained, "--overwrite")
    assert done.code == 2, done.err
    assert ".safetensors could not be written" in done.err
    assert (tree(trained / "model_save"), tree(trained / "input_data")) == before
    assert not list(trained.rglob("*.writing"))


@pytest.mark.parametrize("width", [16, 400])
def test_model_files_are_replaced_together_or_not_at_all(
    width: int, cli: Any, trained: Path, tree: Any, files_of_at_most: Any
) -> None:
    """The disk becomes full in the first file that is written (the VAE), or only in the second."""
    assert (
        cli("train", trained, "--overwrite", "--set", f"conditioner.filters={width} {width}").code
        == 0
    )
    study = StudyFolder(trained)
    sizes = [path.stat().st_size for path in (study.vae_file, study.conditioner_file)]
    assert (sizes[0] < sizes[1]) == (width == 400)
    surrogate = Surrogate.load(study)
    torch.nn.init.zeros_(next(surrogate.networks.parameters()))
    before = tree(trained)
    with files_of_at_most(max(sizes) - 100), pytest.raises(UserError, match="could not be written"):
        surrogate.save(study)
    assert tree(trained) == before
    surrogate.save(study)
    assert tree(trained) != before


def test_ingest_on_a_full_disk_leaves_the_data(
    cli: Any, trained: Path, source: Path, tree: Any, files_of_at_most: Any
) -> None:
    before = tree(trained)
    files = (source / "fields.npy", "--params", source / "params.csv")
    with files_of_at_most(1000):
        done = cli("ingest", *files, "--study", trained, "--overwrite")
    assert done.code == 2, done.err
    assert "dataset.zarr could not be written" in done.err
    assert tree(trained) == before


def test_a_disk_that_has_no_room_for_the_split(
    cli: Any, tmp_path: Path, tree: Any, files_of_at_most: Any
) -> None:
    runs, study = 300, tmp_path / "study"
    fields, params, split = tmp_path / "fields.npy", tmp_path / "params.csv", tmp_path / "split.csv"
    params.write_text("p\n" + "".join(f"{k}\n" for k in range(runs)))
    uses = ["train", "train", *["validation"] * (runs - 2)]
    split.write_text("id,split\n" + "".join(f"{k},{use}\n" for k, use in enumerate(uses)))
    ingest = (
        "ingest",
        fields,
        "--params",
        params,
        "--study",
        study,
        "--split",
        split,
        "--overwrite",
    )
    np.save(fields, np.zeros((runs, 1, 1)))
    assert cli(*ingest).code == 0
    before = tree(study)
    np.save(fields, np.ones((runs, 1, 1)))
    with files_of_at_most((study / "input_data/split.csv").stat().st_size - 1):
        done = cli(*ingest)
    assert done.code == 2, done.err
    assert "split.csv: cannot be written" in done.err
    assert tree(study) == before


@pytest.mark.parametrize("suffix", [".npz", ".zarr"])
def test_prediction_on_a_full_disk_leaves_the_one_from_before(
    suffix: str, cli: Any, trained: Path, make_runs: Any, tree: Any, files_of_at_most: Any
) -> None:
    table = make_runs().write_params(trained / "new.csv", [0, 1])
    predict = (
        "predict",
        trained,
        "--params",
        table,
        "--out",
        trained / f"p{suffix}",
        "--overwrite",
    )
    assert cli(*predict).code == 0
    before = tree(trained)
    make_runs().write_params(table, range(5))
    before["new.csv"] = tree(trained)["new.csv"]
    with files_of_at_most(1000):
        done = cli(*predict)
    assert done.code == 2, done.err
    assert f"p{suffix} could not be written" in done.err
    assert tree(trained) == before


def test_report_on_a_full_disk(cli: Any, trained: Path, tree: Any, files_of_at_most: Any) -> None:
    before = tree(trained)
    with files_of_at_most(1500):
        done = cli("evaluate", trained)
    assert done.code == 2, done.err
    assert "could not be written" in done.err
    assert tree(trained) == before
