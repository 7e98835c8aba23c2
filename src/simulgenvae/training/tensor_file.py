"""Tensors and JSON in one safetensors file: written whole or not at all, read without running anything."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from simulgenvae.errors import UserError


def write_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, Any]) -> None:
    """Write a safetensors file whole or not at all; the previous file survives any failure.

    Raises
    ------
    UserError
        When the disk is full or the folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.writing")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        contiguous = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
        save_file(contiguous, temporary, {"json": json.dumps(metadata)})
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except (OSError, SafetensorError) as error:
        temporary.unlink(missing_ok=True)
        raise UserError(
            f"{path} could not be written ({error}). What was there before is untouched. Free some space or make the "
            "folder writable, then go on with --resume."
        ) from error


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and metadata of a file made by :func:`write_tensors`.

    Raises
    ------
    UserError
        When the file is missing, truncated or of another kind.
    """
    if not path.is_file():
        raise UserError(f"{path} does not exist.")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = json.loads((file.metadata() or {})["json"])
            return {name: file.get_tensor(name) for name in file.keys()}, metadata  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise UserError(
            f"{path} is damaged or was not written by simulgenvae ({type(error).__name__}: {error}). "
            "Train again, or restore the file from a copy."
        ) from error
