"""The documented ``SimulGen-VAE.py``: read, train, evaluate and draw the study in the current
folder.

Command lines of the documented form work as they are, as often as they are given. A model that is
already there is therefore not refused: it is copied to ``model_save/previous-<date of the model>``
before the new one takes its place.
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from itertools import count
from pathlib import Path

from rich.console import Console

from simulgenvae.cli.classic.dataset import update_dataset
from simulgenvae.cli.common import add_overrides, add_version
from simulgenvae.cli.evaluate import evaluate_study
from simulgenvae.cli.main import guarded
from simulgenvae.cli.train import starting_vae, train_study, whole_training
from simulgenvae.errors import UserError
from simulgenvae.settings import Settings, StudyFolder, load_settings
from simulgenvae.settings.overrides import read_overrides
from simulgenvae.settings.raw import validate

SHOW, SAVE, NO_FIGURES = 0, 1, 2
EPILOG = """A trained model that is there already is kept as model_save/previous-<its date> when a new one takes its
place; remove what you no longer need. Prediction of new designs: simulgenvae predict."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script with its documented flags; returns the exit code, as ``simulgenvae`` does."""
    options = parser().parse_args(arguments)
    return guarded(lambda console: run(options, console))


def parser() -> argparse.ArgumentParser:
    """Parser of the documented flags."""
    script = argparse.ArgumentParser(
        prog="SimulGen-VAE.py",
        description="Train the study in this folder: input_data/dataset<k>.pickle with its parameters (CSV) "
        "or pictures, input_data/condition.txt and preset.txt. Asks nothing.",
        epilog=EPILOG,
        allow_abbrev=False,
    )
    add_flags(script)
    script.add_argument(
        "--use_ddp", action="store_true", help="one of the processes that torchrun has started"
    )
    add_version(script)
    return script


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The documented flags that ``launch_ddp.py`` has too."""
    parser.add_argument(
        "--preset",
        type=int,
        choices=range(1, 6),
        default=1,
        help="preset and data file (default 1)",
    )
    parser.add_argument(
        "--plot",
        type=int,
        choices=(SHOW, SAVE, NO_FIGURES),
        default=NO_FIGURES,
        help="figures: 0 saves them under output/ and shows them where there is a display, 1 saves them, "
        "2 makes none (default)",
    )
    parser.add_argument(
        "--lc_only",
        type=int,
        choices=(0, 1),
        default=0,
        help="1: train the conditioner against the VAE that is there (and end to end, where that is enabled); "
        "the files of the VAE stay as they are",
    )
    parser.add_argument(
        "--size", choices=("small", "large"), help="one or two layers per block (default: small)"
    )
    parser.add_argument(
        "--load_all",
        type=int,
        choices=(0, 1),
        help="1: hold the data in memory, and on the GPU where there is one (default: 0)",
    )
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted training")
    add_overrides(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Bring the stored data up to date, train, evaluate, and do with the figures what ``--plot``
    says."""
    from simulgenvae.distributed import collectives
    from simulgenvae.training.stages import default_stages

    if options.use_ddp and os.environ.get("WORLD_SIZE", "1") == "1":
        console.print("note: one process: it trains as without --use_ddp and torchrun")
    study = StudyFolder.open(Path())
    settings = load_settings(study, preset=options.preset, overrides=_overrides(options))
    if options.lc_only:
        _require_vae(study, settings)
        stages = default_stages(settings)[1:]  # without the VAE
    else:
        stages = whole_training(study, settings, console)
    with collectives.process_group(settings.training.rank_timeout) as again:
        collectives.run_on_rank0(
            lambda: update_dataset(study, settings, options.preset, stages, console)
        )
        with _previous_model_kept(study, console) if collectives.is_rank0() else nullcontext():
            surrogate = train_study(
                study, settings, console, stages=stages, resume=options.resume or again
            )
        metrics = evaluate_study(study, surrogate, console, figures=options.plot != NO_FIGURES)
    if not collectives.is_rank0():
        return
    figures = [study.output / name for name in metrics["figures"]]
    if figures:
        console.print(f"{len(figures)} figures are in {study.output}")
    if options.plot == SHOW and not show(figures):
        console.print("note: there is no display to show them on")


def _overrides(options: argparse.Namespace) -> list[str]:
    """Return the settings given on the command line, which take precedence over the files;
    ``--set`` comes last.

    UserError where a flag asks for one value and ``--set`` for another.
    """
    flags = {} if options.size is None else {f"--size {options.size}": f"model.size={options.size}"}
    if options.load_all is not None:
        flags[f"--load_all {options.load_all}"] = (
            f"data.load_all={'true' if options.load_all else 'false'}"
        )
    if options.lc_only:
        flags["--lc_only 1"] = (
            "training.end_to_end.decoder=frozen"  # the VAE that is there is kept as it is
        )
    typed = read_overrides(options.overrides)
    for flag, override in flags.items():
        asked = read_overrides([override])
        other = {key: typed[key] for key in asked if key in typed}
        if other and validate(other) != validate(asked):
            places = " and ".join(given.place for given in other.values())
            raise UserError(f"{flag} and {places} contradict each other: keep one of them.")
    return [*flags.values(), *options.overrides]


def _require_vae(study: StudyFolder, settings: Settings) -> None:
    vae = starting_vae(study, settings)
    if not vae.is_file():
        raise UserError(
            f"{vae} does not exist: --lc_only 1 needs a trained VAE. Train one first with "
            "--lc_only 0."
        )


@contextmanager
def _previous_model_kept(study: StudyFolder, console: Console) -> Iterator[None]:
    """Copies of the model files that are about to be replaced; without a new model none are
    left."""
    files = [path for path in study.model_files if path.exists()]
    if not files:
        yield
        return
    date = f"{datetime.fromtimestamp(files[0].stat().st_mtime):%Y%m%d-%H%M%S}"
    names = (date if k == 1 else f"{date}-{k}" for k in count(1))  # two models within one second
    backup = next(
        folder
        for folder in map(study.model_backup, names)
        if not folder.exists() or _holds(folder, files)
    )
    try:
        backup.mkdir(exist_ok=True)
        for path in files:
            shutil.copy2(path, backup)
        yield
    except BaseException:
        shutil.rmtree(backup, ignore_errors=True)
        raise
    console.print(f"The model that was there before is kept in {backup}", soft_wrap=True)


def _holds(folder: Path, files: Sequence[Path]) -> bool:
    """Whether a training that was ended by force has made these copies there."""
    states = [
        [path.stat() for path in (file, folder / file.name) if path.exists()] for file in files
    ]
    return all(
        len({(state.st_size, state.st_mtime_ns) for state in pair}) == 1 and len(pair) == 2
        for pair in states
    )


def show(files: Sequence[Path]) -> bool:
    """Open a window for each picture and wait until they are closed; False where there is no
    display."""
    import matplotlib.pyplot as plt

    try:
        window = plt.figure()
    except ImportError:  # a backend was asked for that cannot run here
        return False
    on_screen = window.canvas.required_interactive_framework is not None
    plt.close(window)
    for path in files if on_screen else ():
        picture = plt.imread(path)
        height, width = picture.shape[:2]
        axes = plt.figure(path.stem, figsize=(width / 100, height / 100)).add_axes((0, 0, 1, 1))
        axes.imshow(picture)
        axes.set_axis_off()
    if on_screen:
        plt.show()
        plt.close("all")
    return on_screen
