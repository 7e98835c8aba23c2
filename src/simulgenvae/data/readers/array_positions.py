"""Positions of the nodes of each run, or in time, beside arrays of fields.

Nodes belong together by their numbers: meshes correspond, and may move.

Tested in tests/data/readers/test_array_positions.py and test_array_motion.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simulgenvae.data.metadata import default_variables
from simulgenvae.data.motion import motion_names, moving_axes
from simulgenvae.data.readers.companions import texts
from simulgenvae.data.readers.npy import map_npy
from simulgenvae.data.readers.runs.geometry import same_nodes
from simulgenvae.data.readers.runs.motion import Motion
from simulgenvae.data.readers.source import PlacedRun, Source
from simulgenvae.data.shapes import placed_nodes
from simulgenvae.errors import UserError
from simulgenvae.geometry import CorrespondingNodes
from simulgenvae.mesh.mesh import Mesh, numeric

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.geometry import CommonMesh


class _Positions(NamedTuple):
    """Positions of the nodes of the runs of one source.

    Attributes
    ----------
    path
        File of the positions, for messages.
    of_run
        Function that returns those of a run, `[T, M, D]`, or `[1, M, D]` where they stay.
    rest
        Those at the first timestep of each run, `[M, D]`.
    moved
        Largest motion along each coordinate, `[D]`.
    """

    path: Path
    of_run: Callable[[int], NDArray[Any]]
    rest: list[NDArray[np.float64]]
    moved: NDArray[np.float64]


def with_positions(
    sources: Sequence[Source], coords: Path | None, common: CommonMesh | None = None
) -> list[Source]:
    """Return sources with the positions of nodes in a file, or their own, by run or in time.

    They are `[N, M, D]`, `[T, M, D]` or `[N, T, M, D]`. Where nodes move, fields have further
    variables: the displacement of each since the first timestep. ``common`` is the mesh that the
    runs of a study share, to which these are appended.

    Sources with one mesh for all runs are returned as they are. Raises UserError where positions do
    not fit the fields.
    """
    given = None
    if coords is not None:
        given = map_npy(coords) if coords.suffix.lower() == ".npy" and coords.exists() else None
        if given is None or given.ndim < 3:
            return list(sources)
    found = []
    first = 0
    runs = sum(source.shape[0] for source in sources)
    for source in sources:
        of_run = source.positions
        path = coords or source.path
        array = given if given is not None else source.companions.get("coords")
        if array is not None and array.ndim >= 3:
            known = runs if given is not None else source.shape[0]
            of_run = _of_run(array, first if given is not None else 0, known, source.shape[1], path)
        found.append(None if of_run is None else _surveyed(source, of_run, path))
        first += source.shape[0]
    known_all = [positions for positions in found if positions is not None]
    if not known_all or len(known_all) < len(found):
        return list(sources)
    return _placed(sources, known_all, common)


def _of_run(
    array: NDArray[Any], first: int, runs: int, steps: int, path: Path
) -> Callable[[int], NDArray[Any]]:
    """Return a function that gives the positions of a run, `[T, M, D]` or `[1, M, D]`.

    Those of run 0 are at ``first`` in the array, which is about ``runs`` runs of ``steps`` steps.
    """
    numeric(array[:0], f"{path}: positions", "fiu")
    if len(array) == runs:
        return lambda run: np.asarray(array[first + run]).reshape(-1, *array.shape[-2:])
    if array.ndim == 3 and len(array) == steps:
        return lambda _: np.asarray(array)
    raise UserError(
        f"{path}: positions of the nodes of {len(array)} runs, but the fields have {runs}"
    )


def _surveyed(source: Source, of_run: Callable[[int], NDArray[Any]], path: Path) -> _Positions:
    """Return the positions of the runs of a source, each of which is read once."""
    rest: list[NDArray[np.float64]] = []
    moved = np.zeros(0)
    for run in range(source.shape[0]):
        if run in source.problems and rest:
            rest.append(rest[0])
            continue
        places = of_run(run)
        steps, _, dimensions = places.shape
        if steps not in {1, source.shape[1]} or dimensions not in {1, 2, 3}:
            what = f"[{steps}, …, {dimensions}]"
            if steps in {1, source.shape[1]}:
                what = f"{(source.shape[0], *places.shape[1:])}"
            raise UserError(
                f"{path}: positions {what}: they must be [runs, nodes, 1…3], or, in time, "
                f"[runs, {source.shape[1]} timesteps, nodes, 1…3]"
            )
        if not np.isfinite(places).all():
            raise UserError(f"{path}: the positions of run {run} are not finite")
        if rest and places.shape[1:] != rest[0].shape:
            raise UserError(
                f"{path}: {places.shape[1]} nodes in run {run}, {len(rest[0])} in run 0"
            )
        start = places[0].astype(np.float64)
        far = np.abs(places - start).max(axis=(0, 1))
        moved = np.maximum(moved, far) if rest else far
        # One array for all runs that start alike: there may be thousands.
        rest.append(rest[0] if rest and same_nodes(start, rest[0]) else start)
    return _Positions(path, of_run, rest, moved)


def _placed(
    sources: Sequence[Source], positions: Sequence[_Positions], common: CommonMesh | None
) -> list[Source]:
    """Return sources with the geometries of their runs, and where their nodes go."""
    rest = [each for found in positions for each in found.rest]
    if any(each.shape != rest[0].shape for each in rest):
        raise UserError(f"{positions[-1].path}: other nodes than in {positions[0].path}")
    axes = 0
    if any(found.moved.any() for found in positions):
        axes = moving_axes(rest, np.max([found.moved for found in positions], axis=0))
    mesh = sources[0].mesh
    start = Mesh(rest[0], None if mesh is None else mesh.cells, unit=_unit(sources[0]))
    is_one = common is None and axes > 0 and all(each is rest[0] for each in rest)
    common = None if is_one else common or CorrespondingNodes(start)
    placed = []
    for source, found in zip(sources, positions, strict=True):
        fields = _moving(source, found, axes) if axes else source
        companions = {key: value for key, value in fields.companions.items() if key != "coords"}
        fields = replace(fields, companions=companions, mesh=start, positions=None)
        placed.append(fields if common is None else _own_geometries(fields, found, common))
    return placed


def _unit(source: Source) -> str:
    return str(source.companions.get("length_unit", ""))


def _own_geometries(source: Source, found: _Positions, common: CommonMesh) -> Source:
    """Return a source whose runs have their nodes elsewhere than in the mesh ``common``."""
    shapes = placed_nodes(np.stack(found.rest), source.shape[0], found.path, common)

    def read_placed(run: int) -> PlacedRun:
        return PlacedRun(source.run(run), shapes.geometry(run))

    return replace(source, mesh=common.mesh, common=common, read_placed=read_placed)


def _moving(source: Source, found: _Positions, axes: int) -> Source:
    """Return a source with the motion of nodes along ``axes`` coordinates as further variables."""
    steps, values = source.shape[1], int(np.prod(source.shape[2:]))
    nodes = len(found.rest[0])
    if values % nodes:
        raise UserError(
            f"{source.path}: has {values} values per timestep, which are not {nodes} nodes (of "
            f"{found.path}) times a number of variables"
        )
    variables = texts([source], "variables") or default_variables(values // nodes)
    motion = motion_names(axes)
    dtype = np.result_type(source.dtype, np.float32)
    if taken := sorted(set(motion) & set(variables)):
        raise UserError(
            f"{source.path}: the variable {taken[0]} has the name of the motion: rename it"
        )

    def read(run: int) -> NDArray[Any]:
        displacement = (found.of_run(run) - found.rest[run])[..., :axes].astype(dtype)
        fields = np.asarray(source.run(run), dtype).reshape(steps, nodes, -1)
        return np.concatenate([fields, np.broadcast_to(displacement, (steps, nodes, axes))], axis=2)

    companions = {**source.companions, "variables": np.array([*variables, *motion])}
    units = texts([source], "units")
    if units is not None or _unit(source):
        units = units or ("",) * len(variables)
        companions["units"] = np.array([*units, *[_unit(source)] * axes])
    said = Motion(motion, (), in_files=False)
    return replace(
        source,
        shape=(source.shape[0], steps, nodes, values // nodes + axes),
        dtype=dtype,
        read=read,
        companions=companions,
        named_axes=True,
        motion=motion,
        remarks=lambda: [*source.remarks(), str(said)],
    )
