"""Descriptor of a format in which predictions are written, and the registry of such formats.

Tested in tests/export/test_write.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from simulgenvae.export.batches import Batch
    from simulgenvae.mesh.mesh import Mesh


def _one_file(steps: int) -> int:
    return 1


def _only_file(path: Path) -> tuple[Path, ...]:
    return (path,)


class Differing(IntEnum):
    """Differences between the meshes of designs."""

    NOTHING = 0
    POSITIONS = 1
    """The nodes are elsewhere, with the same cells between them."""
    MESHES = 2
    """Each design has other nodes."""


@dataclass(frozen=True)
class ExportFormat:
    """One format of predictions: its suffix, and the functions that write it.

    Exactly one of ``write`` and ``write_one`` is given.

    Attributes
    ----------
    name
        Short name for messages.
    suffix
        Ending of the files, in lower case and with the dot.
    write
        Function that writes all designs to one path, from batches that it reads one after another.
    write_one
        Function that writes one design, by its index in a batch, to its own path. It may
        leave unfinished files behind when it fails.
    write_shared
        Function that writes the designs of several ranks to one path; the last argument is the
        number of all designs. None where only one process can write the format.
    paths
        Function that returns everything that is written for a path: the path and what belongs to
        it.
    files
        Function that returns the number of files of one design, from that of its timesteps.
    holds
        The most that may differ between designs that ``write`` writes to one file; where more does,
        each design has a file of its own.
    """

    name: str
    suffix: str
    write: Callable[[Iterator[Batch], Mesh, Path], None] | None = None
    write_one: Callable[[Batch, int, Mesh, Path], None] | None = None
    write_shared: Callable[[Iterator[Batch], Mesh, Path, int], None] | None = None
    paths: Callable[[Path], tuple[Path, ...]] = _only_file
    files: Callable[[int], int] = _one_file
    holds: Differing = Differing.NOTHING

    def separates(self, differing: Differing) -> bool:
        """Return whether each design has a file of its own."""
        return self.write_one is not None or differing > self.holds


EXPORT_FORMATS: dict[str, ExportFormat] = {}
"""Known formats of predictions by suffix. See :func:`register_export_formats`."""


def register_export_formats(*formats: ExportFormat) -> None:
    """Add formats to the registry, from this package or from outside.

    A later format takes the place of an earlier one with the same suffix.
    """
    for export_format in formats:
        EXPORT_FORMATS[export_format.suffix] = export_format
