"""Model files of a study: the VAE, the conditioner, the ensemble, and the latents as arrays.

Each network file is one safetensors file with a description (``descriptions.py``), and is checked
before any network is filled (``assemble.py``).
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from simulgenvae.errors import UserError
from simulgenvae.surrogate.assemble import ConditionerFile, assemble
from simulgenvae.surrogate.descriptions import (
    ConditionerDescription,
    EnsembleFileDescription,
    ModelDescription,
    VaeDescription,
)
from simulgenvae.surrogate.ensemble.file_content import ensemble_state, restore_ensemble
from simulgenvae.surrogate.model_file import (
    FORMAT_VERSION,
    ModelKind,
    check_kind,
    complete_model,
    require_trained,
    require_vae,
)
from simulgenvae.surrogate.shapes.file_content import shape_arrays, shape_description
from simulgenvae.surrogate.weights import digest, starting_with
from simulgenvae.utils.atomic import atomic_write_together
from simulgenvae.utils.tensor_file import read_tensors, save_tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.settings import StudyFolder
    from simulgenvae.surrogate.parts import Parts

Content = tuple[dict[str, Tensor], ModelDescription]
"""Tensors and description of one file."""


def save_parts(
    parts: Parts,
    study: StudyFolder,
    latents: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None,
    *,
    vae_file: Path | None = None,
    record: Mapping[Path, Callable[[Path], object]] | None = None,
) -> None:
    """Write the files of a model, all of them or none.

    Parameters
    ----------
    parts
        The VAE, and the conditioner and the ensemble where they are trained.
    study
        Study whose files are written.
    latents
        Posterior means of all runs, ``[N, D]`` and ``[N, L, d]``; their files stay as they are when
        not given.
    vae_file
        File that holds the VAE already. It is kept bit by bit, or copied where it is not that of
        the study.
    record
        Functions that write further files of the model, each by the file.

    Raises
    ------
    UserError
        When a file cannot be written.
    """
    # First everything is prepared, then all files are written: see below.
    files: dict[Path, Callable[[Path], object]] = dict(record or {})
    common: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "vae": digest(starting_with("vae.", parts.networks.state_dict())),
        "condition_scaler": parts.condition_scaler,
    }
    # A VAE that has not been trained again keeps its file, so that its bytes stay the same.
    if vae_file is None:
        files[study.vae_file] = partial(_save, _vae_content(parts, common))
    elif not (study.vae_file.exists() and vae_file.samefile(study.vae_file)):
        files[study.vae_file] = partial(shutil.copyfile, vae_file)
    if parts.ensemble is not None:
        conditioner = starting_with("conditioner.", parts.networks.state_dict())
        common["conditioner"] = digest(conditioner)
        description = ConditionerDescription(**common, settings=parts.settings, info=parts.info)
        files[study.conditioner_file] = partial(_save, (conditioner, description))
        tensors, ensemble = ensemble_state(parts.ensemble)
        described = EnsembleFileDescription(**common, **ensemble.model_dump())
        files[study.ensemble_file] = partial(_save, (tensors, described))
    if latents is not None:
        files[study.latents_file] = partial(_save_array, latents[0])
        files[study.hierarchical_latents_file] = partial(_save_array, latents[1])
    # Files that belong together must not be of two trainings because the disk became full between
    # them.
    with atomic_write_together(*files) as temporaries:
        for temporary, save in zip(temporaries, files.values(), strict=True):
            save(temporary)


def _vae_content(parts: Parts, common: dict[str, Any]) -> Content:
    """Return tensors and description of the VAE's file.

    Besides the network it has the reduction, the mesh and the times. ``common`` is what the
    descriptions of all model files hold.
    """
    arrays = {f"reduction.{name}": array for name, array in parts.reduction.arrays().items()}
    arrays["times"] = parts.times
    if parts.training_latents is not None:
        arrays["training_latents"] = parts.training_latents
    mesh = parts.whole_mesh
    arrays |= {f"cells.{name}": array for name, array in mesh.cells.arrays().items()}
    arrays |= {f"sets.{name}": array for name, array in mesh.sets.arrays().items()}
    if mesh.coords is not None:
        arrays["coords"] = mesh.coords
    if parts.shapes is not None:
        arrays |= {f"shapes.{name}": array for name, array in shape_arrays(parts.shapes).items()}
    if parts.mask is not None:
        arrays["valued"] = parts.mask.valued.astype(np.uint8)
    tensors = starting_with("vae.", parts.networks.state_dict())
    for name, array in arrays.items():
        # safetensors writes the bytes as they lie in memory.
        tensors[name] = torch.from_numpy(np.ascontiguousarray(array))
    description = VaeDescription(
        **common,
        settings=parts.vae_training.settings,
        info=parts.vae_training.info,
        decoder=parts.networks.decoder_name,
        split=parts.split,
        variables=parts.variables,
        units=parts.units,
        time_unit=parts.time_unit,
        motion=parts.motion,
        length_unit=parts.mesh.unit,
        sets=mesh.sets.names,
        shapes=None if parts.shapes is None else shape_description(parts.shapes),
    )
    return tensors, description


def _save(content: Content, path: Path) -> None:
    tensors, description = content
    save_tensors(path, tensors, description.model_dump(mode="json"))


def _save_array(array: NDArray[np.float32], path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, array)


def load_parts(study: StudyFolder) -> Parts:
    """Read the model files of a study.

    Raises
    ------
    UserError
        When one is missing, damaged or of another format version, or they were not trained
        together.
    """
    tensors, vae = read_vae(study.vae_file, study)
    conditioner = read_conditioner(vae, study)
    ensemble_tensors, about = read_model_file(study.ensemble_file, "ensemble", study)
    with complete_model(study.ensemble_file):
        described = EnsembleFileDescription.model_validate(about)
    # Whether files belong together is asked before any weight is looked at: it is the likelier
    # mistake, and its message says what to do.
    require_vae(described, vae, study.ensemble_file, study)
    if described.conditioner != conditioner.description.conditioner:
        raise UserError(
            f"{study.ensemble_file} was made for another conditioner than "
            f"{study.conditioner_file}: train the conditioner again with `simulgenvae train "
            f"{study.folder} --stage conditioner`."
        )
    with complete_model(study.vae_file):
        parts = assemble(tensors, vae, conditioner)
    with complete_model(study.ensemble_file):
        ensemble = restore_ensemble(ensemble_tensors, described, parts)
    return replace(parts, ensemble=ensemble)


def read_vae(path: Path, study: StudyFolder) -> tuple[dict[str, Tensor], VaeDescription]:
    """Return tensors and description of a VAE's file.

    Raises
    ------
    UserError
        When the file is missing, damaged or of another format version.
    """
    tensors, about = read_model_file(path, "vae", study)
    with complete_model(path):
        return tensors, VaeDescription.model_validate(about)


def read_conditioner(vae: VaeDescription, study: StudyFolder) -> ConditionerFile:
    """Return the content of a study's conditioner file.

    Raises
    ------
    UserError
        When the file is missing or damaged, or belongs to another VAE.
    """
    tensors, about = read_model_file(study.conditioner_file, "conditioner", study)
    with complete_model(study.conditioner_file):
        description = ConditionerDescription.model_validate(about)
    require_vae(description, vae, study.conditioner_file, study)
    with complete_model(study.conditioner_file):
        return ConditionerFile.checked(tensors, description)


def read_model_file(
    path: Path, kind: ModelKind, study: StudyFolder
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return tensors and unchecked description of a model file.

    Raises
    ------
    UserError
        When it is missing, of another format version or of another kind.
    """
    require_trained(path, kind, study)
    tensors, about = read_tensors(path)
    check_kind(path, about, kind)
    return tensors, about
