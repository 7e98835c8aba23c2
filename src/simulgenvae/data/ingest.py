"""From files of solver results and parameters to a stored dataset, run by run, all or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.condition_files import read_condition_files
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.coordinates import read_mesh, read_numbers, read_times
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.description import Description, Mesh, check_times, default_variables
from simulgenvae.data.layout import Layout, find_layout
from simulgenvae.data.names import listed, naming
from simulgenvae.data.readers import Source, open_source
from simulgenvae.data.split import make_split, split_replaced
from simulgenvae.data.store import check_target, folder_made, write_store
from simulgenvae.data.values import to_float32
from simulgenvae.errors import UserError
from simulgenvae.settings.schema import DataSettings


def build_dataset(
    sources: Sequence[Path],
    target: Path,
    *,
    params: Path | None = None,
    coords: Path | None = None,
    times: Path | None = None,
    mesh: Path | None = None,
    variables: Sequence[str] | None = None,
    units: Sequence[str] | None = None,
    settings: DataSettings | None = None,
    split: Path | None = None,
    split_target: Path | None = None,
    overwrite: bool = False,
) -> tuple[Dataset, list[str]]:
    """Read fields and parameters, and store them as the dataset ``target``; returns it and notes for the user.

    sources: files or Zarr folders with fields, one after another along the runs. params: CSV file or folder of them
    (default: ``params`` of the sources). coords, times: ``.npy``, ``.csv`` or ``.txt``; mesh: VTK, STL or PLY, gives
    coordinates and cells. What is not given is taken from the sources where they hold it. settings: the dimensions to
    expect, and the timesteps and nodes to use. split: CSV with ``id,split`` that must fit the runs; ``split_target``,
    beside ``target``, becomes a copy of it together with the data, or is removed when there is none.

    Raises UserError naming file, run or key, with nothing written, for anything that is wrong or does not agree.
    """
    settings = settings or DataSettings()
    check_target(target, overwrite=overwrite)
    if not sources:
        raise UserError("no files with fields are given")
    with ExitStack() as stack:
        opened = [stack.enter_context(open_source(path)) for path in sources]
        shape = _joint_shape(opened)
        notes = [note for source in opened for note in source.notes]
        names = tuple(variables) if variables is not None else _texts(opened, "variables")
        full_mesh = _mesh(opened, coords, mesh)
        nodes = None if full_mesh.coords is None else len(full_mesh.coords)
        layout = find_layout(sources[0], shape, settings, names, nodes)
        if layout.runs < 2:
            raise UserError(f"{sources[0]}: only one run: a surrogate learns from the differences between several")
        conditions, matching = _conditions(opened, params, layout.runs)
        chosen = make_split(conditions.ids, settings, split)  # refuses what cannot be split
        with naming(mesh or coords or sources[0]):
            full_mesh.check(layout.nodes)
        names = names or default_variables(layout.variables)
        description = Description(
            ids=conditions.ids,
            times=_times(opened, times, layout),
            nodes=layout.end_node - layout.first_node,
            mesh=full_mesh.cut(layout.first_node, layout.end_node),
            variables=names,
            units=tuple(units) if units is not None else _texts(opened, "units") or ("",) * len(names),
            conditions=conditions,
        )
        if split_target is not None:
            stack.enter_context(folder_made(target.parent))
            stack.enter_context(split_replaced(split_target, None if split is None else chosen))
        write_store(target, description, _runs(opened, layout, conditions.ids), overwrite=overwrite)
    return Dataset.open(target), notes + matching


def ingest_documented(
    pickle: Path, parametric_data: Path, target: Path, *, settings: DataSettings, overwrite: bool = False
) -> tuple[Dataset, list[str]]:
    """A documented study: ``dataset<k>.pickle`` and the CSV (or folder of CSVs) with its parameters.

    As :func:`build_dataset`; the number of variables of fields [N, T, M·V] comes from ``settings`` (``num_var``).
    """
    if not pickle.is_file():
        raise UserError(f"{pickle}: no such file: put the data there, or choose another preset (--preset)")
    if not parametric_data.exists():
        raise UserError(f"{parametric_data}: no such file or folder: put the CSV with the parameters there (param_dir)")
    return build_dataset([pickle], target, params=parametric_data, settings=settings, overwrite=overwrite)


def _joint_shape(sources: Sequence[Source]) -> tuple[int, ...]:
    first = sources[0]
    for source in sources[1:]:
        if source.shape[1:] != first.shape[1:]:
            raise UserError(
                f"{source.path}: one run has the shape {source.shape[1:]}, but {first.shape[1:]} in {first.path}: "
                "all runs must have the same timesteps and nodes"
            )
    return (sum(source.shape[0] for source in sources), *first.shape[1:])


def _runs(sources: Sequence[Source], layout: Layout, ids: tuple[str, ...]) -> Iterator[NDArray[np.float32]]:
    names = iter(ids)
    for source in sources:
        for index in range(source.shape[0]):
            yield to_float32(layout.cut(source.run(index)), f"{source.path}, run {next(names)!r}")


def _companion(sources: Sequence[Source], key: str) -> tuple[Path, NDArray[Any]] | None:
    """What the sources say under ``key``; all that say something must say the same."""
    found = [(source.path, source.companions[key]) for source in sources if key in source.companions]
    for path, array in found[1:]:
        if not np.array_equal(array, found[0][1]):
            raise UserError(f"{path}: its {key!r} differ from those in {found[0][0]}")
    return found[0] if found else None


def _texts(sources: Sequence[Source], key: str) -> tuple[str, ...] | None:
    found = _companion(sources, key)
    return None if found is None else _strings(*found, key)


def _strings(path: Path, array: NDArray[Any], key: str) -> tuple[str, ...]:
    if array.ndim > 1 or array.dtype.kind not in "USTOiu":
        raise UserError(f"{path}: {key!r} must be a list of texts, but is {array.dtype} {array.shape}")
    entries = np.atleast_1d(array)
    return tuple(
        bytes(entry).decode("utf-8", "replace") if array.dtype.kind == "S" else str(entry) for entry in entries
    )


def _mesh(sources: Sequence[Source], coords: Path | None, mesh: Path | None) -> Mesh:
    if mesh is not None:
        if coords is not None:
            raise UserError(f"{mesh}: a mesh has coordinates and cells of its own: give either it or coordinates")
        return read_mesh(mesh)
    found = _companion(sources, "coords")
    if coords is not None:
        return Mesh(read_numbers(coords))
    return Mesh(None if found is None else found[1])


def _times(sources: Sequence[Source], times: Path | None, layout: Layout) -> NDArray[np.float64]:
    found = _companion(sources, "times")
    if times is not None:
        found = times, read_times(times)
    if found is None:
        return np.arange(layout.used_steps, dtype=np.float64)
    path, values = found
    if values.shape != (layout.steps,):
        raise UserError(f"{path}: times of the shape {values.shape}, but the fields have {layout.steps} timesteps")
    with naming(path):
        check_times(values)
    return values[: layout.used_steps]


def _conditions(sources: Sequence[Source], params: Path | None, runs: int) -> tuple[Conditions, list[str]]:
    """The parameters in the order of the runs, and how they were matched."""
    carrying = [source for source in sources if "ids" in source.companions]
    if carrying and len(carrying) < len(sources):
        without = next(source.path for source in sources if "ids" not in source.companions)
        raise UserError(
            f"{without}: has no 'ids', but {carrying[0].path} has: either all files name their runs, or none"
        )
    ids = tuple(name for source in carrying for name in _strings(source.path, source.companions["ids"], "ids"))
    if carrying and len(ids) != runs:
        raise UserError(f"{carrying[0].path}: there are {len(ids)} 'ids' for {runs} runs")
    if params is None:
        return _own_conditions(sources, ids, runs), []
    table, has_ids = read_condition_files(params)
    if ids and has_ids:
        return _match(params, table, ids), [f"parameters matched to the runs by id ({runs} runs)"]
    if len(table) != runs:
        raise UserError(f"{params}: {len(table)} rows of parameters, but the fields have {runs} runs")
    if ids:
        return Conditions(ids, table.names, table.table), [f"{params} has no id column: its rows are the runs in order"]
    named = "its id column names them" if has_ids else "it has no id column, so runs are named 0, 1, …"
    return table, [f"the fields have no ids: run k is row k of {params}; {named}"]


def _own_conditions(sources: Sequence[Source], ids: tuple[str, ...], runs: int) -> Conditions:
    tables = [source.companions["params"] for source in sources if "params" in source.companions]
    if len(tables) < len(sources):
        raise UserError("the runs have no parameters: give a table with --params")
    for source, table in zip(sources, tables, strict=True):
        expected = f"[{source.shape[0]}, P]"
        if table.dtype.kind not in "fiu" or table.ndim != 2 or table.shape[0] != source.shape[0]:
            raise UserError(f"{source.path}: 'params' must be numbers {expected}, but are {table.dtype} {table.shape}")
        if table.shape[1] != tables[0].shape[1]:
            raise UserError(f"{source.path}: 'params' has {table.shape[1]} columns, others have {tables[0].shape[1]}")
    names = _texts(sources, "param_names") or tuple(f"p{column}" for column in range(tables[0].shape[1]))
    return Conditions(ids or tuple(map(str, range(runs))), names, np.concatenate(tables).astype(np.float64))


def _match(params: Path, table: Conditions, ids: tuple[str, ...]) -> Conditions:
    row = {name: index for index, name in enumerate(table.ids)}
    missing, extra = [name for name in ids if name not in row], sorted(set(table.ids) - set(ids))
    if missing or extra:
        parts = [f"no row for the runs {listed(missing)}"] * bool(missing) + [f"no fields for {listed(extra)}"] * bool(
            extra
        )
        raise UserError(f"{params}: {len(table)} rows, but the fields have {len(ids)} runs: {'; '.join(parts)}")
    return table.select([row[name] for name in ids])
