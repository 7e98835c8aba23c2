"""A trained surrogate as files: one safetensors file for the VAE, one for the conditioner, and the latents as arrays.

Everything that is read is checked against the settings in the same file before any network is filled: a file from a
stranger can neither run code nor ask for more memory than it holds itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from simulgenvae.data.conditions import ConditionScaler
from simulgenvae.data.dataset import Mesh
from simulgenvae.data.description import check_times
from simulgenvae.data.names import check_ids, check_names
from simulgenvae.data.split import Split
from simulgenvae.ensemble import Ensemble
from simulgenvae.ensemble.file import ensemble_state, restore_ensemble
from simulgenvae.errors import UserError
from simulgenvae.reduction import Reduction, restore_reduction
from simulgenvae.settings import Settings, Study
from simulgenvae.training.problem import Networks
from simulgenvae.training.stages import stage_name
from simulgenvae.training.tensor_file import read_tensors, save_tensors, written_together
from simulgenvae.training.train import STAGES, Start

FORMAT_VERSION = 2
Kind = Literal["vae", "conditioner", "ensemble"]


@dataclass(frozen=True)
class Parts:
    """What the two model files hold together; the fields are those of :class:`simulgenvae.surrogate.Surrogate`."""

    settings: Settings
    split: Split
    variables: tuple[str, ...]
    units: tuple[str, ...]
    times: NDArray[np.float64]
    mesh: Mesh
    condition_scaler: ConditionScaler
    reduction: Reduction
    networks: Networks
    """The first member: its VAE gives the latents."""
    ensemble: Ensemble | None
    """What predicts; None where the VAE alone is trained."""
    info: dict[str, Any]


def save_parts(
    parts: Parts, study: Study, latents: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
) -> None:
    """Write the files of ``model_save/``, all of them or none: the VAE, the trained conditioner, the ensemble, and
    ``latents``.

    latents: posterior means of all runs, ``[N, D]`` and ``[N, L, d]``, as the documented arrays.
    """
    weights = parts.networks.state_dict()
    vae = {name: value for name, value in weights.items() if name.startswith("vae.")}
    arrays = {f"reduction.{name}": array for name, array in parts.reduction.arrays().items()}
    arrays["times"] = parts.times
    arrays |= {f"cells.{name}": cells for name, cells in parts.mesh.cells.items()}
    if parts.mesh.coords is not None:
        arrays["coords"] = parts.mesh.coords
    common = {
        "format_version": FORMAT_VERSION,
        "vae": _digest(vae),
        "settings": parts.settings.model_dump(mode="json"),
        "condition_scaler": parts.condition_scaler.to_dict(),
        "info": parts.info,
    }
    description = {
        "kind": "vae",
        "split": asdict(parts.split),
        "variables": parts.variables,
        "units": parts.units,
    }
    tensors = vae | {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
    files: dict[Path, Callable[[Path], None]] = {
        study.vae_file: lambda path: save_tensors(path, tensors, common | description)
    }
    if parts.info["conditioner_trained"]:
        conditioner = {name: value for name, value in weights.items() if name.startswith("conditioner.")}
        files[study.conditioner_file] = lambda path: save_tensors(path, conditioner, common | {"kind": "conditioner"})
    if parts.ensemble is not None:
        others, about = ensemble_state(parts.ensemble)
        files[study.ensemble_file] = lambda path: save_tensors(path, others, common | about | {"kind": "ensemble"})
    if latents is not None:
        z, h = latents
        files[study.latents_file] = lambda path: _save_array(path, z)
        files[study.hierarchical_latents_file] = lambda path: _save_array(path, h)
    with written_together(*files) as temporaries:
        for temporary, save in zip(temporaries, files.values(), strict=True):
            save(temporary)


def _save_array(path: Path, array: NDArray[np.float32]) -> None:
    with path.open("wb") as file:
        np.save(file, array)


def load_parts(study: Study) -> Parts:
    """Read all files back.

    Raises
    ------
    UserError
        When one is missing, damaged, of another format version, or they were not trained together.
    """
    tensors, about = _read(study.vae_file, "vae", study)
    conditioner, about_conditioner = _read(study.conditioner_file, "conditioner", study)
    _check_pair(about, about_conditioner, study.conditioner_file, study)
    others, about_ensemble = _read(study.ensemble_file, "ensemble", study)
    _check_pair(about, about_ensemble, study.ensemble_file, study)
    with _complete(study.vae_file):
        parts = _assemble(tensors, conditioner, about)
    with _complete(study.ensemble_file):
        ensemble = restore_ensemble(
            others, about_ensemble, parts.networks, parts.settings, parts.condition_scaler, parts.times
        )
    return replace(parts, ensemble=ensemble)


def load_start(vae_file: Path, study: Study, settings: Settings, *, conditioner: bool) -> Start:
    """Trained parts to go on from: the VAE of ``vae_file``, and the study's conditioner when that is asked for.

    Raises
    ------
    UserError
        When a file is missing or damaged, or has another reduction or architecture than ``settings``.
    """
    tensors, about = _read(vae_file, "vae", study)
    weights: dict[str, Tensor] | None = None
    if conditioner:
        weights, about_conditioner = _read(study.conditioner_file, "conditioner", study)
        _check_pair(about, about_conditioner, study.conditioner_file, study)
    with _complete(vae_file):
        parts = _assemble(tensors, weights, about)
    for part in ("reduction", "model", *(["conditioner"] if conditioner else [])):
        old, new = (getattr(each, part).model_dump(mode="json") for each in (parts.settings, settings))
        if changed := [f"{part}.{key} was {old[key]} and is {new[key]}" for key in old if old[key] != new[key]]:
            raise UserError(
                f"{vae_file} was trained with other settings: {'; '.join(changed)}. Use the same ones for later "
                "stages, or train all stages again with --overwrite."
            )
    return Start(
        reduction=parts.reduction,
        split=parts.split,
        weights=_of("vae", tensors) | (weights or {}),
        data_fingerprint=parts.info["data_fingerprint"],
        shape=(len(parts.times), *parts.reduction.field_shape),
        condition_scaler=parts.condition_scaler,
    )


def _read(path: Path, kind: Kind, study: Study) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and description of a model file; of a conditioner's file, its weights alone."""
    if not path.exists():
        stage = "" if kind == "vae" else " --stage conditioner"
        raise UserError(f"{path} does not exist: train first, with `simulgenvae train {study.folder}{stage}`.")
    tensors, about = read_tensors(path)
    if about.get("format_version") != FORMAT_VERSION:
        raise UserError(
            f"{path} has format version {about.get('format_version')}, this simulgenvae reads {FORMAT_VERSION}: "
            "train again, or use the version that wrote it."
        )
    if about.get("kind") != kind:
        raise UserError(f"{path} does not hold a {kind} (but: {about.get('kind')}). Restore the file from a copy.")
    return (_of(kind, tensors) if kind == "conditioner" else tensors), about


def _check_pair(about_vae: dict[str, Any], about: dict[str, Any], file: Path, study: Study) -> None:
    if about_vae.get("vae") != about.get("vae"):
        raise UserError(
            f"{file} was trained for another VAE than {study.vae_file}: train the conditioner again "
            f"with `simulgenvae train {study.folder} --stage conditioner`."
        )


@contextmanager
def _complete(path: Path) -> Iterator[None]:
    """Errors of a file whose entries are missing or do not belong together, in the user's words."""
    try:
        yield
    except (UserError, LookupError, TypeError, ValueError, RuntimeError, AttributeError, OverflowError) as error:
        what = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        raise UserError(
            f"{path} does not hold a complete model ({what}). Train again, or restore the file from a copy."
        ) from error


def _of(kind: Kind, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value for name, value in tensors.items() if name.startswith(f"{kind}.")}


def _assemble(tensors: dict[str, Tensor], conditioner: dict[str, Tensor] | None, about: dict[str, Any]) -> Parts:
    """All parts, each checked against the others; without ``conditioner`` that network stays without memory.

    Raises UserError, KeyError, TypeError, ValueError, RuntimeError, AttributeError or OverflowError.
    """
    vae = _of("vae", tensors)
    arrays = {name: value.numpy() for name, value in tensors.items() if name not in vae}
    settings = Settings.model_validate(about["settings"])
    scaler = ConditionScaler.from_dict(about["condition_scaler"])
    reduction = restore_reduction(settings.reduction.method, _group("reduction", arrays))
    times = arrays["times"].astype(np.float64)
    check_times(times)
    with torch.device("meta"):  # no memory is taken until the shapes are known to be those of the file
        networks = Networks(settings, torch.empty(reduction.rank), torch.empty(len(times)), scaler)
    _fill(networks.vae, vae, "vae")
    if conditioner is not None:
        _fill(networks.conditioner, conditioner, "conditioner")
    if _digest(vae) != about["vae"]:
        raise ValueError("the weights are not those that were written")
    nodes, count = reduction.field_shape
    variables, units = tuple(about["variables"]), tuple(about["units"])
    if not (len(variables) == len(units) == count and len(times)):
        raise ValueError(f"{len(variables)} variables, {len(units)} units and {len(times)} times of {count} fields")
    check_names(variables, "variable")
    if not all(isinstance(unit, str) for unit in units):
        raise TypeError("the units are no texts")
    mesh = Mesh(arrays.get("coords"), _group("cells", arrays))
    mesh.check(nodes)
    _check_info(about["info"])
    return Parts(
        settings=settings,
        split=_split(about["split"]),
        variables=variables,
        units=units,
        times=times,
        mesh=mesh,
        condition_scaler=scaler,
        reduction=reduction,
        networks=networks.eval(),
        ensemble=None,
        info=about["info"],
    )


def _group(name: str, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {key.removeprefix(f"{name}."): array for key, array in arrays.items() if key.startswith(f"{name}.")}


def _fill(module: nn.Module, weights: dict[str, Tensor], kind: Kind) -> None:
    """Put all weights in their places: each of the right shape and type, finite, none missing, none left over."""
    if bad := [name for name, value in weights.items() if value.dtype != torch.float32 or not value.isfinite().all()]:
        raise ValueError(f"{bad[0]} does not hold finite numbers of 32 bits")
    module.load_state_dict(
        {name.removeprefix(f"{kind}."): value for name, value in weights.items()}, strict=True, assign=True
    )


def _split(parts: dict[str, list[str]]) -> Split:
    split = Split(**{part: tuple(ids) for part, ids in parts.items()})
    check_ids((*split.train, *split.validation, *split.test))
    if not split.train:
        raise ValueError("the split has no training runs")
    return split


def _check_info(info: dict[str, Any]) -> None:
    """Types of the entries that others read; TypeError, KeyError or ValueError where one is missing or wrong."""
    if not isinstance(info["data_fingerprint"], str) or not isinstance(info["conditioner_trained"], bool):
        raise TypeError("data_fingerprint or conditioner_trained in info")
    if not isinstance(info["stages"], list) or any(stage not in STAGES for stage in info["stages"]):
        raise ValueError("unknown stages in info")
    for entry in info["history"]:
        numbers = float(entry["step"]), float(entry["train"]), float(entry["validation"])
        if stage_name(entry["stage"]) not in STAGES or numbers[0] < 0:
            raise ValueError("unknown stages in the history")
        float(entry.get("train_error", 0.0))
    warnings = info.get("warnings", [])
    if not isinstance(warnings, list) or not all(isinstance(each, str) and each.isprintable() for each in warnings):
        raise TypeError("the warnings in info are no plain texts")


def _digest(weights: dict[str, Tensor]) -> str:
    """Fingerprint of the VAE's weights: it ties a conditioner to the VAE it was trained for."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(name.encode())
        digest.update(weights[name].detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
