"""One function for all formats: the suffix of the path decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import xarray as xr

from simulgenvae.distributed import collectives
from simulgenvae.errors import UserError
from simulgenvae.export.arrays import write_npz, write_zarr
from simulgenvae.export.batches import Batch, batches
from simulgenvae.export.netcdf import write_netcdf
from simulgenvae.export.one_by_one import ONE_EACH, files_of, write_each
from simulgenvae.export.shared_zarr import write_shared_zarr
from simulgenvae.export.target import require_free
from simulgenvae.export.vtk import series_folder, write_pvd
from simulgenvae.mesh.mesh import Mesh

WRITERS: dict[str, Callable[[Iterator[Batch], Mesh, Path], None]] = {
    ".npz": write_npz,
    ".zarr": write_zarr,
    ".nc": write_netcdf,
    ".pvd": write_pvd,
}


def check_target(path: Path, *, overwrite: bool = False) -> None:
    """UserError unless a prediction can be written to ``path``: known suffix, existing folder,
    nothing in the way.

    Costs nothing: call it before anything is computed.
    """
    if path.suffix not in {*WRITERS, *ONE_EACH}:
        given = f"the suffix {path.suffix!r} is unknown" if path.suffix else "there is no suffix"
        raise UserError(
            f"{path}: {given}; predictions are written as {', '.join((*WRITERS, *ONE_EACH))}"
        )
    for target in (path, series_folder(path)) if path.suffix == ".pvd" else files_of(path):
        require_free(target, overwrite=overwrite)


def write_prediction(
    prediction: xr.Dataset | Iterable[xr.Dataset],
    mesh: Mesh,
    path: Path,
    *,
    overwrite: bool = False,
    runs: int | None = None,
) -> None:
    """Write what ``Surrogate.predict`` returned to ``path``.

    A ``.npz``, ``.zarr``, ``.nc`` or ``.pvd`` (with its folder) holds all designs, a ``.vtkhdf`` or
    ``.xdmf`` (with its ``.xdmf.h5``) one; ``{id}`` in the name of these stands for the id of each
    of several.

    prediction: one dataset, or an iterable of datasets (batches of designs with the same times and
    variables), of which
        all but ``.npz`` hold one at a time in memory.
    mesh: positions of the M nodes and the cells between them, as far as known.
    runs: how many designs several ranks predict together, which share them (``.zarr`` alone).

    Raises UserError as :func:`check_target` and the writers do; what was at ``path`` is then still
    there.
    """
    check_target(path, overwrite=overwrite)
    checked = _on_mesh(batches(prediction), mesh)
    if path.suffix in ONE_EACH and collectives.world_size() == 1:
        write_each(checked, mesh, path, overwrite=overwrite)
    elif runs is None or collectives.world_size() == 1:
        WRITERS[path.suffix](checked, mesh, path)
    elif path.suffix == ".zarr":
        write_shared_zarr(checked, mesh, path, runs)
    else:
        raise UserError(
            f"{path}: several processes write .zarr alone; choose that, or leave out --gpus and "
            "--nnodes"
        )


def _on_mesh(some: Iterator[Batch], mesh: Mesh) -> Iterator[Batch]:
    for batch in some:
        mesh.check(batch.fields.shape[2])
        yield batch
