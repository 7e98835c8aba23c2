"""The classic ``SimulGen-VAE.py``: read, train, evaluate and draw the study in the current folder.

The same command line works every time it is given. A model that exists is therefore not refused: it
is copied to ``model_save/previous-<date of the model>`` before the new one replaces it.
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

from simulgenvae.cli.classic.arguments import add_overrides, add_version
from simulgenvae.cli.classic.dataset import update_dataset
from simulgenvae.cli.console import show
from simulgenvae.cli.evaluate import show_evaluation
from simulgenvae.cli.guard import guarded
from simulgenvae.errors import UserError
from simulgenvae.settings import Settings
from simulgenvae.settings.overrides import read_overrides
from simulgenvae.settings.raw import validate
from simulgenvae.study import Study

SHOW, SAVE, NO_FIGURES = 0, 1, 2
EPILOG = """A trained model that is there already is kept as model_save/previous-<its date> when
a new one takes its place; remove what you no longer need. Prediction of new designs:
simulgenvae predict."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script with its flags; return the exit code, as ``simulgenvae`` does."""
    options = parser().parse_args(arguments)
    return guarded(lambda console: run(options))


def parser() -> argparse.ArgumentParser:
    """Return the parser of the classic flags."""
    script = argparse.ArgumentParser(
        prog="SimulGen-VAE.py",
        description="Train the study in this folder: input_data/dataset<k>.pickle with its "
        "parameters (CSV) or images, input_data/condition.txt and preset.txt. Asks nothing.",
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
    """Add the flags that ``launch_ddp.py`` has, too."""
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
        help="figures: 0 saves them under output/ and shows them where there is a display, 1 saves "
        "them, 2 makes none (default)",
    )
    parser.add_argument(
        "--lc_only",
        type=int,
        choices=(0, 1),
        default=0,
        help="1: train the conditioner against the VAE that is there (and end to end, where that "
        "is enabled); the files of the VAE stay as they are",
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


def run(options: argparse.Namespace) -> None:
    """Update the stored data, train, evaluate, and save or show figures as ``--plot`` says."""
    from simulgenvae.distributed import collectives
    from simulgenvae.training.stages import default_stages

    if options.use_ddp and os.environ.get("WORLD_SIZE", "1") == "1":
        show("note: one process: it trains as without --use_ddp and torchrun")
    study = Study.open(Path())
    settings = study.read_settings(preset=options.preset, overrides=_overrides(options))
    if options.lc_only:
        _require_vae(study, settings)
        stages = default_stages(settings)[1:]  # without the VAE
    else:
        stages = study.default_stages(settings)
    # All ranks come here; what only one of them may do is done by the first.
    with (
        collectives.process_group(settings.training.rank_timeout) as again,
        study.working("SimulGen-VAE.py", study.input_data, study.model_save, study.output),
    ):
        collectives.run_on_rank0(lambda: update_dataset(study, settings, options.preset, stages))
        with _previous_model_kept(study) if collectives.is_rank0() else nullcontext():
            surrogate = study.train_stages(settings, stages, resume=options.resume or again)
        with_figures = options.plot != NO_FIGURES
        result = study.evaluate(
            surrogate, settings=surrogate.settings.evaluation, figures=with_figures
        )
    if not collectives.is_rank0():
        return
    show_evaluation(study, result)
    figures = [study.output / name for name in result.figures]
    if figures:
        show(f"{len(figures)} figures are in {study.output}")
    if options.plot == SHOW and not show_figures(figures):
        show("note: there is no display to show them on")


def _overrides(options: argparse.Namespace) -> list[str]:
    """Return the settings given on the command line, with ``--set`` last.

    Raises UserError if a flag sets one value and ``--set`` another.
    """
    flags = {} if options.size is None else {f"--size {options.size}": f"model.size={options.size}"}
    if options.load_all is not None:
        flags[f"--load_all {options.load_all}"] = (
            f"data.load_all={'true' if options.load_all else 'false'}"
        )
    if options.lc_only:
        # Training the conditioner only means that no weight of the VAE changes.
        flags["--lc_only 1"] = "training.end_to_end.decoder=frozen"
    typed = read_overrides(options.overrides)
    for flag, override in flags.items():
        by_flag = read_overrides([override])
        other = {key: typed[key] for key in by_flag if key in typed}
        if other and validate(other) != validate(by_flag):
            places = " and ".join(given.place for given in other.values())
            raise UserError(f"{flag} and {places} contradict each other: keep one of them.")
    return [*flags.values(), *options.overrides]


def _require_vae(study: Study, settings: Settings) -> None:
    vae = study.starting_vae(settings)
    if not vae.is_file():
        raise UserError(
            f"{vae} does not exist: --lc_only 1 needs a trained VAE. Train one first with "
            "--lc_only 0."
        )


@contextmanager
def _previous_model_kept(study: Study) -> Iterator[None]:
    """Keep copies of the model files that this context replaces; none if it fails."""
    # Copied, not moved: a training that fails leaves the earlier model in its place.
    files = [path for path in study.model_files if path.exists()]
    if not files:
        yield
        return
    date = f"{datetime.fromtimestamp(files[0].stat().st_mtime):%Y%m%d-%H%M%S}"
    # Two models may be made within one second: the second gets a number.
    names = (date if k == 1 else f"{date}-{k}" for k in count(1))
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
    show(f"The model that was there before is kept in {backup}")


def _holds(folder: Path, files: Sequence[Path]) -> bool:
    """Return whether the folder has copies of all files, from a training that was killed."""
    return all((folder / file.name).exists() and _same(file, folder / file.name) for file in files)


def _same(file: Path, copy: Path) -> bool:
    """Return whether ``copy`` has the size and time of ``file``, as ``shutil.copy2`` makes it."""
    state = file.stat()
    copied = copy.stat()
    return (state.st_size, state.st_mtime_ns) == (copied.st_size, copied.st_mtime_ns)


def show_figures(files: Sequence[Path]) -> bool:
    """Show each image in a window until it is closed; return whether there was a display."""
    import matplotlib.pyplot as plt

    try:
        window = plt.figure()
    except ImportError:  # matplotlib is set to a backend that cannot run here
        return False
    on_screen = window.canvas.required_interactive_framework is not None
    plt.close(window)
    for path in files if on_screen else ():
        image = plt.imread(path)
        height, width = image.shape[:2]
        axes = plt.figure(path.stem, figsize=(width / 100, height / 100)).add_axes((0, 0, 1, 1))
        axes.imshow(image)
        axes.set_axis_off()
    if on_screen:
        plt.show()
        plt.close("all")
    return on_screen
