"""A trained surrogate as files: one safetensors file for the VAE, one for the conditioner, and the latents as arrays.

Everything that is read is checked against the settings in the same file before any network is filled: a file from a
stranger can neither run code nor ask for more memory than it holds itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simulgenvae.data.conditions import ConditionScaler
from simulgenvae.data.dataset import Mesh
from simulgenvae.data.description import check_times
from simulgenvae.data.split import Split
from simulgenvae.errors import UserError
from simulgenvae.reduction import Reduction, restore_reduction
from simulgenvae.settings import Settings, Study
from simulgenvae.training.problem import Networks
from simulgenvae.training.tensor_file import read_tensors, save_tensors, written_together
from simulgenvae.training.train import Start

FORMAT_VERSION = 1


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
    info: dict[str, Any]


def save_parts(
    parts: Parts, study: Study, latents: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
) -> None:
    """Write the files of ``model_save/``, all of them or none: the VAE, the trained conditioner, and ``latents``.

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
    """Read both files back.

    Raises
    ------
    UserError
        When one is missing, damaged, of another format version, or the two were not trained together.
    """
    tensors, about = _read(study.vae_file, study)
    conditioner, about_conditioner = _read(study.conditioner_file, study)
    _check_pair(about, about_conditioner, study.vae_file, study)
    with _complete(study.vae_file):
        return _assemble(tensors | conditioner, about)


def load_start(vae_file: Path, study: Study, settings: Settings, *, conditioner: bool) -> Start:
    """Trained parts to go on from: the VAE of ``vae_file``, and the study's conditioner when that is asked for.

    Raises
    ------
    UserError
        When a file is missing or damaged, or has another reduction or architecture than ``settings``.
    """
    tensors, about = _read(vae_file, study)
    if conditioner:
        weights, about_conditioner = _read(study.conditioner_file, study)
        _check_pair(about, about_conditioner, vae_file, study)
        tensors |= weights
    with _complete(vae_file):
        stored = Settings.model_validate(about["settings"])
        for part in ("reduction", "model", *(["conditioner"] if conditioner else [])):
            old, new = (getattr(each, part).model_dump(mode="json") for each in (stored, settings))
            if changed := [f"{part}.{key} was {old[key]} and is {new[key]}" for key in old if old[key] != new[key]]:
                raise UserError(
                    f"{vae_file} was trained with other settings: {'; '.join(changed)}. Use the same ones for later "
                    "stages, or train all stages again with --overwrite."
                )
        return Start(
            reduction=_reduction(stored, _arrays(tensors)),
            split=Split(**{part: tuple(ids) for part, ids in about["split"].items()}),
            weights=_weights(tensors),
            data_fingerprint=about["info"]["data_fingerprint"],
        )


def _read(path: Path, study: Study) -> tuple[dict[str, Tensor], dict[str, Any]]:
    if not path.exists():
        raise UserError(f"{path} does not exist: train first, with `simulgenvae train {study.folder}`.")
    tensors, about = read_tensors(path)
    if about.get("format_version") != FORMAT_VERSION:
        raise UserError(
            f"{path} has format version {about.get('format_version')}, this simulgenvae reads {FORMAT_VERSION}: "
            "train again, or use the version that wrote it."
        )
    return tensors, about


def _check_pair(about_vae: dict[str, Any], about_conditioner: dict[str, Any], vae_file: Path, study: Study) -> None:
    if about_vae.get("vae") != about_conditioner.get("vae"):
        raise UserError(
            f"{study.conditioner_file} was trained for another VAE than {vae_file}: train the conditioner again "
            f"with `simulgenvae train {study.folder} --stage conditioner`."
        )


@contextmanager
def _complete(path: Path) -> Iterator[None]:
    """Errors of a file whose entries are missing or do not belong together, in the user's words."""
    try:
        yield
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise UserError(
            f"{path} does not hold a complete model ({type(error).__name__}: {error}). Train again, or restore the "
            "file from a copy."
        ) from error


def _weights(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value for name, value in tensors.items() if name.startswith(("vae.", "conditioner."))}


def _arrays(tensors: dict[str, Tensor]) -> dict[str, NDArray[Any]]:
    return {name: value.numpy() for name, value in tensors.items() if name not in _weights(tensors)}


def _reduction(settings: Settings, arrays: dict[str, NDArray[Any]]) -> Reduction:
    own = {name.removeprefix("reduction."): array for name, array in arrays.items() if name.startswith("reduction.")}
    return restore_reduction(settings.reduction.method, own)


def _assemble(tensors: dict[str, Tensor], about: dict[str, Any]) -> Parts:
    arrays = _arrays(tensors)
    settings = Settings.model_validate(about["settings"])
    scaler = ConditionScaler.from_dict(about["condition_scaler"])
    reduction = _reduction(settings, arrays)
    times = arrays["times"].astype(np.float64)
    with torch.device("meta"):  # no memory is taken until the shapes are known to be those of the file
        networks = Networks(settings, torch.empty(reduction.rank), torch.empty(len(times)), len(scaler.names))
    networks.load_state_dict(_weights(tensors), strict=True, assign=True)
    if any(value.dtype != torch.float32 for value in networks.state_dict().values()):
        raise ValueError("weights are not float32")
    variables, units = tuple(about["variables"]), tuple(about["units"])
    mesh = Mesh(
        arrays.get("coords"),
        {name.removeprefix("cells."): array for name, array in arrays.items() if name.startswith("cells.")},
    )
    nodes, count = reduction.decode(np.zeros(reduction.rank, np.float32)).shape
    if not (len(variables) == len(units) == count and len(times)):
        raise ValueError(f"{len(variables)} variables, {len(units)} units and {len(times)} times of {count} fields")
    check_times(times)
    mesh.check(nodes)
    return Parts(
        settings=settings,
        split=Split(**{part: tuple(ids) for part, ids in about["split"].items()}),
        variables=variables,
        units=units,
        times=times,
        mesh=mesh,
        condition_scaler=scaler,
        reduction=reduction,
        networks=networks.eval(),
        info=about["info"],
    )


def _digest(weights: dict[str, Tensor]) -> str:
    """Fingerprint of the VAE's weights: it ties a conditioner to the VAE it was trained for."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(name.encode())
        digest.update(weights[name].detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
