"""Places and names of files that are written for the user.

Tested in tests/export/test_write.py and test_vtk.py.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError
from simulgenvae.utils.atomic import leftovers

if TYPE_CHECKING:
    from pathlib import Path


def require_free(path: Path, *, overwrite: bool) -> None:
    """Raise UserError when the folder of ``path`` is missing, or ``path`` must not be replaced."""
    if not path.parent.is_dir():
        raise UserError(f"{path}: the folder {path.parent} does not exist; make it first")
    if os.path.lexists(path) and not overwrite:
        raise UserError(
            f"{path} exists already; choose another name, or give --overwrite to replace it"
        )


_OURS = {".pvd", ".vtu", ".vtkhdf", ".xdmf", ".h5", ".nc"}


def require_predictions(path: Path) -> None:
    """Raise UserError when ``path`` is a folder with anything but files of predictions.

    The whole folder would be replaced, so nothing else may be in it.
    """
    if not path.is_dir():
        return
    groups = {each.parent for each in path.rglob("zarr.json") if each.parent.suffix == ".zarr"}
    foreign = [
        file
        for file in path.rglob("*")
        if not (file.is_dir() or file.suffix in _OURS or file.name.startswith("."))
        if groups.isdisjoint(file.parents)
    ]
    if path.is_symlink() or foreign:
        raise UserError(
            f"{foreign[0] if foreign else path} is no file of an earlier prediction, so {path} "
            "stays; choose another name"
        )


def was_interrupted(path: Path) -> bool:
    """Return whether the writer of ``path`` was killed before ``path`` was in its place.

    Other files of its prediction may be in theirs: a prediction of several files starts again.
    """
    return not os.path.lexists(path) and path.parent.is_dir() and bool(leftovers(path))


def safe_name(run: str, used: set[str]) -> str:
    """Return a file name for a run id, new among ``used``, to which it is added.

    It is new as well on file systems that ignore case.
    """
    # Signs that every file system allows, and a length below the usual limit of 255.
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", run)[:100] or "run"
    name = plain
    number = 1
    while name.lower() in used:
        number += 1
        name = f"{plain}_{number}"
    used.add(name.lower())
    return name
