"""Reading of a surrogate without torch, where its networks are of the kinds that NumPy evaluates.

Tested in tests/surrogate/test_light.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.models.field_points import FieldSample
from simulgenvae.settings.networks import CONDITIONERS, DECODERS
from simulgenvae.settings.schema import Settings
from simulgenvae.surrogate.descriptions import (
    ConditionerDescription,
    EnsembleFileDescription,
    VaeDescription,
)
from simulgenvae.surrogate.ensemble.file_content import ensemble_of
from simulgenvae.surrogate.field_parts import field_parts
from simulgenvae.surrogate.light.networks import LightNetworks
from simulgenvae.surrogate.light.pod import LightPod
from simulgenvae.surrogate.model_file import check_kind, require_trained
from simulgenvae.surrogate.parts import PredictingParts
from simulgenvae.surrogate.weights import digest, group, starting_with
from simulgenvae.utils.tensor_file import read_arrays

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.settings import StudyFolder
    from simulgenvae.surrogate.model_file import ModelKind

Arrays = dict[str, "NDArray[Any]"]

_CONDITIONER = "simulgenvae.models.conditioner.table:build"
_DECODERS = {
    "modulated": "simulgenvae.models.decoders.modulated:ModulatedDecoder",
    "field": "simulgenvae.models.decoders.neural_field:NeuralFieldDecoder",
}
"""Networks that NumPy evaluates; another package may have put its own under the same names."""


@dataclass(frozen=True)
class _Files:
    """Content of the model files, each with the description that was checked."""

    vae_tensors: Arrays
    vae: VaeDescription
    conditioner_tensors: Arrays
    conditioner: ConditionerDescription
    ensemble_tensors: Arrays
    ensemble: EnsembleFileDescription


def load_light(study: StudyFolder) -> PredictingParts | None:
    """Return what predicts without torch; None where the study's model needs torch.

    That is so for images, decoders of fixed timesteps, networks of other packages, a model without
    a reduction, and one network alone, whose latents are sampled. It is also so for files that are
    damaged in any way: torch's path says what is wrong with them.

    Raises UserError where the study has no model.
    """
    paths: dict[ModelKind, Path] = {
        "vae": study.vae_file,
        "conditioner": study.conditioner_file,
        "ensemble": study.ensemble_file,
    }
    for kind, path in paths.items():
        require_trained(path, kind, study)
    try:
        return _parts(_read(paths))
    except (UserError, LookupError, TypeError, ValueError, RuntimeError, AttributeError):
        return None


def _read(paths: dict[ModelKind, Path]) -> _Files:
    """Read the model files; an error of any kind where something is wrong with them."""
    content: dict[ModelKind, tuple[Arrays, dict[str, Any]]] = {}
    for kind, path in paths.items():
        content[kind] = read_arrays(path)
        check_kind(path, content[kind][1], kind)
    return _Files(
        content["vae"][0],
        VaeDescription.model_validate(content["vae"][1]),
        content["conditioner"][0],
        ConditionerDescription.model_validate(content["conditioner"][1]),
        content["ensemble"][0],
        EnsembleFileDescription.model_validate(content["ensemble"][1]),
    )


def _parts(files: _Files) -> PredictingParts | None:
    settings = files.conditioner.settings
    first = files.vae.decoder or settings.model.decoder
    decoders = files.ensemble.decoders or (first,) * files.ensemble.members
    if not _is_light(files, settings, (first, *decoders)):
        return None
    _require_one_training(files, settings)
    scaler = files.vae.condition_scaler
    reduction = LightPod.from_arrays(group("reduction.", files.vae_tensors))
    fields = field_parts(files.vae_tensors, reduction, files.vae)
    parts = PredictingParts(
        settings=settings,
        variables=files.vae.variables,
        units=files.vae.units,
        time_unit=files.vae.time_unit,
        motion=files.vae.motion,
        times=fields.times,
        mesh=fields.mesh,
        condition_scaler=scaler,
        reduction=reduction,
        ensemble=None,
        mask=fields.mask,
        shapes=fields.shapes,
    )
    std = files.vae_tensors["vae.coefficient_std"]
    if std.shape != (reduction.rank,) or std.dtype != np.float32:
        raise ValueError("the standard deviations of the coefficients do not fit the reduction")
    distances = parts.distances if settings.conditioner.reads_distances else None
    sample = None
    members = []
    for number, name in enumerate((first, *decoders[1:]), start=1):
        if name == "field" and sample is None:
            if fields.mesh.coords is None:
                raise ValueError("a decoder of positions needs nodes with positions")
            sample = FieldSample.of(fields.mesh.coords, reduction)
        # The first member has files of its own.
        prefix = "" if number == 1 else f"member_{number}."
        conditioner, vae = files.conditioner_tensors, files.vae_tensors
        if number > 1:
            conditioner = vae = files.ensemble_tensors
        members.append(
            LightNetworks(
                settings.with_decoder(name),
                group(f"{prefix}conditioner.", conditioner),
                group(f"{prefix}vae.decoder.", vae),
                std,
                scaler,
                sample if name == "field" else None,
                distances,
            )
        )
    ensemble = ensemble_of(members, files.ensemble_tensors, files.ensemble, parts)
    return PredictingParts(**{**vars(parts), "ensemble": ensemble})


def _is_light(files: _Files, settings: Settings, decoders: tuple[str, ...]) -> bool:
    """Return whether NumPy evaluates everything that the model consists of."""
    scaler = files.vae.condition_scaler
    conditioner = settings.conditioner.kind
    alone = files.ensemble.members == 1
    return (
        scaler.images is None
        and len(scaler.names) > 0
        and conditioner in {"auto", "mlp"}
        and CONDITIONERS["mlp"].build == _CONDITIONER
        and all(DECODERS[name].build == _DECODERS.get(name) for name in decoders)
        and settings.reduction.method == "pod"
        and not files.ensemble.mirror_views
        # The expected error of one network alone is that of samples of its latents.
        and not (alone and files.ensemble.calibration is not None)
    )


def _require_one_training(files: _Files, settings: Settings) -> None:
    """Raise ValueError unless all files belong to one training, and are as they were written."""
    vae = Settings.model_validate(files.vae.settings)
    conditioner = starting_with("conditioner.", files.conditioner_tensors)
    if (
        files.conditioner.vae != files.vae.vae
        or files.ensemble.vae != files.vae.vae
        or files.ensemble.conditioner != files.conditioner.conditioner
        or (vae.model, vae.reduction) != (settings.model, settings.reduction)
        or digest(starting_with("vae.", files.vae_tensors)) != files.vae.vae
        or digest(conditioner) != files.conditioner.conditioner
    ):
        raise ValueError("the files do not belong together")
