"""From files of solver results and parameters to a stored dataset, run by run, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.ingest.bad_runs import RunJudge
from simulgenvae.data.ingest.coordinates import read_mesh, read_numbers, read_times
from simulgenvae.data.matching import match_conditions
from simulgenvae.data.metadata import Metadata, check_times, default_variables
from simulgenvae.data.names import naming
from simulgenvae.data.readers import Part, Source, open_source
from simulgenvae.data.readers.array_layout import ArrayLayout, find_layout
from simulgenvae.data.readers.companions import companion, texts
from simulgenvae.data.split import make_split, split_replaced
from simulgenvae.data.store.write import check_target, folder_made, write_store
from simulgenvae.data.values import to_float32
from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.settings import DataSettings
from simulgenvae.utils.progress import WorkLog


def build_dataset(
    sources: Sequence[Path],
    target: Path,
    *,
    params: Path | None = None,
    images: Path | None = None,
    coords: Path | None = None,
    times: Path | None = None,
    mesh: Path | None = None,
    variables: Sequence[str] | None = None,
    units: Sequence[str] | None = None,
    part: Part | None = None,
    settings: DataSettings | None = None,
    split: Path | None = None,
    split_target: Path | None = None,
    accept: Callable[[Conditions], None] | None = None,
    skip_bad: bool = False,
    overwrite: bool = False,
) -> tuple[Dataset, list[str]]:
    """Read fields and parameters, and store them as the dataset ``target``; returns it and notes
    for the user.

    sources: files or Zarr folders with fields, or folders with a solver's own files, one after
    another along the runs; part: what to take of the latter (default: all). params: CSV file or
    folder of them (default: ``params`` of the sources, where there are no images). images: folder
    of pictures, or CSV ``id,file``. coords, times: ``.npy``, ``.csv`` or ``.txt``; mesh: VTK, STL
    or PLY, gives coordinates and cells. What is not given is taken from the sources where they hold
    it. settings: the dimensions to expect, and the timesteps and nodes to use. split: CSV with
    ``id,split`` that must fit the runs; ``split_target``, beside ``target``, becomes a copy of it
    together with the data, or is removed when there is none. accept: raises UserError for
    conditions that are of no use, before fields are read. skip_bad: leave out runs that cannot be
    read, are not like the others or hold NaN, and record that in the dataset's ``remarks``.

    Raises UserError naming file, run or key, with nothing written, for anything that is wrong or
    does not agree.
    """
    settings = settings or DataSettings()
    check_target(target, overwrite=overwrite)
    with ExitStack() as stack:
        opened = opened_sources(sources, stack, part)
        given = Given(params, images, coords, times, mesh, variables, units, part)
        layout, description, notes = described(opened, given, settings)
        if layout.runs < 2:
            raise UserError(
                f"{sources[0]}: only one run: a surrogate learns from the differences between "
                "several"
            )
        judge = RunJudge(opened, description.ids, skip_bad=skip_bad)
        chosen = make_split(description.ids, settings, split)  # refuses what cannot be split
        if accept is not None:
            accept(description.conditions)
        if split_target is not None:
            stack.enter_context(folder_made(target.parent))
            judge.then = stack.enter_context(
                split_replaced(split_target, None if split is None else chosen)
            )
        runs = read_runs(opened, layout, description.ids)
        write_store(target, description, runs, overwrite=overwrite, judge=judge)
    dataset = Dataset.open(target)
    return dataset, [*notes, *dataset.remarks]


class Given(NamedTuple):
    """What a user says of fields beside the files that hold them."""

    params: Path | None = None
    images: Path | None = None
    coords: Path | None = None
    times: Path | None = None
    mesh: Path | None = None
    variables: Sequence[str] | None = None
    units: Sequence[str] | None = None
    part: Part | None = None


def opened_sources(paths: Sequence[Path], stack: ExitStack, part: Part | None) -> list[Source]:
    """Files with fields, until the ``stack`` is left; UserError where one cannot be read."""
    if not paths:
        raise UserError("no files with fields are given")
    return [stack.enter_context(open_source(path, part)) for path in paths]


def described(
    sources: Sequence[Source], given: Given, settings: DataSettings, like: Metadata | None = None
) -> tuple[ArrayLayout, Metadata, list[str]]:
    """How the fields are laid out, everything that is known of them, and notes for the user.

    What is neither given nor in the files is taken from a description ``like`` it. Raises UserError
    naming file, run or key for anything that is wrong or does not agree.
    """
    first, shape = sources[0].path, _joint_shape(sources)
    notes = [note for source in sources for note in source.notes]
    names = tuple(given.variables) if given.variables is not None else texts(sources, "variables")
    names = names or (None if like is None else like.variables)
    mesh = _mesh(sources, given.coords, given.mesh)
    layout = find_layout(
        first, shape, settings, names, None if mesh.coords is None else len(mesh.coords)
    )
    conditions, matching = match_conditions(
        sources, given.params, given.images, settings, layout.runs
    )
    with naming(given.mesh or given.coords or first):
        mesh.check(layout.nodes)
    mesh = mesh.at(np.arange(layout.first_node, layout.end_node))
    names = names or default_variables(layout.variables)
    units = tuple(given.units) if given.units is not None else texts(sources, "units")
    description = Metadata(
        ids=conditions.ids,
        times=_times(sources, given.times, layout, like),
        nodes=layout.end_node - layout.first_node,
        mesh=like.mesh if like is not None and mesh.coords is None else mesh,
        variables=names,
        units=units or (("",) * len(names) if like is None else like.units),
        conditions=conditions,
    )
    return layout, description, notes + matching


def ingest_documented(
    pickle: Path,
    target: Path,
    *,
    params: Path | None = None,
    images: Path | None = None,
    settings: DataSettings,
    accept: Callable[[Conditions], None] | None = None,
) -> tuple[Dataset, list[str]]:
    """A documented study: ``dataset<k>.pickle`` and the CSV (or folder of CSVs) or the pictures of
    its runs, or both.

    As :func:`build_dataset`, in the place of what is at ``target``; the number of variables of
    fields [N, T, M·V] comes from ``settings`` (``num_var``).
    """
    if not pickle.is_file():
        raise UserError(
            f"{pickle}: no such file: put the data there, or choose another preset (--preset)"
        )
    for path, what in ((params, "the CSV with the parameters"), (images, "the pictures")):
        if path is not None and not path.exists():
            raise UserError(f"{path}: no such file or folder: put {what} there (param_dir)")
    return build_dataset(
        [pickle],
        target,
        params=params,
        images=images,
        settings=settings,
        accept=accept,
        overwrite=True,
    )


def _joint_shape(sources: Sequence[Source]) -> tuple[int, ...]:
    first = sources[0]
    for source in sources[1:]:
        if source.shape[1:] != first.shape[1:]:
            raise UserError(
                f"{source.path}: one run has the shape {source.shape[1:]}, but {first.shape[1:]} "
                f"in {first.path}: all runs must have the same timesteps and nodes"
            )
    return (sum(source.shape[0] for source in sources), *first.shape[1:])


def read_runs(
    sources: Sequence[Source], layout: ArrayLayout, ids: tuple[str, ...]
) -> Iterator[NDArray[np.float32] | UserError]:
    """The field [T, M, V] of one run after the other, or why it cannot be read or does not hold
    numbers."""
    rows = [(source, index) for source in sources for index in range(source.shape[0])]
    with WorkLog(transient=True) as log:
        log.start("Reading runs", len(rows))
        for done, (name, (source, index)) in enumerate(zip(ids, rows, strict=True)):
            log.step(done)
            try:
                yield to_float32(layout.cut(source.run(index)), f"{source.path}, run {name!r}")
            except UserError as error:
                yield error


def _mesh(sources: Sequence[Source], coords: Path | None, mesh: Path | None) -> Mesh:
    if mesh is not None:
        if coords is not None:
            raise UserError(
                f"{mesh}: a mesh has coordinates and cells of its own: give either it or "
                "coordinates"
            )
        return read_mesh(mesh)
    if coords is not None:
        return Mesh(read_numbers(coords))
    meshes = [source.mesh for source in sources if source.mesh is not None]
    if meshes:
        for source in sources:
            if source.mesh is not None and not meshes[0].same_as(source.mesh):
                raise UserError(f"{source.path}: its mesh is not that of {sources[0].path}")
        return meshes[0]
    found = companion(sources, "coords")
    return Mesh(None if found is None else found[1])


def _times(
    sources: Sequence[Source], times: Path | None, layout: ArrayLayout, like: Metadata | None
) -> NDArray[np.float64]:
    found = companion(sources, "times")
    if times is not None:
        found = times, read_times(times)
    if found is None and like is not None:
        if len(like.times) != layout.used_steps:
            raise UserError(
                f"{sources[0].path}: {layout.used_steps} timesteps, but the study has "
                f"{len(like.times)}"
            )
        return like.times
    if found is None:
        return np.arange(layout.used_steps, dtype=np.float64)
    path, values = found
    if values.shape != (layout.steps,):
        raise UserError(
            f"{path}: times of the shape {values.shape}, but the fields have {layout.steps} "
            "timesteps"
        )
    with naming(path):
        check_times(values)
    return values[: layout.used_steps]
