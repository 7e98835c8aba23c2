"""Writers of arrays: ``.npz`` files and Zarr groups (version 3)."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.netcdf_names import PARAMETERS
from simulgenvae.errors import UserError
from simulgenvae.export.batches import AXES, Batch, Parameters
from simulgenvae.export.cf import CELLS, legal_name
from simulgenvae.export.export_format import Differing, ExportFormat
from simulgenvae.utils.atomic import atomic_write
from simulgenvae.utils.resources import require_memory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import zarr
    from numpy.typing import NDArray

    from simulgenvae.mesh.mesh import Mesh

_SCORES_PER_CHUNK = 1024
_OWN_COORDS = (AXES[0], AXES[2], "dim")
"""Axes of the positions of the nodes, where each design has its own."""


def write_npz(batches: Iterator[Batch], mesh: Mesh, path: Path) -> None:
    """Write a ``.npz`` file of all designs.

    It has ``fields`` `[n, T, M, V]`, ``ids``, ``times``, ``coords``, ``variables`` and ``units``;
    as far as they are known ``std``, ``lower`` and ``upper``, of the fields' shape, and
    ``novelty`` and ``expected_error`` `[n]`; the parameters ``params`` `[n, P]` (texts where one of
    them is a category), ``param_names`` and ``param_units`` `[P]`; ``nodes`` `[M]`, where some were
    chosen; the cells as ``cells_KIND``; ``time_unit`` and ``length_unit``; and, of K columns of
    texts, ``carried_names`` `[K]` and ``carried`` `[n, K]`. The shape of ``coords`` is `[M, 0]`
    when the positions of the nodes are unknown.

    All batches are in memory, twice while they are joined; a ``.zarr`` does not need that.

    Raises
    ------
    UserError
        When they do not fit into memory, or the file cannot be written.
    """
    first = next(batches)
    batches = chain([first], batches)
    if first.mesh is not None:
        _write_own_meshes(batches, path)
        return
    collected = []
    size = 0
    # The archive needs the number of designs before its first value.
    for batch in batches:
        collected.append(batch)
        size += sum(array.nbytes for array in batch.arrays().values())
        require_memory(
            size,
            f"{path}: joining {len(collected)} batches of designs",
            "write a .zarr, or fewer designs.",
        )
    fields: dict[str, NDArray[Any]] = {
        name: np.concatenate([batch.arrays()[name] for batch in collected])
        for name in first.arrays()
    }
    if first.nodes is not None:
        fields["nodes"] = first.nodes
    fields["coords"] = _coords(mesh, first)
    fields |= {f"{CELLS}{name}": values for name, values in mesh.cells.arrays().items()}
    _save_npz(path, fields | _labels(collected, mesh.unit))


def _labels(batches: Sequence[Batch], length_unit: str) -> dict[str, NDArray[Any]]:
    """Return what a file says of the designs of all batches, besides fields and meshes."""
    first = batches[0]
    # Plain NumPy texts: object arrays would need pickle to be read again.
    texts: dict[str, Sequence[str] | str] = {
        "ids": list(chain.from_iterable(batch.ids for batch in batches)),
        "variables": first.variables,
        "units": first.units,
    }
    units = {"time_unit": first.time_unit, "length_unit": length_unit}
    texts |= {name: unit for name, unit in units.items() if unit}
    labels: dict[str, NDArray[Any]] = {"times": first.times}
    if first.parameters is not None:
        table = [row for batch in batches if batch.parameters for row in batch.parameters.values]
        texts |= {"param_names": first.parameters.names, "param_units": first.parameters.units}
        # NumPy makes texts of all values where some are.
        labels["params"] = np.array(table)
    if first.carried:
        columns = joined_texts([batch.carried for batch in batches])
        texts["carried_names"] = list(columns)
        labels["carried"] = np.array(list(columns.values()), dtype=np.str_).T
    return labels | {name: np.array(text, dtype=np.str_) for name, text in texts.items()}


def _save_npz(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def _write_own_meshes(batches: Iterator[Batch], path: Path) -> None:
    """Write a ``.npz`` file of designs with meshes of their own.

    It has ``ID/fields`` `[T, m, V]`, ``ID/coords`` `[m, D]` and ``ID/cells_KIND`` for each design;
    as far as they are known ``ID/std``, ``ID/lower`` and ``ID/upper``, and ``novelty`` and
    ``expected_error`` `[n]`; and nodes, ids, times, parameters, names and units as
    :func:`write_npz`.
    """
    collected = []
    arrays: dict[str, NDArray[Any]] = {}
    size = 0
    for batch in batches:
        mesh = batch.mesh
        assert mesh is not None, "all designs have meshes of their own"
        collected.append(batch)
        own = {"fields": batch.fields[0], "coords": _coords(mesh, batch)}
        own |= {name: values[0] for name, values in batch.extra_fields.items()}
        own |= {f"{CELLS}{name}": values for name, values in mesh.cells.arrays().items()}
        arrays |= {f"{batch.ids[0]}/{name}": values for name, values in own.items()}
        size += sum(array.nbytes for array in own.values())
        require_memory(size, f"{path}: collecting {len(collected)} designs", "write .vtkhdf files.")
    first = collected[0]
    assert first.mesh is not None, "all designs have meshes of their own"
    for name in first.scores:
        arrays[name] = np.concatenate([batch.scores[name] for batch in collected])
    if first.nodes is not None:
        arrays["nodes"] = first.nodes
    _save_npz(path, arrays | _labels(collected, first.mesh.unit))


NPZ = ExportFormat(name="NumPy archive", suffix=".npz", write=write_npz, holds=Differing.MESHES)


def write_zarr(batches: Iterator[Batch], mesh: Mesh, path: Path) -> None:
    """Write a Zarr group, run by run, that ``xarray.open_zarr`` reads.

    It has what :func:`write_npz` writes, with names of axes, and an array for each parameter. A
    chunk is one run, or less where a run is large. Where the nodes of each design are elsewhere,
    ``coords`` is `[n, M, D]`. The group's attributes ``units``, ``warnings``
    and ``parameters`` (names of arrays) are lists.
    """
    require_group(path)
    with atomic_write(path) as temporary:
        # The first batch says which arrays there are; the arrays grow with each batch.
        first = next(batches)
        group = create_group(temporary, first, 0)
        ids: list[str] = []
        warnings: list[str] = []
        carried: list[Mapping[str, Sequence[str]]] = []
        inputs: list[Parameters | None] = []
        for batch in chain([first], batches):
            for name, array in stored_arrays(batch).items():
                stored: Any = group[name]
                stored.append(array)
            ids += batch.ids
            warnings += batch.warnings
            carried.append(batch.carried)
            inputs.append(batch.parameters)
        describe(
            group,
            mesh,
            first,
            ids=ids,
            warnings=warnings,
            carried=joined_texts(carried),
            parameters=joined_parameters(inputs),
        )


def require_group(path: Path) -> None:
    """Raise UserError when there is something else than a Zarr group at ``path``."""
    if path.is_symlink() or (path.exists() and not (path / "zarr.json").is_file()):
        raise UserError(f"{path} is not a Zarr group, so it is not replaced; choose another name")


def create_group(path: Path, like: Batch, runs: int) -> zarr.Group:
    """Create a group with arrays for ``runs`` runs of batches ``like`` one."""
    # Imported here, as by the other writers: each format's library is loaded when it is written.
    import zarr

    from simulgenvae.data.store.arrays import chunk_shape

    group = zarr.create_group(str(path), zarr_format=3)
    for name, array in stored_arrays(like).items():
        # One run a chunk, since a run is what is read; single numbers would be one file each.
        chunks = (
            (1, *chunk_shape(array.shape[1:], array.itemsize))
            if array.ndim > 1
            else (_SCORES_PER_CHUNK,)
        )
        group.create_array(
            name,
            shape=(runs, *array.shape[1:]),
            chunks=chunks,
            dtype=array.dtype,
            dimension_names=_OWN_COORDS if name == "coords" else AXES[: array.ndim],
        )
    return group


def stored_arrays(batch: Batch) -> dict[str, NDArray[Any]]:
    """Return all arrays whose first axis is that of the designs, with their own positions."""
    if batch.mesh is None or batch.mesh.coords is None:
        return batch.arrays()
    return {**batch.arrays(), "coords": batch.mesh.coords[None]}


def joined_texts(parts: Sequence[Mapping[str, Sequence[str]]]) -> dict[str, list[str]]:
    """Return the texts of all runs by the name of their column, from those of parts of them."""
    names = parts[0] if parts else ()
    return {name: list(chain.from_iterable(part[name] for part in parts)) for name in names}


def joined_parameters(parts: Sequence[Parameters | None]) -> Parameters | None:
    """Return the parameters of all runs from those of parts of them."""
    known = [part for part in parts if part is not None]
    if not known:
        return None
    values = tuple(chain.from_iterable(part.values for part in known))
    return Parameters(known[0].names, known[0].units, values)


def describe(
    group: zarr.Group,
    mesh: Mesh,
    like: Batch,
    *,
    ids: Sequence[str],
    warnings: Sequence[str],
    carried: Mapping[str, Sequence[str]],
    parameters: Parameters | None,
) -> None:
    """Write what is the same for every run, and ids, texts, parameters and warnings of the runs."""
    _create_texts(group, "run", "run", ids)
    _create_texts(group, "variable", "variable", like.variables)
    used = {*group.array_keys(), "time", "node", "coords"}
    labels = {column: legal_name(column, used) for column in carried}
    for column, name in labels.items():
        _create_texts(group, name, "run", carried[column]).attrs["long_name"] = column
    inputs = _create_parameters(group, parameters, used)
    if inputs or labels:
        # xarray reads the names of coordinates from here.
        group.attrs["coordinates"] = " ".join([*inputs, *labels.values()])
    times = group.create_array("time", data=like.times, dimension_names=["time"])
    if like.time_unit:
        times.attrs["units"] = like.time_unit
    if like.nodes is not None:
        group.create_array("node", data=like.nodes, dimension_names=["node"])
    if mesh.coords is not None:
        if like.mesh is None:
            dims = ["node", "dim"]
            group.create_array("coords", data=_coords(mesh, like), dimension_names=dims)
        if mesh.unit:
            group["coords"].attrs["units"] = mesh.unit
    for name, values in mesh.cells.arrays().items():
        dims = [f"cell_{name}", f"corner_{name}"][: values.ndim]
        group.create_array(f"{CELLS}{name}", data=values, dimension_names=dims)
    lists = {"units": list(like.units), "warnings": list(dict.fromkeys(warnings))}
    group.attrs.update({**lists, PARAMETERS: inputs} if inputs else lists)


def _create_parameters(
    group: zarr.Group, parameters: Parameters | None, used: set[str]
) -> list[str]:
    """Write an array for each parameter; return their names."""
    if parameters is None:
        return []
    names = [legal_name(name, used) for name in parameters.names]
    for number, name in enumerate(names):
        values = parameters.column(number)
        if isinstance(values[0], str):
            array = _create_texts(group, name, "run", [str(value) for value in values])
        else:
            array = group.create_array(name, data=np.array(values), dimension_names=["run"])
        array.attrs["long_name"] = parameters.names[number]
        if parameters.units[number]:
            array.attrs["units"] = parameters.units[number]
    return names


def _create_texts(
    group: zarr.Group, name: str, dimension: str, texts: Sequence[str]
) -> zarr.Array[Any]:
    # Variable-length strings of Zarr 3, which xarray reads as texts.
    array = group.create_array(
        name, shape=(len(texts),), dtype="string", dimension_names=[dimension]
    )
    array[...] = np.array(texts, dtype=np.dtypes.StringDType())
    return array


def _coords(mesh: Mesh, batch: Batch) -> NDArray[np.float64]:
    return np.zeros((batch.fields.shape[2], 0)) if mesh.coords is None else mesh.coords
