"""The dataset on disk: a Zarr v3 group, written whole or not at all. ``docs/data-formats.md``
describes its layout."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.storage import LocalStore

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.images import ImageFormat, Images
from simulgenvae.data.metadata import Metadata
from simulgenvae.data.names import prefix_errors
from simulgenvae.data.store.direct import DirectStore
from simulgenvae.data.store.integrity import check_array, read_metadata
from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import CELL_NODES, Mesh
from simulgenvae.utils.resources import available_memory

FORMAT = "simulgenvae-dataset"
FORMAT_VERSION = 1


class Stored(NamedTuple):
    """What there is of a dataset on disk."""

    description: Metadata
    fields: zarr.Array[Any]
    """[N, T, M, V], read when they are asked for."""
    fingerprint: str
    digests: tuple[str, ...]
    remarks: tuple[str, ...]


def read_store(path: Path) -> Stored:
    """What there is of the dataset at ``path``.

    Raises UserError naming the file when anything is missing, truncated, foreign or inconsistent.
    """
    if not path.is_dir():
        raise UserError(f"{path}: no dataset here: make one with `simulgenvae ingest`")
    attributes = require_dataset(path)
    if (path / "fields").is_symlink():
        raise UserError(f"{path / 'fields'}: links are not allowed inside a dataset")
    shape = check_array(path / "fields", "float32", 4)
    names = tuple(attributes["parameters"])
    with prefix_errors(path):
        table = (
            _read(path / "conditions", "float64", 2)
            if names
            else np.zeros((len(attributes["ids"]), 0))
        )
        description = Metadata(
            ids=tuple(attributes["ids"]),
            times=_read(path / "times", "float64", 1),
            nodes=shape[2],
            mesh=_read_mesh(path, attributes),
            variables=tuple(attributes["variables"]),
            units=tuple(attributes["units"]),
            conditions=Conditions(
                tuple(attributes["ids"]), names, table, _read_images(path, attributes)
            ),
        )
    if description.shape != shape:
        expected = " x ".join(map(str, description.shape))
        raise UserError(
            f"{path}: damaged: the fields are {' x '.join(map(str, shape))}, but should be "
            f"{expected}"
        )
    # Of more than half the free memory, nothing would be left in the cache of files when the next
    # pass comes to it.
    store = (DirectStore if 8 * math.prod(shape) > available_memory() else LocalStore)(
        path / "fields", read_only=True
    )
    fields = zarr.open_array(store, mode="r", zarr_format=3)
    digests, remarks = tuple(attributes["digests"]), tuple(attributes["remarks"])
    return Stored(description, fields, attributes["fingerprint"], digests, remarks)


def require_dataset(path: Path) -> dict[str, Any]:
    attributes = read_metadata(path, "group").get("attributes")
    if not isinstance(attributes, dict) or attributes.get("format") != FORMAT:
        raise UserError(
            f"{path}: not a dataset of this program: make one with `simulgenvae ingest`"
        )
    if attributes.get("format_version") != FORMAT_VERSION:
        version = str(attributes.get("format_version"))[:20]
        raise UserError(
            f"{path}: has the format version {version}, but this program reads {FORMAT_VERSION}"
        )
    for key in ("ids", "variables", "units", "parameters", "cells"):
        value = attributes.get(key)
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise UserError(f"{path / 'zarr.json'}: damaged: {key!r} must be a list of texts")
    if not isinstance(attributes.get("fingerprint"), str) or not isinstance(
        attributes.get("coords"), bool
    ):
        raise UserError(f"{path / 'zarr.json'}: damaged: 'fingerprint' or 'coords' is missing")
    attributes.setdefault("images", None)  # datasets of tables alone may be older than images
    digests = attributes.setdefault("digests", [])  # and all may be older than these
    for key, value in (("digests", digests), ("remarks", attributes.setdefault("remarks", []))):
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise UserError(f"{path / 'zarr.json'}: damaged: {key!r} must be a list of texts")
    if len(digests) not in {0, len(attributes["ids"])}:
        raise UserError(f"{path / 'zarr.json'}: damaged: 'digests' must be a text for each run")
    if not set(attributes["cells"]) <= set(CELL_NODES):
        raise UserError(f"{path / 'zarr.json'}: damaged: unknown 'cells'")
    return attributes


def _read(folder: Path, data_type: str, dimensions: int) -> NDArray[Any]:
    if folder.is_symlink():
        raise UserError(f"{folder}: links are not allowed inside a dataset")
    check_array(folder, data_type, dimensions)
    try:
        return np.asarray(zarr.open_array(str(folder), mode="r", zarr_format=3)[...])
    except (OSError, ValueError, RuntimeError, MemoryError) as error:
        raise UserError(f"{folder}: damaged: {error}") from error


def _read_images(path: Path, attributes: dict[str, Any]) -> Images | None:
    if attributes["images"] is None:
        return None
    return Images(_read(path / "images", "uint8", 4), ImageFormat.from_dict(attributes["images"]))


def _read_mesh(path: Path, attributes: dict[str, Any]) -> Mesh:
    coords = _read(path / "coords", "float64", 2) if attributes["coords"] else None
    return Mesh(
        coords, {name: _read(path / f"cells_{name}", "int64", 2) for name in attributes["cells"]}
    )
