"""`simulgenvae train`: all stages, or one."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from simulgenvae.cli.common import add_settings, add_study, open_dataset, study_split
from simulgenvae.cli.launch import add_launch
from simulgenvae.errors import UserError
from simulgenvae.settings import Settings, StudyFolder, load_settings

if TYPE_CHECKING:
    from simulgenvae.cli.common import Subparsers
    from simulgenvae.surrogate.surrogate import Surrogate


def register(subparsers: Subparsers) -> None:
    """Arguments of the command."""
    parser = subparsers.add_parser("train", help="train the surrogate of a study")
    add_study(parser)
    parser.add_argument(
        "--stage", choices=["all", "vae", "conditioner", "end_to_end"], default="all"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument(
        "--overwrite", action="store_true", help="replace the model that the study has"
    )
    add_settings(parser)
    add_launch(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> None:
    """Train, alone or as one of several ranks, and say what comes next."""
    from simulgenvae.distributed import collectives

    study = StudyFolder.open(options.folder)
    # A stage that is asked for by its name goes on with what is trained.
    continuing = ["training.end_to_end.from_scratch=false"] if options.stage == "end_to_end" else []
    settings = load_settings(
        study, preset=options.preset, overrides=[*options.overrides, *continuing]
    )
    with collectives.joined(settings.training.rank_timeout) as again:
        train_asked(study, settings, options, console, resume=options.resume or again)


def train_asked(
    study: StudyFolder,
    settings: Settings,
    options: argparse.Namespace,
    console: Console,
    *,
    resume: bool,
) -> None:
    """Train the stages asked for; a trained model is replaced or completed only when asked for."""
    target = (
        study.conditioner_file if options.stage in {"conditioner", "end_to_end"} else study.vae_file
    )
    if target.exists() and not (resume or options.overwrite):
        raise UserError(
            f"{target} exists: use --overwrite to train again and replace it, or --resume to go "
            "on with an interrupted training."
        )
    stages = whole_training(study, settings, console) if options.stage == "all" else [options.stage]
    train_study(study, settings, console, stages=stages, resume=resume)
    following = "train" if stages == ["vae"] else "evaluate"
    more = " --stage conditioner" if following == "train" else ""
    console.print(f"Next: simulgenvae {following} {study.folder}{more}", soft_wrap=True)


def starting_vae(study: StudyFolder, settings: Settings) -> Path:
    """Return the file of the trained VAE that later stages start from: the study's, or the one the
    settings name."""
    given = settings.training.end_to_end.vae_path
    return study.vae_file if given is None else study.resolve(given)


def whole_training(study: StudyFolder, settings: Settings, console: Console) -> list[str]:
    """Return the stages of a whole training: without ``vae`` where the settings name another
    trained VAE."""
    from simulgenvae.surrogate.fit import default_stages

    stages, vae = default_stages(settings), starting_vae(study, settings)
    unread = {"vae", "conditioner", "init_beta_divisor"} & settings.training.model_fields_set
    if stages == ["end_to_end"] and unread:
        names = ", ".join(f"training.{name}" for name in sorted(unread))
        console.print(
            f"note: without effect: {names}. All networks are trained in the stage end_to_end; "
            "training.end_to_end.from_scratch = false (e2e_from_scratch 0) runs the stages vae "
            "and conditioner too",
            soft_wrap=True,
        )
    if vae.resolve() == study.vae_file.resolve():
        return stages
    if not settings.training.end_to_end.enabled:
        console.print(
            f"note: {vae} (training.end_to_end.vae_path, e2e_vae_model_path) is not read: "
            "end-to-end training is off"
        )
        return stages
    console.print(f"note: the VAE is {vae}; the stage vae is left out", soft_wrap=True)
    return [stage for stage in stages if stage != "vae"]


def train_study(
    study: StudyFolder,
    settings: Settings,
    console: Console,
    *,
    stages: Sequence[str],
    resume: bool,
) -> Surrogate:
    """Train stages of a study whose data are stored, and write the model.

    Stages that need a trained VAE, which is not made by one of them, start from that of
    :func:`starting_vae`; and from the study's conditioner, where it is not made either.

    Raises
    ------
    UserError
        For anything wrong, before anything is written. The model that was there is replaced at the
        very end.
    """
    from simulgenvae.evaluation.analyses.physics import read_checks
    from simulgenvae.surrogate.files import load_start
    from simulgenvae.surrogate.fit import fit

    dataset = open_dataset(study, settings)
    split = study_split(study, dataset, settings)
    read_checks(
        settings.evaluation.checks, dataset.variables, dataset.mesh
    )  # evaluate needs them, hours later
    vae, start = starting_vae(study, settings), None
    if stages[0] == "conditioner" or (
        stages[0] == "end_to_end" and not settings.training.end_to_end.alone
    ):
        if vae != study.vae_file and not vae.is_file():
            raise UserError(
                f"{vae} does not exist: training.end_to_end.vae_path (e2e_vae_model_path) names it."
            )
        start = load_start(vae, study, settings, conditioner="conditioner" not in stages)
    surrogate = fit(
        dataset,
        settings,
        split=split,
        stages=stages,
        study=study,
        console=console,
        resume=resume,
        start=start,
    )
    console.print(f"The model is in {study.model_save}", soft_wrap=True)
    return surrogate
