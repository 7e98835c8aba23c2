"""`simulgenvae learning-curve`: what more training runs would bring."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING

from rich.console import Console

from simulgenvae.cli.common import add_settings, add_study, open_dataset, study_split
from simulgenvae.settings import StudyFolder, load_settings

if TYPE_CHECKING:
    from simulgenvae.cli.common import Subparsers


def register(subparsers: Subparsers) -> None:
    """Arguments of the command."""
    parser = subparsers.add_parser("learning-curve", help="say what more training runs would bring")
    add_study(parser)
    parser.add_argument(
        "--shares",
        type=_share,
        nargs="+",
        metavar="SHARE",
        help="parts of the training runs to train on (default 1/4 1/2 3/4 1)",
    )
    parser.add_argument(
        "--repeats", type=_count, default=1, help="trainings for each share (default 1)"
    )
    parser.add_argument(
        "--seed", type=_seed, default=0, help="seed of the choice of runs (default 0)"
    )
    parser.add_argument(
        "--target", type=_target, help="error to find the number of runs for; 0.02 is 2 %%"
    )
    add_settings(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> None:
    """Train, measure, extrapolate; the study's own model stays as it is."""
    from simulgenvae.design.learning_curve import SHARES, learning_curve
    from simulgenvae.design.learning_curve.presentation import curve_table, statements

    study = StudyFolder.open(options.folder)
    settings = load_settings(study, preset=options.preset, overrides=options.overrides)
    dataset = open_dataset(study, settings)
    found = learning_curve(
        dataset,
        study_split(study, dataset, settings),
        settings,
        study,
        shares=options.shares or SHARES,
        repeats=options.repeats,
        seed=options.seed,
        target=options.target,
    )
    console.print(curve_table(found))
    for line in statements(found):
        console.print(line, soft_wrap=True)
    console.print(f"Figure: {study.learning_curve_figure.resolve()}", soft_wrap=True)


def _share(text: str) -> float:
    """A number such as 0.25 or 1/4, above 0 and at most 1."""
    try:
        share = math.prod(
            float(part) ** power for part, power in zip(text.split("/", 1), (1, -1), strict=False)
        )
    except (ValueError, ZeroDivisionError):
        share = math.nan
    if not 0.0 < share <= 1.0:
        raise argparse.ArgumentTypeError(
            f"{text} is no share: give numbers above 0 and up to 1, such as 0.25 or 1/4"
        )
    return share


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"{text} is no whole number from 1 to 1000")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text} is no whole number from 0 to {2**32 - 1}")
    return int(text)


def _target(text: str) -> float:
    try:
        target = float(text)
    except ValueError:
        target = math.nan
    if not 0.0 < target < 1.0:
        raise argparse.ArgumentTypeError(f"{text} is no error between 0 and 1; 0.02 stands for 2 %")
    return target
