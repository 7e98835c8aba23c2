"""A trained surrogate as files: one safetensors file for the VAE, one for the conditioner, and the
latents as arrays.

Everything that is read is checked against the settings in the same file before any network is
filled: a file from a stranger can neither run code nor ask for more memory than it holds itself.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simulgenvae.errors import UserError
from simulgenvae.settings import Settings, StudyFolder
from simulgenvae.surrogate.ensemble.file import (
    EnsembleDescription,
    ensemble_state,
    restore_ensemble,
)
from simulgenvae.surrogate.parts import ConditionerFile, Kind, Parts, assemble, of_kind
from simulgenvae.surrogate.weights import digest
from simulgenvae.training.warm_start import WarmStart
from simulgenvae.utils.atomic import atomic_write_together
from simulgenvae.utils.tensor_file import read_tensors, save_tensors

FORMAT_VERSION = 3


def save_parts(
    parts: Parts,
    study: StudyFolder,
    latents: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None,
    *,
    vae_file: Path | None = None,
) -> None:
    """Write the files of ``model_save/``, all of them or none.

    Parameters
    ----------
    parts
        The VAE, and the conditioner and the ensemble where they are trained.
    study
        Where the files go.
    latents
        Posterior means of all runs, ``[N, D]`` and ``[N, L, d]``; None leaves their files as they
        are.
    vae_file
        File that holds the VAE already: it is kept bit by bit, or copied where it is not that of
        the study.
    """
    common = {
        "format_version": FORMAT_VERSION,
        "vae": digest(of_kind("vae", parts.networks.state_dict())),
        "condition_scaler": parts.condition_scaler.model_dump(mode="json"),
    }
    files: dict[Path, Callable[[Path], object]] = {}
    if vae_file is None:
        files[study.vae_file] = lambda path: save_tensors(path, *_vae(parts, common))
    elif not (study.vae_file.exists() and vae_file.samefile(study.vae_file)):
        files[study.vae_file] = partial(shutil.copyfile, vae_file)
    if parts.ensemble is not None:
        ensemble, about = ensemble_state(parts.ensemble)
        conditioner = of_kind("conditioner", parts.networks.state_dict())
        of_both = common | {"conditioner": digest(conditioner)}
        last = {"settings": parts.settings.model_dump(mode="json"), "info": parts.info.to_json()}
        files[study.conditioner_file] = lambda path: save_tensors(
            path, conditioner, of_both | last | {"kind": "conditioner"}
        )
        files[study.ensemble_file] = lambda path: save_tensors(
            path, ensemble, of_both | about.model_dump(mode="json") | {"kind": "ensemble"}
        )
    if latents is not None:
        z, h = latents
        files[study.latents_file] = lambda path: _save_array(path, z)
        files[study.hierarchical_latents_file] = lambda path: _save_array(path, h)
    with atomic_write_together(*files) as temporaries:
        for temporary, save in zip(temporaries, files.values(), strict=True):
            save(temporary)


def _vae(parts: Parts, common: dict[str, Any]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return tensors and description of the VAE's file: networks, reduction, mesh, and how they
    were trained.

    ``common`` is what all model files say.
    """
    arrays = {f"reduction.{name}": array for name, array in parts.reduction.arrays().items()}
    arrays["times"] = parts.times
    arrays |= {f"cells.{name}": cells for name, cells in parts.mesh.cells.items()}
    if parts.mesh.coords is not None:
        arrays["coords"] = parts.mesh.coords
    about = common | {
        "kind": "vae",
        "settings": parts.vae_training.settings,
        "info": parts.vae_training.info.to_json(),
        "split": asdict(parts.split),
        "variables": parts.variables,
        "units": parts.units,
    }
    tensors = {
        name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()
    }
    return of_kind("vae", parts.networks.state_dict()) | tensors, about


def _save_array(path: Path, array: NDArray[np.float32]) -> None:
    with path.open("wb") as file:
        np.save(file, array)


def load_parts(study: StudyFolder) -> Parts:
    """Read all files back.

    Raises
    ------
    UserError
        When one is missing, damaged, of another format version, or they were not trained together.
    """
    tensors, about = _read(study.vae_file, "vae", study)
    conditioner = _read_conditioner(about, study)
    others, about_ensemble = _read(study.ensemble_file, "ensemble", study)
    _check_pair(about, about_ensemble, study.ensemble_file, study)
    if conditioner.digest != about_ensemble.get("conditioner"):
        raise UserError(
            f"{study.ensemble_file} was made for another conditioner than "
            f"{study.conditioner_file}: train the conditioner again with `simulgenvae train "
            f"{study.folder} --stage conditioner`."
        )
    with _complete(study.vae_file):
        parts = assemble(tensors, about, conditioner)
    with _complete(study.ensemble_file):
        ensemble = restore_ensemble(
            others,
            EnsembleDescription.model_validate(about_ensemble),
            parts.networks,
            parts.settings,
            parts.condition_scaler,
            parts.times,
        )
    return replace(parts, ensemble=ensemble)


def load_start(
    vae_file: Path, study: StudyFolder, settings: Settings, *, conditioner: bool
) -> WarmStart:
    """Trained parts to go on from: the VAE of ``vae_file``, and the study's conditioner when that
    is asked for.

    Raises
    ------
    UserError
        When a file is missing or damaged, or has another reduction or architecture than
        ``settings``.
    """
    tensors, about = _read(vae_file, "vae", study)
    trained = _read_conditioner(about, study) if conditioner else None
    with _complete(vae_file):
        parts = assemble(tensors, about, trained)
    for part in ("reduction", "model", *(["conditioner"] if conditioner else [])):
        old, new = (
            getattr(each, part).model_dump(mode="json") for each in (parts.settings, settings)
        )
        if changed := [
            f"{part}.{key} was {old[key]} and is {new[key]}" for key in old if old[key] != new[key]
        ]:
            raise UserError(
                f"{vae_file} was trained with other settings: {'; '.join(changed)}. Use the same "
                "ones for later stages, or train all stages again with --overwrite."
            )
    return WarmStart(
        reduction=parts.reduction,
        split=parts.split,
        weights=of_kind("vae", tensors) | ({} if trained is None else trained.weights),
        data_fingerprint=parts.info.data_fingerprint,
        shape=(len(parts.times), *parts.reduction.field_shape),
        condition_scaler=parts.condition_scaler,
        vae_training=parts.vae_training,
        vae_file=vae_file,
    )


def _read(path: Path, kind: Kind, study: StudyFolder) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and description of a model file; of a conditioner's file, its weights alone."""
    if not path.exists():
        stage = "" if kind == "vae" else " --stage conditioner"
        raise UserError(
            f"{path} does not exist: train first, with `simulgenvae train {study.folder}{stage}`."
        )
    tensors, about = read_tensors(path)
    if about.get("format_version") != FORMAT_VERSION:
        raise UserError(
            f"{path} has format version {about.get('format_version')}, this simulgenvae reads "
            f"{FORMAT_VERSION}: train again, or use the version that wrote it."
        )
    if about.get("kind") != kind:
        raise UserError(
            f"{path} does not hold a {kind} (but: {about.get('kind')}). Restore the file from a "
            "copy."
        )
    return (of_kind(kind, tensors) if kind == "conditioner" else tensors), about


def _read_conditioner(about_vae: dict[str, Any], study: StudyFolder) -> ConditionerFile:
    """Read the conditioner of a VAE; UserError where its file is damaged or belongs to another
    VAE."""
    weights, about = _read(study.conditioner_file, "conditioner", study)
    _check_pair(about_vae, about, study.conditioner_file, study)
    with _complete(study.conditioner_file):
        return ConditionerFile.of(weights, about)


def _check_pair(
    about_vae: dict[str, Any], about: dict[str, Any], file: Path, study: StudyFolder
) -> None:
    if about_vae.get("vae") != about.get("vae"):
        raise UserError(
            f"{file} was trained for another VAE than {study.vae_file}: train the conditioner "
            f"again with `simulgenvae train {study.folder} --stage conditioner`."
        )


@contextmanager
def _complete(path: Path) -> Iterator[None]:
    """Errors of a file whose entries are missing or do not belong together, in the user's words."""
    try:
        yield
    except (
        UserError,
        LookupError,
        TypeError,
        ValueError,
        RuntimeError,
        AttributeError,
        OverflowError,
    ) as error:
        what = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        raise UserError(
            f"{path} does not hold a complete model ({what}). Train again, or restore the file "
            "from a copy."
        ) from error
