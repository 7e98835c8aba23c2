"""`simulgenvae predict`: fields of new designs, as arrays or for ParaView."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console

from simulgenvae.cli.common import add_study
from simulgenvae.data.coordinates import read_times
from simulgenvae.data.matching import read_new_conditions
from simulgenvae.errors import UserError
from simulgenvae.settings import Study

if TYPE_CHECKING:
    from simulgenvae.cli.common import Subparsers


def register(subparsers: Subparsers) -> None:
    """Arguments of the command."""
    parser = subparsers.add_parser("predict", help="predict the fields of new designs")
    add_study(parser)
    parser.add_argument("--params", type=Path, help="CSV with the parameters of the new designs")
    parser.add_argument("--images", type=Path, help="their pictures: a folder, a CSV id,file, or one .png or .jpg")
    parser.add_argument("--out", type=Path, required=True, help="FILE.npz, FILE.zarr or FILE.pvd (ParaView)")
    parser.add_argument("--times", type=Path, help="times within the trained span: .npy .csv .txt")
    parser.add_argument(
        "--samples",
        type=int,
        default=0,
        help="at least 2: say how certain each value is, by std, lower and upper (one network draws so many latents)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the samples")
    parser.add_argument("--overwrite", action="store_true", help="replace the output file")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> None:
    """Predict in batches and write them as they come."""
    from simulgenvae.export.write import check_target, write_prediction
    from simulgenvae.surrogate import Surrogate

    if options.samples < 0 or options.samples == 1:
        raise UserError(f"--samples is {options.samples}: a standard deviation needs at least 2 samples (0 for none).")
    if not 0 <= options.seed < 2**63:
        raise UserError(f"--seed is {options.seed}: give a whole number from 0 to 2**63 - 1.")
    check_target(options.out, overwrite=options.overwrite)
    surrogate = Surrogate.load(Study.open(options.folder))
    conditions, notes = read_new_conditions(options.params, options.images, surrogate.condition_scaler)
    for note in notes:
        console.print(f"note: {note}", soft_wrap=True)
    for warning in surrogate.warnings(conditions):
        console.print(f"warning: {warning}", style="yellow", soft_wrap=True)
    times = None if options.times is None else np.asarray(read_times(options.times), np.float64)
    batches = surrogate.predict_batches(conditions, times=times, samples=options.samples, seed=options.seed)
    write_prediction(batches, surrogate.mesh, options.out, overwrite=options.overwrite)
    console.print(f"{options.out}: {len(conditions)} designs", soft_wrap=True)
