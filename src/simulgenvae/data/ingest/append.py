"""Further runs for a stored dataset; the runs it has already stay unchanged."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.common_sets import OtherSets, common_sets
from simulgenvae.data.conditions import Conditions, appended
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.ingest.bad_runs import RunJudge
from simulgenvae.data.ingest.sources import describe_sources, open_sources
from simulgenvae.data.ingest.stored_runs import read_runs
from simulgenvae.data.names import listed, prefix_errors
from simulgenvae.data.precision import Precision
from simulgenvae.data.readers import RunPart
from simulgenvae.data.split import make_split, split_replaced
from simulgenvae.data.store.read import read_store
from simulgenvae.data.store.write import write_store
from simulgenvae.data.units import require_same_unit
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from simulgenvae.data.ingest.options import IngestOptions
    from simulgenvae.data.metadata import Metadata
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
    units stay as they are where ``options`` and the files do not give them.

    With ``options.skip_bad``, bad runs among the new ones are left out, and that is recorded.

    Raises UserError, with nothing changed, for anything that is wrong or does not agree with what
    is stored.
    """
    stored = read_store(target)
    # Files have all nodes; those without values are found again, and must be the same.
    whole = stored.metadata.whole()
    with ExitStack() as stack:
        selection = options.selection
        if whole.common is not None:
            selection = (selection or RunPart())._replace(common=whole.common)
        opened = open_sources(sources, stack, selection, options.coords)
        layout, new, notes = describe_sources(opened, options, settings, whole)
        with prefix_errors(sources[0]):
            everything = joined(whole, new)
        # Files of arrays have no sets, and still belong to the mesh.
        if new.mesh.sets:
            sets, said = common_sets(whole.mesh.sets, [OtherSets("the new runs", new.mesh.sets)])
            everything = replace(everything, mesh=everything.mesh.with_sets(sets))
            notes += said
        judge = RunJudge(opened, new.ids, skip_bad=options.skip_bad)
        # Earlier test runs must stay test runs: the surrogate may have been trained on all others.
        earlier = make_split(
            stored.metadata.ids, settings, split_file if split_file.exists() else None
        )
        judge.on_left_out = stack.enter_context(
            split_replaced(split_file, earlier.with_runs(new.ids, settings))
        )
        precision = Precision()

        def decide(bad: Mapping[str, str]) -> Sequence[str]:
            # Stored runs cannot get offsets any more.
            lost = precision.offsets() if new.offsets is None else None
            return [*precision.loss(new.variables, lost), *judge(bad)]

        runs = read_runs(opened, layout, new, precision)
        write_store(target, everything, runs, overwrite=True, stored=stored, judge=decide)
    dataset = Dataset.open(target)
    return dataset, [*notes, *dataset.remarks[len(stored.remarks) :]]


def joined(stored: Metadata, new: Metadata) -> Metadata:
    """Return the metadata of the stored runs followed by the new ones.

    Raises UserError unless both belong to the same study.
    """
    # An id is the name of a run in every file of the study.
    if twice := sorted(set(stored.ids) & set(new.ids)):
        raise UserError(
            f"the study has these runs already: {listed(twice)}; give new runs an id column with "
            "new names"
        )
    for what, before, now in (
        ("timesteps", len(stored.times), len(new.times)),
        ("nodes", stored.nodes, new.nodes),
        ("variables", ", ".join(stored.variables), ", ".join(new.variables)),
        ("units", ", ".join(stored.units), ", ".join(new.units)),
        ("displacement of the nodes", ", ".join(stored.motion), ", ".join(new.motion)),
        ("parameters", ", ".join(stored.conditions.names), ", ".join(new.conditions.names)),
        (
            "images",
            str(stored.conditions.image_format or "none"),
            str(new.conditions.image_format or "none"),
        ),
    ):
        if before != now:
            raise UserError(f"the {what} are {now}, but {before} in the study")
    require_same_unit("time", new.time_unit, stored.time_unit, "the times")
    require_same_unit("length", new.mesh.unit, stored.mesh.unit, "the coordinates")
    # Solvers write times with six to nine digits, and different ones round differently.
    if not np.allclose(new.times, stored.times, rtol=1e-9, atol=0.0):
        raise UserError("the times differ from the times of the study")
    mesh = new.mesh
    if mesh.coords is not None and (stored.mesh.coords is None or not stored.mesh.same_as(mesh)):
        raise UserError(
            "the mesh is not that of the study: its nodes are elsewhere, or other cells connect "
            "them"
        )
    conditions = _joined_conditions(stored.conditions, new.conditions)
    return replace(
        stored,
        ids=conditions.ids,
        conditions=conditions,
        time_unit=stored.time_unit or new.time_unit,
        mesh=stored.mesh.with_unit(stored.mesh.unit or mesh.unit),
    )


def _joined_conditions(stored: Conditions, new: Conditions) -> Conditions:
    images = None
    if stored.images is not None and new.images is not None:
        pixels = np.concatenate([stored.images.pixels, new.images.pixels])
        images = replace(stored.images, pixels=pixels)
    return replace(appended(stored, new), images=images)
