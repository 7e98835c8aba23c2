"""Tensors and JSON in one safetensors file: written whole or not at all, read without running
anything."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from simulgenvae.errors import UserError
from simulgenvae.utils.resources import require_memory


def write_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, Any]) -> None:
    """Write a safetensors file whole or not at all; the previous file survives any failure.

    Raises
    ------
    UserError
        When the disk is full or the folder cannot be written.
    """
    with written_together(path) as (temporary,):
        save_tensors(temporary, tensors, metadata)


def save_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, Any]) -> None:
    """Write a safetensors file in place: for the temporary paths of :func:`written_together`."""
    contiguous = {
        name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()
    }
    save_file(contiguous, path, {"json": json.dumps(metadata)})


@contextmanager
def written_together(*paths: Path) -> Iterator[list[Path]]:
    """A temporary path for each of ``paths``; all take their places once every one of them is
    complete on the disk.

    Files that belong together are then never of two trainings because the disk became full between
    them.

    Raises
    ------
    UserError
        When the disk is full or a folder cannot be written; what was at ``paths`` is then still
        there.
    """
    temporaries = [path.with_name(f".{path.name}.writing") for path in paths]
    try:
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
        yield temporaries
        for temporary in temporaries:
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
        for temporary, path in zip(temporaries, paths, strict=True):
            temporary.replace(path)
    except (OSError, SafetensorError) as error:
        raise UserError(
            f"{' and '.join(map(str, paths))} could not be written ({error}). What was there "
            "before is untouched. Free some space or make the folder writable, then go on with "
            "--resume."
        ) from error
    finally:
        for temporary in temporaries:
            if (
                temporary.exists()
            ):  # unlink(missing_ok=True) raises where the folder itself is a file
                temporary.unlink()


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and metadata of a file made by :func:`write_tensors`.

    Raises
    ------
    UserError
        When the file is missing, truncated, of another kind or larger than the available memory.
    """
    if not path.is_file():
        raise UserError(f"{path} does not exist.")
    require_memory(
        path.stat().st_size,
        f"reading {path}",
        "it may not be what it seems; restore it from a copy.",
    )
    try:
        with safe_open(path, framework="pt") as file:
            metadata = json.loads((file.metadata() or {})["json"])
            if not isinstance(metadata, dict):
                raise ValueError("its description is no table")
            # Clones are aligned as tensors in memory are: a model that was loaded computes the same
            # bits as before.
            return {name: file.get_tensor(name).clone() for name in file.keys()}, metadata  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError, KeyError, ValueError, RecursionError) as error:
        raise UserError(
            f"{path} is damaged or was not written by simulgenvae ({type(error).__name__}: "
            f"{error}). Train again, or restore the file from a copy."
        ) from error
