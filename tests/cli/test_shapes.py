"""Unusual but sound studies train and predict.

They are static, of awkward sizes, with few filters, three runs or other numbers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest


@pytest.mark.parametrize(
    ("sizes", "settings"),
    [
        pytest.param({"steps": 1}, (), id="static"),
        pytest.param({"variables": 3}, (), id="three variables"),
        pytest.param({"nodes": 31, "steps": 7}, (), id="prime sizes"),
        pytest.param({"nodes": 1, "steps": 2, "variables": 1}, (), id="one node"),
        pytest.param({}, ("model.filters=8",), id="one filter"),
        pytest.param({}, ("model.filters=8 4",), id="two filters"),
        pytest.param({"runs": 3}, (), id="three runs"),
        pytest.param({"steps": 1}, ("model.decoder=convolutional",), id="static, convolutional"),
        pytest.param(
            {"steps": 5},
            ("model.decoder=convolutional", "model.filters=8"),
            id="convolutional, one filter",
        ),
        pytest.param({}, ("reduction.method=none",), id="no reduction"),
        pytest.param({}, ("training.optimizer=adamw", "training.loss=huber"), id="adamw, huber"),
    ],
)
def test_study_trains_and_predicts(
    sizes: dict[str, int],
    settings: tuple[str, ...],
    cli: Any,
    make_runs: Any,
    settings_text: str,
    tmp_path: Path,
) -> None:
    runs = make_runs(**sizes)
    source, study = runs.write(tmp_path / "source"), tmp_path / "study"
    study.mkdir()
    (study / "study.toml").write_text(settings_text)
    files = ("--params", source / "params.csv", "--coords", source / "coords.npy")
    done = cli("ingest", source / "fields.npy", *files, "--study", study)
    assert done.code == 0, done.err
    done = cli("train", study, *(part for setting in settings for part in ("--set", setting)))
    assert done.code == 0, done.err
    done = cli(
        "predict",
        study,
        "--params",
        source / "params.csv",
        "--out",
        tmp_path / "p.npz",
        "--samples",
        2,
    )
    assert done.code == 0, done.err
    with np.load(tmp_path / "p.npz") as out:
        assert out["fields"].shape == runs.fields.shape
        assert np.isfinite(out["fields"]).all()
        assert np.isfinite(out["std"]).all()
    if sizes in ({"runs": 3}, {"steps": 1}):
        done = cli("evaluate", study)
        assert done.code == 0, done.err


@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int32])
def test_other_number_types_are_read(dtype: Any, cli: Any, source: Path, tmp_path: Path) -> None:
    fields = np.load(source / "fields.npy").astype(dtype)
    np.save(source / "fields.npy", fields)
    done = cli(
        "ingest",
        source / "fields.npy",
        "--params",
        source / "params.csv",
        "--study",
        tmp_path / "study",
    )
    assert done.code == 0, done.err
    done = cli("train", tmp_path / "study", "--stage", "vae", "--set", "training.vae.steps=2")
    assert done.code == 0, done.err


def test_float64_that_float32_cannot_hold_is_refused(
    cli: Any, source: Path, tmp_path: Path
) -> None:
    fields = np.load(source / "fields.npy").astype(np.float64)
    fields[4] *= 1e300
    np.save(source / "fields.npy", fields)
    done = cli(
        "ingest",
        source / "fields.npy",
        "--params",
        source / "params.csv",
        "--study",
        tmp_path / "study",
    )
    assert done.code == 2
    assert "run_4" in done.err
    assert not (tmp_path / "study").exists()
