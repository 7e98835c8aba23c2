"""Formats of which one file holds one design: ``{id}`` in the name stands for each design's id."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from simulgenvae.errors import UserError
from simulgenvae.export.batches import Batch
from simulgenvae.export.target import require_free, safe_name
from simulgenvae.export.vtkhdf import write_vtkhdf
from simulgenvae.export.xdmf import heavy_file, write_xdmf
from simulgenvae.mesh.mesh import Mesh

ONE_EACH: dict[str, Callable[[Batch, int, Mesh, Path], None]] = {
    ".vtkhdf": write_vtkhdf,
    ".xdmf": write_xdmf,
}
ID = "{id}"


def files_of(path: Path) -> tuple[Path, ...]:
    """The files of one design at ``path``."""
    return (path, heavy_file(path)) if path.suffix == ".xdmf" else (path,)


def write_each(batches: Iterator[Batch], mesh: Mesh, path: Path, *, overwrite: bool) -> None:
    """Write each design to the file that ``path`` names, one after the other, and put them into
    place at the end.

    Raises UserError, with nothing written, where there are several designs and no ``{id}`` in the
    name, or something at the place of one of them.
    """
    used: set[str] = set()
    try:
        with TemporaryDirectory(prefix=f".{path.stem}.", dir=path.parent) as folder:
            for batch in batches:
                for index, run in enumerate(batch.ids):
                    if used and ID not in path.name:
                        raise UserError(
                            f"{path}: a {path.suffix} file holds one design, and there are "
                            f"several: put {ID} into the name, as in "
                            f"{path.with_stem(f'{path.stem}_{ID}')}"
                        )
                    target = path.with_name(path.name.replace(ID, safe_name(run, used)))
                    for file in files_of(target):
                        require_free(file, overwrite=overwrite)
                    ONE_EACH[path.suffix](batch, index, mesh, Path(folder) / target.name)
            for file in Path(folder).iterdir():
                file.replace(path.parent / file.name)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror or error}") from error
