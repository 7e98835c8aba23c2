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
from simulgenvae.settings import Settings, StudyFolder, TrainingSettings, load_settings

if TYPE_CHECKING:
    from simulgenvae.cli.common import Subparsers
    from simulgenvae.surrogate.surrogate import Surrogate


def register(subparsers: Subparsers) -> None:
    """Arguments of the command."""
    parser = subparsers.add_parser("train", help="train the surrogate of a study")
    add_study(parser)
    parser.add_argument(
        "--stage",
        default="all",
        help=f"all, or one of {', '.join(TrainingSettings.stage_names())}",
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
    from simulgenvae.training.stages import stage_specs

    if options.stage != "all":
        stage_specs([options.stage])  # refuses a stage that does not exist
    study = StudyFolder.open(options.folder)
    # A stage that is asked for by its name goes on with what is trained.
    continuing = ["training.end_to_end.from_scratch=false"] if options.stage == "end_to_end" else []
    settings = load_settings(
        study, preset=options.preset, overrides=[*options.overrides, *continuing]
    )
    with collectives.process_group(settings.training.rank_timeout) as again:
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
    from simulgenvae.training.stages import STAGES

    target = (
        study.vae_file
        if options.stage == "all" or not STAGES[options.stage].reads_conditions
        else study.conditioner_file
    )
    if target.exists() and not (resume or options.overwrite):
        raise UserError(
            f"{target} exists: use --overwrite to train again and replace it, or --resume to go "
            "on with an interrupted training."
        )
    stages = whole_training(study, settings, console) if options.stage == "all" else [options.stage]
    train_study(study, settings, console, stages=stages, resume=resume)
    predicts = any(STAGES[stage].reads_conditions for stage in stages)
    following = "evaluate" if predicts else "train"
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
    from simulgenvae.training.stages import default_stages

    stages, vae = default_stages(settings), starting_vae(study, settings)
    without = {*settings.training.stage_names(), "init_beta_divisor"} - set(stages)
    unread = without & settings.training.model_fields_set
    if settings.training.end_to_end.alone and unread:
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
    from simulgenvae.training.stages import STAGES

    dataset = open_dataset(study, settings)
    split = study_split(study, dataset, settings)
    read_checks(
        settings.evaluation.checks, dataset.variables, dataset.mesh
    )  # evaluate needs them, hours later
    vae, start = starting_vae(study, settings), None
    if STAGES[stages[0]].stage.continues_study(settings):
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
        resume=resume,
        start=start,
    )
    console.print(f"The model is in {study.model_save}", soft_wrap=True)
    return surrogate
