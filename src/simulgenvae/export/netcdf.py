"""Writer of NetCDF-4 files by the conventions of CF and, for the mesh, UGRID."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.motion import moved
from simulgenvae.data.netcdf_names import MOTION, PARAMETERS, RUN
from simulgenvae.export.cf import (
    CONVENTIONS,
    PLACES,
    SCORE_ATTRIBUTES,
    SOURCE,
    CfArray,
    cell_arrays,
    coordinates,
    field_names,
    legal_name,
    own_places,
    parameter_names,
)
from simulgenvae.export.export_format import Differing, ExportFormat
from simulgenvae.export.hdf5_file import CrashSafeFile
from simulgenvae.utils.atomic import atomic_write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import h5netcdf
    from numpy.typing import NDArray

    from simulgenvae.export.batches import Batch
    from simulgenvae.mesh.mesh import Mesh

_COMPRESSED: dict[str, object] = {"compression": "gzip", "compression_opts": 4, "shuffle": True}
_FACES = {"triangle", "quad", "polygon"}


def write_netcdf(batches: Iterator[Batch], mesh: Mesh, path: Path) -> None:
    """Write each variable as ``NAME(run, time, node)``.

    As far as they are known there are also the standard deviation, limits, truth and error
    (``NAME_std`` …); ``novelty(run)`` and ``expected_error(run)``; the parameters ``NAME(run)``,
    which the attribute ``parameters`` lists; in a mesh that moves in time, where its nodes are, as
    coordinates ``x_moved(run, time, node)``, …; the coordinates ``run`` (texts), ``time``, ``x``,
    ``y`` and ``z``; the numbers ``node`` of chosen nodes; and the cells as
    ``cells_NAME(cell, corner)``. Where the nodes of each design are elsewhere, positions are
    ``NAME(run, node)``.

    One batch is in memory at a time; a chunk is one run, or less where a run is large. A name that
    NetCDF and CF do not allow, or that another variable has, is changed (blanks and ``/`` become
    ``_``), and then is in the attribute ``original_name``.
    """
    import h5netcdf

    with atomic_write(path) as temporary:
        first = next(batches)
        # h5netcdf is pure Python on h5py: netCDF4 would bring another HDF5 library into the
        # process.
        with CrashSafeFile(temporary) as target, h5netcdf.File(target, "w") as file:
            names, labels, inputs = _create(file, mesh, first)
            places = _create_places(file, mesh, first, names)
            ids: list[str] = []
            warnings: list[str] = []
            for batch in chain([first], batches):
                start = len(ids)
                stop = start + len(batch.ids)
                # The number of designs is not known before the last batch.
                file.resize_dimension(RUN, stop)
                file.variables[RUN][start:stop] = np.array(batch.ids, dtype=object)
                for kind, values in {"": batch.fields, **batch.extra_fields}.items():
                    for column, variable in enumerate(batch.variables):
                        file.variables[names[variable, kind]][start:stop] = values[..., column]
                for axis, name in enumerate(own_places(first)):
                    assert batch.mesh is not None
                    assert batch.mesh.coords is not None
                    file.variables[name][start:stop] = batch.mesh.coords[None, :, axis]
                for axis, name in places.items():
                    file.variables[name][start:stop] = _places(batch, batch.mesh or mesh, axis)
                for name, scores in batch.scores.items():
                    file.variables[name][start:stop] = scores
                for text_column, name in labels.items():
                    texts = np.array(list(batch.carried[text_column]), dtype=object)
                    file.variables[name][start:stop] = texts
                for number, name in enumerate(inputs):
                    assert batch.parameters is not None
                    file.variables[name][start:stop] = _column(batch.parameters.column(number))
                ids += batch.ids
                warnings += batch.warnings
                target.check()
            file.attrs["warnings"] = "\n".join(dict.fromkeys(warnings))


NETCDF = ExportFormat(name="NetCDF", suffix=".nc", write=write_netcdf, holds=Differing.POSITIONS)


def _create(
    file: h5netcdf.File, mesh: Mesh, like: Batch
) -> tuple[dict[tuple[str, str], str], dict[str, str], list[str]]:
    """Write what is the same for every run, and create the variables that change.

    Returns the names of the variables in the file, by variable and kind of value, those of the
    columns of texts, and those of the parameters.
    """
    file.attrs.update(Conventions=CONVENTIONS, **SOURCE)
    _, steps, nodes, _ = like.fields.shape
    # None: the dimension is unlimited and grows with each batch.
    file.dimensions = {RUN: None, "time": steps, "node": nodes}
    for name, dimensions, values, attributes in coordinates(like, mesh):
        file.create_variable(name, dimensions, values.dtype, data=values).attrs.update(attributes)
    for name, attributes in own_places(like).items():
        variable = file.create_variable(name, (RUN, "node"), np.float64, chunks=(1, nodes))
        variable.attrs.update(attributes)
    places = [name for name in PLACES if name in file.variables]
    # CF: variables name the coordinates that are no dimensions of theirs.
    labels = _create_runs(file, like)
    inputs = _create_parameters(file, like)
    auxiliary = " ".join([*places, *inputs, *labels.values()])
    on_mesh = {"coordinates": auxiliary} if auxiliary else {}
    if mesh.cells:
        # The coordinates of UGRID's nodes are the same for all runs.
        on_mesh |= _create_cells(file, mesh, [] if like.mesh else places)
    return _create_fields(file, like, on_mesh), labels, inputs


def _create_places(
    file: h5netcdf.File, mesh: Mesh, like: Batch, names: dict[tuple[str, str], str]
) -> dict[int, str]:
    """Create a variable for where nodes that move are along each coordinate; return their names.

    ``names`` are those of the fields, whose coordinates these become.
    """
    if not like.motion:
        return {}
    # Imported here, as it loads zarr, which other formats do without.
    from simulgenvae.data.store.arrays import chunk_shape

    used = {*file.dimensions, *file.variables}
    chunks = (1, *chunk_shape(like.fields.shape[1:3], np.dtype(np.float64).itemsize))
    found = {}
    for axis, place in enumerate(PLACES[: len(like.motion)]):
        found[axis] = legal_name(f"{place}_moved", used)
        variable = file.create_variable(
            found[axis], (RUN, "time", "node"), np.float64, chunks=chunks, **_COMPRESSED
        )
        meaning = f"{place} coordinate of the node, which moves in time"
        variable.attrs.update({"long_name": meaning} | ({"units": mesh.unit} if mesh.unit else {}))
    for name in names.values():
        attributes = file.variables[name].attrs
        # The reader of a file takes what is named here for no field.
        attributes["coordinates"] = " ".join([attributes.get("coordinates", ""), *found.values()])
    file.attrs[MOTION] = " ".join(names[name, ""] for name in like.motion)
    return found


def _places(batch: Batch, mesh: Mesh, axis: int) -> NDArray[np.float64]:
    """Return where nodes that move are along a coordinate, `[n, T, M]`."""
    assert mesh.coords is not None, "nodes that move have positions"
    column = batch.variables.index(batch.motion[axis])
    return moved(mesh.coords[:, [axis]], batch.fields[..., [column]])[..., 0]


def _create_cells(file: h5netcdf.File, mesh: Mesh, places: list[str]) -> dict[str, str]:
    """Write the cells, and for a flat mesh with known positions its topology by UGRID.

    Returns the attributes with which variables at the nodes refer to it.
    """
    for array in cell_arrays(mesh):
        _connectivity(file, array)
    if not (places and mesh.cells.describe().keys() <= _FACES):
        return {}
    # UGRID wants all faces in one table; the rest of a row has fill values.
    tables = list(mesh.cells.arrays())
    faces = f"cells_{tables[0]}"
    if tables[0] not in _FACES or len(tables) > 1:
        faces = "faces"
        meaning = {"long_name": "nodes of each face"}
        _connectivity(file, CfArray(faces, ("face", "corner"), _faces(mesh), meaning), -1)
    topology = file.create_variable("mesh", (), np.int32, data=np.int32(0))
    topology.attrs.update(
        cf_role="mesh_topology",
        long_name="mesh of the study",
        topology_dimension=np.int32(2),
        node_coordinates=" ".join(places),
        face_node_connectivity=faces,
    )
    for name in {faces, *(f"cells_{name}" for name in tables if name in _FACES)}:
        file.variables[name].attrs["cf_role"] = "face_node_connectivity"
    return {"mesh": "mesh", "location": "node"}


def _faces(mesh: Mesh) -> NDArray[np.int64]:
    """Return the nodes around each face, with -1 after the last one."""
    nodes = mesh.cells.nodes
    table = np.full((mesh.cells.count, int(nodes.counts.max())), -1, np.int64)
    for group in mesh.cells.groups:
        table[group.rows, : group.nodes.shape[1]] = group.nodes
    return table


def _connectivity(file: h5netcdf.File, cells: CfArray, fillvalue: int | None = None) -> None:
    # Each table has its own dimensions, since NetCDF shares dimensions by name.
    for dimension, count in zip(cells.dimensions, cells.values.shape, strict=True):
        file.dimensions[dimension] = count
    variable = file.create_variable(
        cells.name,
        cells.dimensions,
        cells.values.dtype,
        data=cells.values,
        fillvalue=fillvalue,
        **_COMPRESSED,
    )
    variable.attrs.update(**cells.attributes, start_index=np.int64(0))


def _create_runs(file: h5netcdf.File, like: Batch) -> dict[str, str]:
    """Create what there is once for each run; return the variable of each column of texts."""
    import h5py

    file.create_variable(RUN, (RUN,), h5py.string_dtype()).attrs["long_name"] = "design"
    for name in like.scores:
        variable = file.create_variable(name, (RUN,), np.float64, chunks=(1024,))
        variable.attrs.update(SCORE_ATTRIBUTES[name])
    used = {*file.dimensions, *file.variables, *like.variables}
    labels = {column: legal_name(column, used) for column in like.carried}
    for column, name in labels.items():
        variable = file.create_variable(name, (RUN,), h5py.string_dtype())
        variable.attrs["long_name"] = column
    return labels


def _create_parameters(file: h5netcdf.File, like: Batch) -> list[str]:
    """Create a variable for each parameter of the runs; return their names."""
    import h5py

    if like.parameters is None:
        return []
    used = {*file.dimensions, *file.variables, *like.variables}
    found = parameter_names(like.parameters, used)
    for number, each in enumerate(found):
        is_text = isinstance(like.parameters.column(number)[0], str)
        kind = h5py.string_dtype() if is_text else np.dtype(np.float64)
        file.create_variable(each.name, (RUN,), kind).attrs.update(each.attributes)
    names = [each.name for each in found]
    file.attrs[PARAMETERS] = " ".join(names)
    return names


def _column(values: list[float] | list[str]) -> NDArray[Any]:
    return np.array(values, dtype=object if isinstance(values[0], str) else np.float64)


def _create_fields(
    file: h5netcdf.File, like: Batch, on_mesh: dict[str, str]
) -> dict[tuple[str, str], str]:
    # Imported here, as it loads zarr, which other formats do without.
    from simulgenvae.data.store.arrays import chunk_shape

    named = field_names(like, {*file.dimensions, *file.variables})
    _, steps, nodes, _ = like.fields.shape
    chunks = (1, *chunk_shape((steps, nodes), like.fields.itemsize))
    for field in named:
        values = like.extra_fields[field.kind] if field.kind else like.fields
        stored = file.create_variable(
            field.name, (RUN, "time", "node"), values.dtype, chunks=chunks, **_COMPRESSED
        )
        stored.attrs.update(**field.attributes, **on_mesh)
    return {(field.variable, field.kind): field.name for field in named}
