"""Further runs of a stored study: the data set grows, and what is there already stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.images import Images
from simulgenvae.data.ingest.bad_runs import RunJudge
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.data.ingest.sources import describe_sources, open_sources, read_runs
from simulgenvae.data.metadata import Metadata
from simulgenvae.data.names import listed, prefix_errors
from simulgenvae.data.split import make_split, split_replaced
from simulgenvae.data.store.read import read_store
from simulgenvae.data.store.write import write_store
from simulgenvae.errors import UserError
from simulgenvae.settings import DataSettings


def append_runs(
    sources: Sequence[Path],
    target: Path,
    options: IngestOptions,
    *,
    settings: DataSettings,
    split_file: Path,
) -> tuple[Dataset, list[str]]:
    """Append runs to the dataset ``target``; return the whole dataset and notes for the user.

    Stored runs keep their part of the split. New ones are drawn for validation and test until
    these have their fractions again, and ``split_file`` then says so. Mesh, times, variables and
    units are those of the dataset where ``options`` and the files do not give them.

    With ``options.skip_bad``, bad runs among the new ones are left out, and that is recorded.

    Raises UserError, with nothing changed, for anything that is wrong or does not agree with what
    is stored.
    """
    stored = read_store(target)
    with ExitStack() as stack:
        opened = open_sources(sources, stack, options.selection)
        layout, new, notes = describe_sources(opened, options, settings, stored.description)
        with prefix_errors(sources[0]):
            everything = joined(stored.description, new)
        judge = RunJudge(opened, new.ids, skip_bad=options.skip_bad)
        earlier = make_split(
            stored.description.ids, settings, split_file if split_file.exists() else None
        )
        judge.then = stack.enter_context(
            split_replaced(split_file, earlier.with_runs(new.ids, settings))
        )
        runs = read_runs(opened, layout, new.ids)
        write_store(target, everything, runs, overwrite=True, known=stored, judge=judge)
    dataset = Dataset.open(target)
    return dataset, [*notes, *dataset.remarks[len(stored.remarks) :]]


def joined(known: Metadata, new: Metadata) -> Metadata:
    """The runs of ``known``, then those of ``new``; UserError unless they are of the same study."""
    if twice := sorted(set(known.ids) & set(new.ids)):
        raise UserError(
            f"the study has these runs already: {listed(twice)}; give new runs an id column with "
            "new names"
        )
    differences = {
        "timesteps": (len(known.times), len(new.times)),
        "nodes": (known.nodes, new.nodes),
        "variables": (", ".join(known.variables), ", ".join(new.variables)),
        "units": (", ".join(known.units), ", ".join(new.units)),
        "parameters": (", ".join(known.conditions.names), ", ".join(new.conditions.names)),
        "pictures": tuple(str(each.conditions.image_format or "none") for each in (known, new)),
    }
    for what, (old, found) in differences.items():
        if old != found:
            raise UserError(f"the {what} are {found}, but {old} in the study")
    if not np.allclose(new.times, known.times, rtol=1e-9, atol=0.0):
        raise UserError("the times are not those of the study")
    old, found = known.mesh, new.mesh
    if found.coords is not None and (old.coords is None or not old.same_as(found)):
        raise UserError(
            "the mesh is not that of the study: its nodes are elsewhere, or other cells connect "
            "them"
        )
    ids, names = known.ids + new.ids, known.conditions.names
    table = np.concatenate([known.conditions.table, new.conditions.table])
    conditions = Conditions(
        ids, names, table, _joined_images(known.conditions.images, new.conditions.images)
    )
    return replace(known, ids=ids, conditions=conditions)


def _joined_images(known: Images | None, new: Images | None) -> Images | None:
    if known is None or new is None:
        return None
    return replace(known, pixels=np.concatenate([known.pixels, new.pixels]))
