"""Files that hold one design: by their format, or because other designs have other meshes.

``{id}`` in the name is replaced by the id of each of several designs; without it, they are written
to a folder: ``new.vtkhdf`` becomes ``new/ID.vtkhdf``.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError
from simulgenvae.export.export_format import EXPORT_FORMATS, Differing
from simulgenvae.export.target import (
    require_free,
    require_predictions,
    safe_name,
    was_interrupted,
)
from simulgenvae.utils.atomic import atomic_write, temporary_beside

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from simulgenvae.export.batches import Batch
    from simulgenvae.export.export_format import ExportFormat
    from simulgenvae.mesh.mesh import Mesh

ID = "{id}"
MARK = ".predictions"
"""Empty file in a folder of predictions, which may be replaced."""


def holds_one_design(path: Path, differing: Differing = Differing.NOTHING) -> bool:
    """Return whether a file of this suffix holds one design, where their meshes differ so much."""
    return EXPORT_FORMATS[path.suffix].separates(differing)


def written_place(path: Path, designs: int, differing: Differing = Differing.NOTHING) -> Path:
    """Return the file or folder that a prediction of so many designs is written to."""
    is_folder = holds_one_design(path, differing) and _needs_folder(path, designs)
    return path.with_suffix("") if is_folder else path


def require_places(path: Path, ids: Sequence[str], *, overwrite: bool) -> None:
    """Raise UserError unless the files of designs, or their folder, may be written.

    Raises
    ------
    UserError
        When something is there and ``overwrite`` is false, or it is not from a prediction.
    """
    if _needs_folder(path, len(ids)):
        _require_folder(path.with_suffix(""), overwrite=overwrite)
        return
    used: set[str] = set()
    for run in ids:
        for file in EXPORT_FORMATS[path.suffix].paths(_target(path, run, used)):
            require_free(file, overwrite=overwrite)
            require_predictions(file)


def write_each(
    batches: Iterator[Batch], mesh: Mesh, path: Path, *, overwrite: bool, designs: int | None
) -> None:
    """Write each design to its own file.

    All files are written to a temporary folder and moved to their places at the end.

    Parameters
    ----------
    batches
        Predictions.
    mesh
        Mesh of all designs.
    path
        Name of the files, see the module.
    overwrite
        Whether files that exist are replaced.
    designs
        Number of designs. Where it is not given, up to two batches are in memory.

    Raises
    ------
    UserError
        With nothing written, when files or their folder exist and ``overwrite`` is false, or are
        not from a prediction.
    """
    if designs is None:
        some: list[Batch] = []
        for batch in batches:
            some.append(batch)
            designs = (designs or 0) + len(batch.ids)
            if designs > 1:
                break
        batches = chain(some, batches)
    designs = designs or 0
    is_folder = _needs_folder(path, designs)
    folder = path.with_suffix("") if is_folder else path
    overwrite = overwrite or was_interrupted(folder)
    used: set[str] = set()
    if is_folder:
        _require_folder(folder, overwrite=overwrite)
        # The whole folder is replaced: designs of an earlier prediction would stay in it.
        with atomic_write(folder) as temporary:
            temporary.mkdir()
            (temporary / MARK).touch()
            inside = path.with_name(f"{ID}{path.suffix}")
            for _ in _written(batches, mesh, inside, temporary, used):
                pass
        return
    try:
        # A folder, and not a temporary name for each file: an .xdmf names its .h5 file, so that
        # both must be written under their final names.
        with temporary_beside(path) as beside:
            beside.mkdir()
            written: list[Path] = []
            for target in _written(batches, mesh, path, beside, used):
                files = EXPORT_FORMATS[path.suffix].paths(target)
                for file in files:
                    require_free(file, overwrite=overwrite)
                    require_predictions(file)
                # What a file names comes before it: it never names what is missing.
                written += reversed(files)
            for file in written:
                _move(beside / file.name, file)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror or error}") from error


def _written(
    batches: Iterator[Batch], mesh: Mesh, path: Path, folder: Path, used: set[str]
) -> Iterator[Path]:
    """Write each design into a folder, and yield the place that it is meant for."""
    export_format = EXPORT_FORMATS[path.suffix]
    write = export_format.write_one or partial(_write_alone, export_format)
    for batch in batches:
        for index, run in enumerate(batch.ids):
            target = _target(path, run, used)
            write(batch, index, batch.mesh or mesh, folder / target.name)
            yield target


def _write_alone(
    export_format: ExportFormat, batch: Batch, index: int, mesh: Mesh, path: Path
) -> None:
    """Write a design in a format of several, whose mesh is then that of this design."""
    assert export_format.write is not None
    assert len(batch.ids) == 1, "designs with meshes of their own come one by one"
    export_format.write(iter([replace(batch, mesh=None)]), mesh, path)


def _target(path: Path, run: str, used: set[str]) -> Path:
    """Return the file of a design, new among the names ``used``, to which it is added."""
    # Ids are texts of users: only signs that every file system allows become part of a name.
    return path.with_name(path.name.replace(ID, safe_name(run, used)))


def _needs_folder(path: Path, designs: int) -> bool:
    return designs > 1 and ID not in path.name


def _require_folder(folder: Path, *, overwrite: bool) -> None:
    """Raise UserError unless a folder is new, empty, or from an earlier prediction alone."""
    is_empty = folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir())
    require_free(folder, overwrite=overwrite or is_empty)
    require_predictions(folder)
    if folder.is_dir() and not is_empty and not (folder / MARK).is_file():
        raise UserError(
            f"{folder} is no folder of an earlier prediction, so it stays; choose another name"
        )


def _move(written: Path, target: Path) -> None:
    if not target.is_dir():
        written.replace(target)
        return
    # A folder that has content cannot be replaced in one step.
    with atomic_write(target) as temporary:
        written.rename(temporary)
