"""`simulgenvae train`: all stages, or one."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rich.console import Console

from simulgenvae.cli.common import add_settings, add_study, open_dataset, study_split
from simulgenvae.errors import UserError
from simulgenvae.settings import Settings, Study, load_settings

if TYPE_CHECKING:
    from simulgenvae.cli.common import Subparsers
    from simulgenvae.training.train import StageName


def register(subparsers: Subparsers) -> None:
    """Arguments of the command."""
    parser = subparsers.add_parser("train", help="train the surrogate of a study")
    add_study(parser)
    parser.add_argument("--stage", choices=["all", "vae", "conditioner", "end_to_end"], default="all")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument("--overwrite", action="store_true", help="replace the model that the study has")
    add_settings(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> None:
    """Train and say what comes next."""
    study = Study.open(options.folder)
    settings = load_settings(study, overrides=options.overrides)
    train_study(
        study, settings, console, stage=options.stage, resume=options.resume, overwrite=options.overwrite
    )
    console.print(f"Next: simulgenvae evaluate {study.folder}", soft_wrap=True)


def train_study(
    study: Study, settings: Settings, console: Console, *, stage: str, resume: bool, overwrite: bool
) -> None:
    """Train one stage or all of a study whose data are stored.

    Raises
    ------
    UserError
        For anything wrong, before anything is written; a trained model is replaced only with ``overwrite``, and
        completed only with ``resume``.
    """
    from simulgenvae.model_files import load_start
    from simulgenvae.surrogate import default_stages, fit

    dataset = open_dataset(study, settings)
    target = study.conditioner_file if stage in {"conditioner", "end_to_end"} else study.vae_file
    if target.exists() and not (resume or overwrite):
        raise UserError(
            f"{target} exists: use --overwrite to train again and replace it, or --resume to go on with an "
            "interrupted training."
        )
    stages: list[StageName] = default_stages(settings)
    start = None
    if stage != "all":
        stages = [name for name in ("vae", "conditioner", "end_to_end") if name == stage]
    if stage in {"conditioner", "end_to_end"}:
        start = load_start(study.vae_file, study, settings, conditioner=stage == "end_to_end")
    split = study_split(study, dataset, settings)
    fit(dataset, settings, split=split, stages=stages, study=study, console=console, resume=resume, start=start)
    console.print(f"The model is in {study.model_save}", soft_wrap=True)
