"""From a dataset to a surrogate: train the stages, and write the model of a study."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Sequence

import numpy as np
import torch
from rich.console import Console

from simulgenvae import ranks
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import Split, make_split
from simulgenvae.ensemble import build_ensemble
from simulgenvae.errors import UserError
from simulgenvae.model_files import save_parts
from simulgenvae.settings import Settings, Study
from simulgenvae.surrogate import Surrogate
from simulgenvae.training.stage import StageName
from simulgenvae.training.start import Start
from simulgenvae.training.train import train


def fit(
    dataset: Dataset,
    settings: Settings | None = None,
    *,
    split: Split | None = None,
    stages: Sequence[StageName] | None = None,
    study: Study | None = None,
    console: Console | None = None,
    resume: bool = False,
    start: Start | None = None,
) -> Surrogate:
    """Train a surrogate.

    Parameters
    ----------
    dataset
        The runs.
    settings
        What differs from the defaults.
    split
        Which runs are for what; made from the settings when not given.
    stages
        Stages to run; all that the settings enable when not given.
    study
        Where checkpoints, TensorBoard files and the model are written; nothing is written when not given.
    console
        Where progress is shown.
    resume
        Go on from the study's last checkpoint.
    start
        Trained parts that training begins with; their split is used.

    Raises
    ------
    UserError
        A conditioner without a VAE, or a start from other data; else see :func:`simulgenvae.training.train.train`.
    """
    settings = settings or Settings()
    if start is not None:
        conditions = dataset.conditions
        scaler = start.condition_scaler
        about = start.data_fingerprint, start.shape, scaler.names, scaler.images
        if about != (dataset.fingerprint, dataset.shape[1:], conditions.names, conditions.image_format):
            raise UserError("The VAE to start from was trained on other data: train all stages again with --overwrite.")
        split = start.split
    split = split or make_split(dataset.ids, settings.data, None)
    stages = stages or default_stages(settings)
    if stages[0] == "conditioner" and start is None:
        raise UserError("The conditioner learns from a trained VAE: train that too, or start from a trained one.")
    trained = train(
        dataset,
        split,
        settings,
        stages=stages,
        folder=None if study is None else study.checkpoints,
        tensorboard=None if study is None else study.tensorboard,
        console=console,
        resume=resume,
        start=start,
    )
    conditioner_trained = list(stages) != ["vae"]
    ensemble = build_ensemble(trained, dataset, settings) if conditioner_trained else None
    surrogate = Surrogate(
        settings=settings,
        split=split,
        variables=dataset.variables,
        units=dataset.units,
        times=dataset.times,
        mesh=dataset.mesh,
        condition_scaler=trained.condition_scaler,
        reduction=trained.reduction,
        networks=trained.members[0],
        ensemble=ensemble,
        info={
            "data_fingerprint": dataset.fingerprint,
            "stages": list(stages),
            "conditioner_trained": conditioner_trained,
            "history": trained.progress.history,
            "warnings": trained.progress.warnings,
            "skipped_steps": trained.progress.skipped,
            "rank": trained.reduction.rank,
            "versions": versions(),
        },
    )
    if study is not None and ranks.is_first():
        with torch.inference_mode():
            runs = (torch.as_tensor(trained.coefficients[np.array([row])]) for row in range(len(dataset.ids)))
            latents = [surrogate.networks.vae.encode(run)[0] for run in runs]
        z, h = (torch.cat([getattr(each, name) for each in latents]).numpy() for name in ("z", "h"))
        save_parts(surrogate, study, (z, h))
    return surrogate


def default_stages(settings: Settings) -> list[StageName]:
    """The stages of ``--stage all``."""
    return ["vae", "conditioner", "end_to_end"] if settings.training.end_to_end.enabled else ["vae", "conditioner"]


def versions() -> dict[str, str]:
    """Versions of what a result depends on."""
    packages = ("simulgenvae", "torch", "numpy")
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in packages}
