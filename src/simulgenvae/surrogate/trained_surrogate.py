"""From a training to its surrogate, and to the model files of a study.

Tested in tests/surrogate/test_surrogate.py and tests/surrogate/test_files.py.
"""

from __future__ import annotations

import importlib.metadata
import platform
from typing import TYPE_CHECKING

import numpy as np
import torch

from simulgenvae import __version__
from simulgenvae.models.training_record import TrainingInfo
from simulgenvae.surrogate.files import save_parts
from simulgenvae.surrogate.model_record import ModelRecord, now, record_writers
from simulgenvae.surrogate.surrogate import Surrogate
from simulgenvae.training.record import vae_training

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.data.split import Split
    from simulgenvae.models.networks import Networks
    from simulgenvae.models.search_record import SearchRecord
    from simulgenvae.settings import Settings, StudyFolder
    from simulgenvae.surrogate.ensemble import Ensemble
    from simulgenvae.surrogate.shapes import ShapeModel
    from simulgenvae.training.train import Trained
    from simulgenvae.training.warm_start import WarmStart


def trained_surrogate(
    dataset: Dataset,
    settings: Settings,
    split: Split,
    stages: Sequence[str],
    trained: Trained,
    ensemble: Ensemble | None,
    kept: WarmStart | None,
    search: SearchRecord | None,
    shapes: ShapeModel | None = None,
) -> Surrogate:
    """Return the surrogate of a training; ``kept`` is the start whose VAE has not changed."""
    info = TrainingInfo(
        data_fingerprint=dataset.fingerprint,
        stages=tuple(stages),
        history=tuple(trained.progress.history),
        warnings=trained.warnings,
        skipped_steps=trained.progress.skipped,
        rank=trained.reduction.rank,
        refitted=len(trained.refitted) > 0,
        versions=versions(),
        symmetry=trained.symmetry,
        search=search,
    )
    networks = (trained.refitted or trained.members)[0]
    return Surrogate(
        settings=settings,
        split=split,
        variables=dataset.variables,
        units=dataset.units,
        time_unit=dataset.time_unit,
        motion=dataset.motion,
        times=dataset.times,
        mesh=dataset.mesh,
        condition_scaler=trained.condition_scaler,
        reduction=trained.reduction,
        networks=networks,
        training_latents=_latents(trained, networks, trained.rows["train"]),
        ensemble=ensemble,
        # A VAE that this training has not changed keeps the record of the training that made it.
        vae_training=vae_training(settings, info) if kept is None else kept.vae_training,
        info=info,
        mask=dataset.mask,
        shapes=shapes,
    )


def write_model(
    trained: Trained,
    surrogate: Surrogate,
    study: StudyFolder,
    kept: WarmStart | None,
    *,
    runs: int,
) -> None:
    """Write the model files of a study, and the record of a model that has a name.

    ``kept`` is the start whose VAE has not changed: its file and the latents of all ``runs`` runs
    stay as they are.
    """
    latents = None
    if kept is None or kept.vae_file != study.vae_file or not study.has_latents:
        flat = _latents(trained, surrogate.networks, np.arange(runs))
        split = surrogate.networks.vae.latents_from_flat(torch.from_numpy(flat))
        latents = split.z.numpy(), split.h.numpy()
    vae_file = None if kept is None else kept.vae_file
    record = None
    if study.model is not None:
        about = ModelRecord.of(surrogate.info, surrogate.split, now())
        record = record_writers(study, about, surrogate.settings)
    save_parts(surrogate, study, latents, vae_file=vae_file, record=record)


def _latents(trained: Trained, networks: Networks, rows: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return the posterior means of some runs, ``[n, F]``."""
    found = []
    with torch.inference_mode():
        # One run after another: coefficients may be read from disk.
        for row in rows:
            coefficients = torch.as_tensor(trained.coefficients[np.array([row])])
            found.append(networks.vae.encode(coefficients)[0].flat())
    return torch.cat(found).numpy()


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that a result depends on."""
    own = {"python": platform.python_version(), "simulgenvae": __version__}
    return own | {name: importlib.metadata.version(name) for name in ("torch", "numpy")}
