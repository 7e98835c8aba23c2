"""Tensors and JSON in one safetensors file, which is written atomically and runs no code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from safetensors import SafetensorError, safe_open

from simulgenvae.errors import UserError
from simulgenvae.utils.atomic import atomic_write_together
from simulgenvae.utils.resources import require_memory

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor


def write_tensors(path: Path, tensors: dict[str, Tensor], metadata: Mapping[str, object]) -> None:
    """Write a safetensors file completely or not at all; the old file survives any failure.

    Raises
    ------
    UserError
        When the disk is full or the folder cannot be written.
    """
    with atomic_write_together(path) as (temporary,):
        save_tensors(temporary, tensors, metadata)


def save_tensors(path: Path, tensors: dict[str, Tensor], metadata: Mapping[str, object]) -> None:
    """Write a safetensors file to ``path``, for example a path of :func:`atomic_write_together`.

    Raises OSError when it cannot be written.
    """
    # Imported here: files are also read without torch.
    from safetensors.torch import save_file

    # safetensors refuses tensors that share memory, as tied weights do.
    contiguous = {
        name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()
    }
    try:
        save_file(contiguous, path, {"json": json.dumps(dict(metadata))})
    except SafetensorError as error:  # what the library makes of a full disk
        raise OSError(str(error)) from error


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return tensors and metadata of a file made by :func:`write_tensors`.

    Raises
    ------
    UserError
        When the file is missing, truncated, of another kind or larger than the available memory.
    """
    values, metadata = _read(path, "pt")
    # Clones are aligned as tensors in memory are: a model that was loaded computes the same bits as
    # before.
    return {name: value.clone() for name, value in values.items()}, metadata


def read_arrays(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return what :func:`read_tensors` does as arrays, without torch."""
    return _read(path, "numpy")


def read_some_arrays(
    path: Path, names: Collection[str]
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return some arrays, as far as the file has them, and the metadata, without torch.

    Raises UserError as :func:`read_tensors` does.
    """
    return _read(path, "numpy", names)


def _read(
    path: Path, framework: Literal["pt", "numpy"], names: Collection[str] | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    if not path.is_file():
        raise UserError(f"{path} does not exist.")
    require_memory(
        path.stat().st_size,
        f"reading {path}",
        "it may not be what it seems; restore it from a copy.",
    )
    try:
        with safe_open(path, framework=framework) as file:
            # The header of the format holds texts only.
            metadata = json.loads((file.metadata() or {})["json"])
            if not isinstance(metadata, dict):
                raise ValueError("its description is no table")
            wanted = file.keys() if names is None else set(names).intersection(file.keys())
            return {name: file.get_tensor(name) for name in wanted}, metadata
    except (SafetensorError, OSError, KeyError, ValueError, RecursionError) as error:
        raise UserError(
            f"{path} is damaged or was not written by simulgenvae ({type(error).__name__}: "
            f"{error}). Train again, or restore the file from a copy."
        ) from error
