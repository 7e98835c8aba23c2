"""Files of a study: settings, stored data, models, checkpoints and results."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import numpy as np
import torch

from benchmarks.robustness.inputs.base import FIELDS, NODES, RUNS, TIMESTEPS, Input, text
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import make_split
from simulgenvae.design.learning_curve.store import Basis, read_points
from simulgenvae.evaluation.results import EvaluationResult
from simulgenvae.settings import Settings, StudyFolder, load_settings
from simulgenvae.surrogate.surrogate import Surrogate
from simulgenvae.training.checkpoint import Progress, load_checkpoint, save_checkpoint
from simulgenvae.training.identity import TrainingIdentity

_TESTS = Path(__file__).parents[3] / "tests"


def _settings(folder: Path) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return load_settings(StudyFolder(folder))


def _classic(folder: Path) -> None:
    (folder / "input_data").mkdir()
    (folder / "input_data/condition.txt").write_text(
        "Dim1 14\nnum_param: 2\nTraining_epochs 2 # comment\nBatch_size = 4\nLearningR 0.001\n"
        "Latent_dim 8\nLatent_dim_end 32\nLoss_type 1\nalpha 1000\ninput_type image\n"
        "param_dir /images\nuse_e2e_training 1\n"
    )
    (folder / "preset.txt").write_text(
        "data_No, init_beta_divisor, num_filter_enc, latent_conditioner_filter\n"
        "1\n4\n16 12 8\n8 8\n"
    )


def _toml(folder: Path) -> None:
    (folder / "study.toml").write_text(
        '[model]\nwidth = 64\nfilters = [16, 8]\n[training]\ndevice = "cpu"\n[training.vae]\n'
        "steps = 5\nlearning_rate = 1e-3\n[data]\nsplit_seed = 3\n[reduction]\nmax_rank = 8\n"
    )


def _dataset(folder: Path) -> None:
    parameters = Conditions(tuple("abc"), ("p",), np.arange(float(RUNS))[:, None])
    fields = FIELDS.copy()
    fields[:, :, 0] = np.nan
    Dataset.from_arrays(
        fields,
        parameters,
        times=np.arange(TIMESTEPS) * 0.5,
        coords=np.arange(NODES * 2.0).reshape(NODES, 2),
        cells={"triangle": np.array([[0, 1, 2], [3, 4, 5]])},
        variables=["T"],
        units=["K"],
    ).save(folder / "dataset.zarr")


def _open_dataset(folder: Path) -> object:
    dataset = Dataset.open(folder / "dataset.zarr")
    return [dataset.whole_run(run) for run in range(len(dataset.ids))]


def _model(folder: Path) -> None:
    shutil.copytree(_TESTS / "surrogate/version_2_1/model_save", folder / "model_save")


def _predict(folder: Path) -> object:
    surrogate = Surrogate.load(StudyFolder(folder))
    scaler = surrogate.condition_scaler
    middle = np.array([scaler.lower, scaler.upper]).mean(axis=0)[None]
    return surrogate.predict(Conditions(("new",), scaler.names, middle))["fields"]


_IDENTITY = TrainingIdentity(Settings(), "abc", ("vae",), ("a", "b"), ("c",))


def _checkpoint(folder: Path) -> None:
    history = [{"stage": "vae", "step": 5, "train": 1.0, "train_error": 0.2, "validation": 0.25}]
    progress = Progress.model_validate({"stage": 0, "step": 7, "best": 0.25, "history": history})
    weights = {"vae.x": torch.arange(3.0)}
    moments = {"0.0.step": torch.tensor(7.0)}
    save_checkpoint(folder / "last.safetensors", progress, weights, weights, moments, _IDENTITY)


def _resume(folder: Path) -> object:
    return load_checkpoint(folder / "last.safetensors", _IDENTITY)


def _metrics(folder: Path) -> None:
    result = EvaluationResult.read(_TESTS / "evaluation/results/format_1.json")
    result.write(folder / "metrics.json")


def _metrics_1(folder: Path) -> None:
    shutil.copy(_TESTS / "evaluation/results/format_1.json", folder / "metrics.json")


def _read_metrics(folder: Path) -> object:
    return EvaluationResult.read(folder / "metrics.json")


_BASIS = Basis(
    data_fingerprint="abc",
    training_runs=["a", "b"],
    validation_runs=["c"],
    measured_runs=["c"],
    settings={},
    version="0",
)
_CURVE = (
    '{"format": 1, "points": [{"runs": 2, "repeat": 0, "seed": 0, "seconds": 1.5, '
    '"errors": {"prediction": [0.5], "pod_gpr": [null]}}], '
    '"basis": {"data_fingerprint": "abc", "training_runs": ["a", "b"], "validation_runs": ["c"], '
    '"measured_runs": ["c"], "settings": {}, "version": "0"}}'
)


OWN_FILES: dict[str, Input] = {
    "condition.txt, preset.txt": Input(_classic, _settings),
    "study.toml": Input(_toml, _settings),
    "dataset": Input(_dataset, _open_dataset),
    "model files": Input(_model, _predict),
    "checkpoint": Input(_checkpoint, _resume),
    "metrics.json": Input(_metrics, _read_metrics),
    "metrics.json of format 1": Input(_metrics_1, _read_metrics),
    "learning_curve.json": Input(
        text(_CURVE, "curve.json"), lambda folder: read_points(folder / "curve.json", _BASIS)
    ),
    "split.csv": Input(
        text("id,split\na,train\nb,train\nc,test\nd,validation\n", "split.csv"),
        lambda folder: make_split(list("abcd"), Settings().data, folder / "split.csv"),
    ),
}
