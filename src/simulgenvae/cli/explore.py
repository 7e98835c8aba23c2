"""`simulgenvae explore`: fields between two designs, along one level of the latents, and drawn from
the prior."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console

from simulgenvae.cli.common import add_study, open_dataset
from simulgenvae.data.matching import read_new_conditions
from simulgenvae.data.names import listed
from simulgenvae.errors import UserError
from simulgenvae.settings import StudyFolder

if TYPE_CHECKING:
    import xarray as xr

    from simulgenvae.cli.common import Subparsers
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.models import Latents
    from simulgenvae.surrogate.surrogate import Surrogate

MOST = 10_000
"""Fields that can be asked for at once; memory refuses far fewer where they are large."""


def register(subparsers: Subparsers) -> None:
    """Arguments of the command."""
    parser = subparsers.add_parser(
        "explore", help="walk through the latent space of a trained model"
    )
    add_study(parser)
    ways = parser.add_subparsers(required=True, metavar="{interpolate,traverse,sample}")

    way = ways.add_parser("interpolate", help="fields on the way from one design to another")
    way.add_argument("--from", dest="first", metavar="ID", help="run of the study at the start")
    way.add_argument("--to", dest="second", metavar="ID", help="run of the study at the end")
    way.add_argument(
        "--params", type=Path, help="instead of runs: CSV with the parameters of two designs"
    )
    way.add_argument("--images", type=Path, help="their pictures: a folder, or a CSV id,file")
    way.add_argument(
        "--kind",
        choices=("slerp", "linear"),
        default="slerp",
        help="great circle, or straight line",
    )
    _add_common(way, interpolate_command, steps=True)

    way = ways.add_parser(
        "traverse", help="what a level does: move it, and leave the others as they are"
    )
    way.add_argument("--level", required=True, help="z, h_1, h_2, …")
    way.add_argument(
        "--run",
        dest="start",
        metavar="ID",
        help="run to start from (default: mean of the training runs)",
    )
    way.add_argument(
        "--dimension",
        type=int,
        help="dimension of the level, from 0 (default: first principal axis)",
    )
    way.add_argument(
        "--range",
        type=float,
        default=2.0,
        help="how far to both sides, in standard deviations of the training runs",
    )
    _add_common(way, traverse_command, steps=True)

    way = ways.add_parser("sample", help="fields drawn from the learned prior")
    way.add_argument("--count", type=int, default=8, help="number of fields")
    way.add_argument("--seed", type=int, default=0, help="seed of the samples")
    _add_common(way, sample_command, steps=False)


def interpolate_command(options: argparse.Namespace, console: Console) -> None:
    """Interpolate between two runs of the study, or between two new designs."""
    from simulgenvae.design.latent_traversal import interpolate

    runs, designs = (options.first, options.second), (options.params, options.images)
    by_run = [given is not None for given in runs]
    by_design = any(given is not None for given in designs)
    if any(by_run) != all(by_run) or any(by_run) == by_design:
        raise UserError(
            "give either two runs, --from ID --to ID, or two designs, --params FILE (--images "
            "for pictures)"
        )
    study, surrogate = _prepared(options)
    if by_design:
        first, second = _two_designs(surrogate, options.params, options.images, console)
    else:
        dataset = open_dataset(study, surrogate.settings)
        first, second = (_encoded(surrogate, dataset, name) for name in runs)
    _write(
        interpolate(surrogate, first, second, options.steps, options.kind),
        surrogate,
        options,
        console,
    )


def traverse_command(options: argparse.Namespace, console: Console) -> None:
    """Move one level around a run of the study, or around the mean of the training runs."""
    import torch

    from simulgenvae.design.latent_traversal import level_direction, level_number, traverse
    from simulgenvae.models import Latents

    if not (math.isfinite(options.range) and options.range > 0):
        raise UserError(
            f"--range is {options.range:g}: give a positive number of standard deviations."
        )
    study, surrogate = _prepared(options)
    level_number(
        surrogate, options.level, options.dimension
    )  # refused now, not after all runs are encoded
    dataset = open_dataset(study, surrogate.settings)
    start = None if options.start is None else _encoded(surrogate, dataset, options.start)
    each = [
        surrogate.encode(dataset.run(int(row)))
        for row in surrogate.split.rows(dataset.ids)["train"]
    ]
    trained = Latents(torch.cat([run.z for run in each]), torch.cat([run.h for run in each]))
    direction = level_direction(surrogate, trained, options.level, options.dimension)
    if start is None:
        start = Latents(trained.z.mean(0, keepdim=True), trained.h.mean(0, keepdim=True))
    values = np.linspace(-options.range, options.range, options.steps)
    _write(
        traverse(surrogate, start, options.level, direction, values), surrogate, options, console
    )


def sample_command(options: argparse.Namespace, console: Console) -> None:
    """Draw from the prior."""
    if not 1 <= options.count <= MOST:
        raise UserError(f"--count is {options.count}: give a whole number from 1 to {MOST}.")
    if not 0 <= options.seed < 2**63:
        raise UserError(f"--seed is {options.seed}: give a whole number from 0 to 2**63 - 1.")
    _, surrogate = _prepared(options)
    _write(surrogate.sample(options.count, options.seed), surrogate, options, console)


def _add_common(parser: argparse.ArgumentParser, run: object, *, steps: bool) -> None:
    if steps:
        parser.add_argument(
            "--steps", type=int, default=9, help="number of fields, the two ends included"
        )
    parser.add_argument(
        "--out", type=Path, required=True, help="FILE.npz, FILE.zarr or FILE.pvd (ParaView)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the output file")
    parser.set_defaults(run=run)


def _prepared(options: argparse.Namespace) -> tuple[StudyFolder, Surrogate]:
    """The study and its surrogate, after everything that can be refused before they are read."""
    from simulgenvae.export.write import check_target
    from simulgenvae.surrogate.surrogate import Surrogate

    if "steps" in options and not 2 <= options.steps <= MOST:
        raise UserError(f"--steps is {options.steps}: give a whole number from 2 to {MOST}.")
    check_target(options.out, overwrite=options.overwrite)
    study = StudyFolder.open(options.folder)
    return study, Surrogate.load(study)


def _encoded(surrogate: Surrogate, dataset: Dataset, name: str) -> Latents:
    if name not in dataset.ids:
        raise UserError(f"the study has no run {name!r}; its runs are {listed(dataset.ids)}")
    return surrogate.encode(dataset.run(dataset.ids.index(name)))


def _two_designs(
    surrogate: Surrogate, params: Path | None, images: Path | None, console: Console
) -> tuple[Latents, Latents]:
    from simulgenvae.design.latent_traversal import predicted_latents

    conditions, notes = read_new_conditions(params, images, surrogate.condition_scaler)
    if len(conditions) != 2:
        raise UserError(f"{params or images}: {len(conditions)} designs, but a way goes between 2")
    for note in notes:
        console.print(f"note: {note}", soft_wrap=True)
    for warning in surrogate.condition_scaler.outside(conditions):
        console.print(f"warning: {warning}", style="yellow", soft_wrap=True)
    first, second = (predicted_latents(surrogate, conditions.select([row])) for row in (0, 1))
    return first, second


def _write(
    fields: xr.Dataset, surrogate: Surrogate, options: argparse.Namespace, console: Console
) -> None:
    from simulgenvae.export.write import write_prediction

    write_prediction(fields, surrogate.mesh, options.out, overwrite=options.overwrite)
    console.print(f"{options.out}: {fields.sizes['run']} fields", soft_wrap=True)
