"""Data of a study, read as runs: the study folder, or its ``input_data/dataset.zarr``.

As a plain Zarr group it would be without names, and without the offsets that its fields are stored
less of. Tested in tests/data/readers/test_stored_dataset.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.readers.source import PlacedRun, Source
from simulgenvae.data.shapes import RunGeometry
from simulgenvae.data.store.attributes import FORMAT
from simulgenvae.settings import StudyFolder

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_HEAD = 2**20
"""Bytes of the metadata in which the name of the format is looked for: it comes first."""


def stored_dataset(path: Path) -> Path | None:
    """Return the folder of the data that ``path``, a folder, is or has; None where it has none."""
    for folder in (path, StudyFolder(path).dataset):
        metadata = folder / "zarr.json"
        if metadata.is_file():
            with metadata.open("rb") as file:
                if f'"{FORMAT}"'.encode() in file.read(_HEAD):
                    return folder
    return None


def open_dataset(path: Path, folder: Path) -> Source:
    """Return the runs of a study's data in ``folder``; ``path`` is for messages.

    Raises UserError when they are damaged.
    """
    # Imported here, as it needs the readers' results itself.
    from simulgenvae.data.dataset import Dataset

    data = Dataset.open(folder)
    conditions = data.conditions
    companions: dict[str, NDArray[np.generic]] = {
        "ids": np.array(data.ids),
        "times": data.times,
        "variables": np.array(data.variables),
        "units": np.array(data.units),
    }
    for key, unit in {"time_unit": data.time_unit, "length_unit": data.whole_mesh.unit}.items():
        if unit:
            companions[key] = np.array(unit)
    notes = [f"{path}: the data of a study"]
    if conditions.names:
        companions["params"] = np.array(conditions.values())
        companions["param_names"] = np.array(conditions.names)
        companions["param_units"] = np.array(conditions.units)
    if conditions.images is not None:
        notes.append(f"{path}: its images are not read: give them with --images")
    runs = len(data.ids)
    nodes = data.nodes if data.mask is None else len(data.mask.valued)
    shape = (runs, len(data.times), nodes, len(data.variables))
    dtype = np.dtype(np.float32 if data.offsets is None else np.float64)

    def read_placed(run: int) -> PlacedRun:
        assert data.shapes is not None
        shape, own = data.shapes.geometry(run)
        if own is not None:
            own = own._replace(fields=data.own_run(run))
        return PlacedRun(data.whole_run(run), RunGeometry(shape, own))

    return Source(
        path,
        shape,
        dtype,
        data.whole_run,
        companions,
        tuple(notes),
        mesh=data.whole_mesh,
        common=data.common,
        read_placed=None if data.shapes is None else read_placed,
        named_axes=True,
        motion=data.motion,
        remarks=lambda: data.remarks,
    )
