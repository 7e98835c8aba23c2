"""Writing of predictions: the suffix of the path chooses the format."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError
from simulgenvae.export.batches import Batch, batches
from simulgenvae.export.export_format import EXPORT_FORMATS, Differing
from simulgenvae.export.one_by_one import (
    holds_one_design,
    require_places,
    write_each,
    written_place,
)
from simulgenvae.export.target import require_free, was_interrupted
from simulgenvae.utils.formatting import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import xarray as xr

    from simulgenvae.mesh.mesh import Mesh

logger = logging.getLogger(__name__)

MANY_FILES = 200
"""Number of files from which on a note recommends a format with fewer."""


def check_target(
    path: Path,
    *,
    overwrite: bool = False,
    ids: Sequence[str] | None = None,
    differing: Differing = Differing.NOTHING,
) -> None:
    """Check that a prediction can be written to ``path``, before anything is computed.

    Parameters
    ----------
    path
        File or folder to write.
    overwrite
        Whether files that exist are replaced.
    ids
        Ids of the designs; without them, only the suffix and the folder are checked.
    differing
        What differs between the meshes of the designs.

    Raises
    ------
    UserError
        When the suffix is unknown, the folder is missing, or a file exists and ``overwrite`` is
        false.
    """
    if path.suffix not in EXPORT_FORMATS:
        given = f"the suffix {path.suffix!r} is unknown" if path.suffix else "there is no suffix"
        raise UserError(f"{path}: {given}; predictions are written as {', '.join(EXPORT_FORMATS)}")
    if ids is None:
        require_free(path, overwrite=True)
        return
    overwrite = overwrite or was_interrupted(written_place(path, len(ids), differing))
    if holds_one_design(path, differing):
        require_places(path, ids, overwrite=overwrite)
        return
    # All of them before the first is written: a refusal must change nothing.
    for target in EXPORT_FORMATS[path.suffix].paths(path):
        require_free(target, overwrite=overwrite)


def many_files_note(
    path: Path, designs: int, steps: int, differing: Differing = Differing.NOTHING
) -> list[str]:
    """Return a note for the user where a prediction is very many files."""
    files = EXPORT_FORMATS[path.suffix].files(steps) * designs
    if not holds_one_design(path, differing) or files <= MANY_FILES:
        return []
    return [
        f"{path}: {count(designs, 'design')} at {count(steps, 'time')} are {files:,} files; a "
        ".vtkhdf is one file a design, and ParaView opens it as well (5.12 and later)"
    ]


def write_prediction(
    prediction: xr.Dataset | Iterable[xr.Dataset | Batch],
    mesh: Mesh,
    path: Path,
    *,
    overwrite: bool = False,
    runs: int | None = None,
    differing: Differing = Differing.NOTHING,
) -> None:
    """Write what ``Surrogate.predict`` returned to ``path``.

    A ``.npz``, ``.zarr`` or ``.nc`` holds all designs. A ``.vtkhdf``, ``.xdmf`` (with its
    ``.xdmf.h5``) or ``.pvd`` (with its folder of ``.vtu``) holds one; several are written to a
    folder, ``new.vtkhdf`` as ``new/ID.vtkhdf``, or to files in whose name ``{id}`` is replaced. So
    are designs with other nodes as ``.zarr`` or ``.nc``.

    Parameters
    ----------
    prediction
        One dataset, or batches of designs, labelled or as arrays, with the same times and
        variables. All formats except ``.npz`` hold one batch at a time in memory.
    mesh
        Positions of the M nodes and the cells between them, as far as known.
    path
        File or folder to write. Its suffix is one of :data:`~.export_format.EXPORT_FORMATS`.
    overwrite
        Whether files that exist are replaced.
    runs
        Number of designs, where it is known before; several ranks predict them together, each its
        own ones, in formats that several processes can write.
    differing
        What differs between the meshes of the designs. Unless that is nothing, each batch is one
        design on a mesh of its own.

    Raises
    ------
    UserError
        As :func:`check_target` and the writers do. What was at ``path`` is then still there.
    """
    check_target(path)
    export_format = EXPORT_FORMATS[path.suffix]
    if path.suffix == ".vtkhdf" and len(mesh.cells.faces.values):
        logger.info(
            "note: %s: ParaView 5.13 shows no polyhedra of a .vtkhdf, or ends at them; for "
            "ParaView write .pvd",
            path,
        )
    # A generator: each batch is checked when the writer asks for it.
    checked = _on_mesh(batches(prediction), mesh)
    if runs is not None and _several_ranks():
        if export_format.write_shared is None or export_format.separates(differing):
            shared = [known.suffix for known in EXPORT_FORMATS.values() if known.write_shared]
            raise UserError(
                f"{path}: several processes can only write {', '.join(shared)}; choose that, or "
                "leave out --gpus and --nnodes"
            )
        check_target(path, overwrite=overwrite, ids=())
        export_format.write_shared(checked, mesh, path, runs)
    elif export_format.write is not None and not export_format.separates(differing):
        check_target(path, overwrite=overwrite, ids=())
        export_format.write(checked, mesh, path)
    else:
        write_each(checked, mesh, path, overwrite=overwrite, designs=runs)


def _several_ranks() -> bool:
    # Only a process that shares the work has loaded torch, which knows the others.
    from simulgenvae.distributed import collectives

    return collectives.world_size() > 1


def _on_mesh(some: Iterator[Batch], mesh: Mesh) -> Iterator[Batch]:
    """Pass batches on, each checked to have the mesh's nodes."""
    for batch in some:
        (batch.mesh or mesh).check(batch.fields.shape[2])
        yield batch
