"""Reading a dataset on disk: a Zarr v3 group, whose layout is in ``docs/data-formats.md``.

Every name, shape and size is checked before anything is allocated, and no link is followed: a
dataset may come from a stranger.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import zarr

from simulgenvae.data.conditions import Carried, Conditions
from simulgenvae.data.images import Images
from simulgenvae.data.metadata import Metadata
from simulgenvae.data.names import prefix_errors
from simulgenvae.data.store.arrays import read_array
from simulgenvae.data.store.attributes import DatasetAttributes, read_attributes
from simulgenvae.data.store.direct import DirectStore
from simulgenvae.data.store.files import DatasetFiles
from simulgenvae.data.store.integrity import check_array
from simulgenvae.data.store.shape_arrays import read_shapes
from simulgenvae.errors import UserError
from simulgenvae.geometry import restore_common_mesh
from simulgenvae.mesh.cells import ARRAYS, Cells
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.node_sets import ARRAYS as SET_ARRAYS
from simulgenvae.mesh.node_sets import NodeSets
from simulgenvae.utils.damage import damage_reported, first_problem
from simulgenvae.utils.resources import available_memory

if TYPE_CHECKING:
    from pathlib import Path

    from simulgenvae.data.shapes import Shapes
    from simulgenvae.geometry import CommonMesh


class StoredDataset(NamedTuple):
    """Content of a dataset on disk."""

    metadata: Metadata
    fields: zarr.Array[Any]
    """Fields `[N, T, M, V]` at all nodes, less the offsets; they stay on disk until indexed."""
    fingerprint: str
    """SHA-256 of metadata and digests."""
    digests: tuple[str, ...]
    """SHA-256 of the field of each run; empty for datasets of an earlier version."""
    remarks: tuple[str, ...]
    """Notes made when the dataset was stored."""
    shapes: Shapes | None = None
    """Geometries of runs with meshes of their own."""


def read_store(path: Path) -> StoredDataset:
    """Return the metadata of the dataset at ``path``, and its fields to be read later.

    Raises UserError naming the file when anything is missing, truncated, foreign or inconsistent.
    """
    if not path.is_dir():
        raise UserError(f"{path}: no dataset here: make one with `simulgenvae ingest`")
    attributes = read_attributes(path)
    if (path / "fields").is_symlink():
        raise UserError(f"{path / 'fields'}: links are not allowed inside a dataset")
    shape = check_array(path / "fields", "float32", 4)
    names = attributes.parameters
    with prefix_errors(path):
        table = (
            read_array(path / "conditions", "float64", 2)
            if names
            else np.zeros((len(attributes.ids), 0))
        )
        mesh = _read_mesh(path, attributes)
        metadata = Metadata(
            ids=attributes.ids,
            times=read_array(path / "times", "float64", 1),
            nodes=shape[2],
            mesh=mesh,
            common=_common_mesh(path, attributes, mesh),
            variables=attributes.variables,
            motion=attributes.motion,
            units=attributes.units,
            time_unit=attributes.time_unit,
            offsets=np.array(attributes.offsets) if attributes.offsets else None,
            conditions=Conditions(
                attributes.ids,
                names,
                table,
                _read_images(path, attributes),
                attributes.levels,
                attributes.left_out,
                attributes.parameter_units,
                tuple(Carried(name, texts) for name, texts in attributes.carried),
            ),
        )
        if attributes.masked:
            metadata = metadata.masked(read_array(path / "valued", "uint8", 1).astype(bool))
    if metadata.whole_shape != shape:
        expected = " x ".join(map(str, metadata.whole_shape))
        raise UserError(
            f"{path}: damaged: the fields are {' x '.join(map(str, shape))}, but should be "
            f"{expected}"
        )
    # Fields of more than half the free memory: the cache of files would have lost the first runs
    # by the time the next pass reads them, so the cache would cost time and save none.
    beyond_cache = 2 * 4 * math.prod(shape) > available_memory()
    store_type = DirectStore if beyond_cache else DatasetFiles
    store = store_type(path / "fields", read_only=True)
    # Metadata that only Zarr uses, such as the value of missing chunks, are checked by it.
    with damage_reported(path / "fields", "cannot be read"):
        fields = zarr.open_array(store, mode="r", zarr_format=3)
    return StoredDataset(
        metadata=metadata,
        shapes=None if metadata.common is None else read_shapes(path, metadata),
        fields=fields,
        fingerprint=attributes.fingerprint,
        digests=attributes.digests,
        remarks=attributes.remarks,
    )


def _common_mesh(path: Path, attributes: DatasetAttributes, mesh: Mesh) -> CommonMesh | None:
    if attributes.geometry is None:
        return None
    try:
        return restore_common_mesh(attributes.geometry, mesh)
    except ValueError as error:
        raise UserError(f"{path / 'zarr.json'}: damaged: {first_problem(error)}"[:500]) from error


def _read_images(path: Path, attributes: DatasetAttributes) -> Images | None:
    if attributes.images is None:
        return None
    return Images(
        read_array(path / "images", str(attributes.images.pixel_type), 4), attributes.images
    )


def _read_mesh(path: Path, attributes: DatasetAttributes) -> Mesh:
    coords = read_array(path / "coords", "float64", 2) if attributes.coords else None
    # The names are those that the program knows, so none of them leads out of the folder.
    arrays = {name: read_array(path / f"cells_{name}", *ARRAYS[name]) for name in attributes.cells}
    found = {
        name: read_array(path / f"sets_{name}", "int64", 1)
        for name in SET_ARRAYS
        if attributes.sets
    }
    sets = NodeSets.from_arrays(attributes.sets, found)
    return Mesh(coords, Cells.from_arrays(arrays), unit=attributes.length_unit, sets=sets)
