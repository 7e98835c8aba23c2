"""`simulgenvae predict`: fields of new designs, as arrays or for ParaView."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from simulgenvae.cli.common import add_study
from simulgenvae.cli.launch import add_launch
from simulgenvae.data.ingest.coordinates import read_node_numbers, read_times
from simulgenvae.data.matching import read_new_conditions
from simulgenvae.errors import UserError
from simulgenvae.settings import StudyFolder

if TYPE_CHECKING:
    import xarray as xr

    from simulgenvae.cli.common import Subparsers
    from simulgenvae.data.conditions import Conditions
    from simulgenvae.surrogate.surrogate import Surrogate

_SHOWN = 12


def register(subparsers: Subparsers) -> None:
    """Arguments of the command."""
    parser = subparsers.add_parser("predict", help="predict the fields of new designs")
    add_study(parser)
    parser.add_argument("--params", type=Path, help="CSV with the parameters of the new designs")
    parser.add_argument(
        "--images", type=Path, help="their pictures: a folder, a CSV id,file, or one .png or .jpg"
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="FILE.pvd (ParaView), .npz, .zarr or .nc; .vtkhdf or .xdmf hold one design ({id}.vtkhdf: a file for each)",
    )
    parser.add_argument("--times", type=Path, help="times within the trained span: .npy .csv .txt")
    parser.add_argument(
        "--nodes", type=Path, help="numbers of some nodes, counted from 0: .npy .csv .txt"
    )
    parser.add_argument("--variables", help="names of some variables, separated by commas")
    parser.add_argument(
        "--samples",
        type=int,
        default=0,
        help="at least 2: say how certain each value is, by std, lower and upper (one network draws so many latents)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the samples")
    parser.add_argument(
        "--truth",
        type=Path,
        help="the same designs solved (a study, or what ingest reads), to compare",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the output file")
    add_launch(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> None:
    """Predict in batches and write them as they come, alone or as one of several ranks that share
    the designs."""
    from simulgenvae.distributed import collectives
    from simulgenvae.export.write import check_target, write_prediction
    from simulgenvae.surrogate.surrogate import Surrogate

    if not 0 <= options.seed < 2**63:
        raise UserError(f"--seed is {options.seed}: give a whole number from 0 to 2**63 - 1.")
    check_target(options.out, overwrite=options.overwrite)
    surrogate = Surrogate.load(StudyFolder.open(options.folder))
    conditions, notes = read_new_conditions(
        options.params, options.images, surrogate.condition_scaler
    )
    for note in notes:
        console.print(f"note: {note}", soft_wrap=True)
    for warning in surrogate.warnings(conditions, samples=options.samples):
        console.print(f"warning: {warning}", style="yellow", soft_wrap=True)
    nodes = None if options.nodes is None else read_node_numbers(options.nodes)
    scores: list[Score] = []
    with (
        _truth(options.truth, conditions, surrogate) as compared,
        collectives.process_group(surrogate.settings.training.rank_timeout),
    ):
        batches = surrogate.predict_batches(
            conditions.select(collectives.local_rows(np.arange(len(conditions))).tolist()),
            times=None if options.times is None else read_times(options.times),
            nodes=nodes,
            variables=None if options.variables is None else options.variables.split(","),
            samples=options.samples,
            seed=options.seed,
        )
        mesh = surrogate.mesh if nodes is None else surrogate.mesh.at(nodes)
        rated = _scored(compared(batches), scores)
        write_prediction(
            rated, mesh, options.out, overwrite=options.overwrite, runs=len(conditions)
        )
        scores = list(chain(*collectives.all_gather(scores)))
    console.print(f"{options.out}: {len(conditions)} designs", soft_wrap=True)
    if any(score.novelty is not None or score.expected_error is not None for score in scores):
        console.print(_table(scores))


@contextmanager
def _truth(
    path: Path | None, conditions: Conditions, surrogate: Surrogate
) -> Iterator[Callable[[Iterable[xr.Dataset]], Iterable[xr.Dataset]]]:
    """What adds the solver's fields to predictions of these conditions, where there are some."""
    if path is None:
        yield lambda batches: batches
        return
    from simulgenvae.export.truth import open_truth

    with open_truth(path) as truth:
        truth.require(conditions.ids, surrogate.mesh)
        nodes, variables = surrogate.reduction.field_shape[0], surrogate.variables
        yield lambda batches: truth.added(batches, conditions.ids, nodes, variables)


class Score(NamedTuple):
    """How far one prediction can be trusted, as far as that is known."""

    design: str
    novelty: float | None
    expected_error: float | None


def _scored(batches: Iterable[xr.Dataset], into: list[Score]) -> Iterator[xr.Dataset]:
    """The batches as they come, their scores noted."""
    for batch in batches:
        missing = [None] * batch.sizes["run"]
        known = (
            batch[name].values.tolist() if name in batch else missing for name in Score._fields[1:]
        )
        into += map(Score, map(str, batch["run"].values), *known)
        yield batch


def _table(scores: list[Score]) -> Table:
    """All designs, or the least certain ones of many."""
    ranked = sorted(
        scores, key=lambda score: (score.expected_error or 0.0, score.novelty or 0.0), reverse=True
    )
    few = len(scores) <= _SHOWN
    table = Table(
        title="How far to trust them"
        if few
        else f"The {_SHOWN} least certain of {len(scores)} designs"
    )
    table.add_column("Design")
    table.add_column("Expected error", justify="right")
    table.add_column("Novelty", justify="right")
    for design, novelty, expected in scores if few else ranked[:_SHOWN]:
        cells = (
            "–" if expected is None else f"{100 * expected:.2g} %",
            "–" if novelty is None else f"{novelty:.2f}",
        )
        table.add_row(escape(design), *cells)
    return table
