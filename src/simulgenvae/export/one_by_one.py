"""Formats of which one file holds one design: ``{id}`` in the name is replaced by each id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.errors import UserError
from simulgenvae.export.export_format import EXPORT_FORMATS
from simulgenvae.export.target import require_free, safe_name
from simulgenvae.utils.atomic import temporary_beside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from simulgenvae.export.batches import Batch
    from simulgenvae.mesh.mesh import Mesh

ID = "{id}"


def write_each(batches: Iterator[Batch], mesh: Mesh, path: Path, *, overwrite: bool) -> None:
    """Write each design to its own file, named by ``path``.

    All files are written to a temporary folder and moved to their places at the end.

    Raises
    ------
    UserError
        With nothing written, when there are several designs and no ``{id}`` in the name, or when
        one of the files exists and ``overwrite`` is false.
    """
    export_format = EXPORT_FORMATS[path.suffix]
    assert export_format.write_one is not None
    used: set[str] = set()
    try:
        # A folder, and not a temporary name for each file: an .xdmf names its .h5 file, so that
        # both must be written under their final names.
        with temporary_beside(path) as folder:
            folder.mkdir()
            for batch in batches:
                for index, run in enumerate(batch.ids):
                    target = _target(path, run, used)
                    for file in export_format.paths(target):
                        require_free(file, overwrite=overwrite)
                    export_format.write_one(batch, index, mesh, folder / target.name)
            for file in folder.iterdir():
                file.replace(path.parent / file.name)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror or error}") from error


def _target(path: Path, run: str, used: set[str]) -> Path:
    """Return the file of a design, new among the names ``used``, to which it is added."""
    if used and ID not in path.name:
        raise UserError(
            f"{path}: a {path.suffix} file holds one design, and there are several: put {ID} into "
            f"the name, as in {path.with_stem(f'{path.stem}_{ID}')}"
        )
    # Ids are texts of users: only signs that every file system allows become part of a name.
    return path.with_name(path.name.replace(ID, safe_name(run, used)))
