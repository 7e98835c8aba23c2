"""What several commands share: opening a study's data, and the arguments that name settings."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from simulgenvae import __version__
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.dimensions import check_dimensions
from simulgenvae.data.readers.runs.series import AXES
from simulgenvae.data.split import Split, make_split
from simulgenvae.errors import UserError
from simulgenvae.settings import IMAGE_ENDINGS, Settings, StudyFolder
from simulgenvae.settings.networks import conditioners_of

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_study(parser: argparse.ArgumentParser) -> None:
    """The study folder as the first argument."""
    parser.add_argument(
        "folder", type=Path, nargs="?", default=Path(), help="study folder (default: this one)"
    )


def add_version(parser: argparse.ArgumentParser) -> None:
    """``--version``, which prints the version and ends."""
    parser.add_argument("--version", action="version", version=f"simulgenvae {__version__}")


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Where a study's settings come from: ``--preset`` and ``--set``."""
    parser.add_argument(
        "--preset", type=int, default=1, help="preset of a documented study (default 1)"
    )
    add_overrides(parser)


def add_overrides(
    parser: argparse.ArgumentParser,
    what: str = "a setting, such as training.end_to_end.steps=500 (docs/settings.md lists all)",
) -> None:
    """``--set key=value``, any number of times; ``what`` is its help."""
    parser.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=what,
    )


def add_path(parser: argparse.ArgumentParser) -> None:
    """Where HDF5 files have the runs, and how: ``--path`` and ``--axes``."""
    group = parser.add_argument_group("of HDF5 with a dataset for each run")
    group.add_argument(
        "--path",
        metavar="data/*/values",
        help="where the datasets are; * stands for the run's id. For files of one run each: without *",
    )
    group.add_argument(
        "--axes",
        type=_axes,
        help="what their axes are: variable, time and node in any order, the first two where there are such "
        "(default: time,node,variable, or time,node, or node)",
    )


def _axes(text: str) -> tuple[str, ...]:
    axes = tuple(name.strip() for name in text.split(","))
    if "node" not in axes or len(set(axes)) < len(axes) or set(axes) - set(AXES):
        raise argparse.ArgumentTypeError(
            f"{text!r} must be node and, in any order, variable and time, each once"
        )
    return axes


def open_dataset(study: StudyFolder, settings: Settings) -> Dataset:
    """The study's stored data; in memory when ``data.load_all`` asks for it.

    UserError when there are none, or others than the settings promise (they may have changed since
    the data were read).
    """
    if not study.dataset.exists():
        raise UserError(
            f"{study.dataset} does not exist: make it with `simulgenvae ingest … --study "
            f"{study.folder}`."
        )
    dataset = Dataset.open(study.dataset)
    check_dimensions(
        study.dataset,
        dataset.shape,
        settings.data,
        stored=True,
        advice="Correct the settings, or ingest the data again with --overwrite.",
    )
    return dataset.load() if settings.data.load_all else dataset


class ConditionFiles(NamedTuple):
    """Where the settings say that the conditions are: a CSV or a folder of them, a folder of
    pictures."""

    table: Path | None
    images: Path | None


def condition_files(study: StudyFolder, settings: Settings) -> ConditionFiles:
    """The files that the settings name; ``images/`` of the study where they ask for pictures
    without saying which."""
    table, images = (
        None if name is None else study.resolve(name)
        for name in (settings.data.parameters, settings.data.images)
    )
    reads_images = settings.conditioner.kind in conditioners_of("images")
    if reads_images or settings.data.file_type in IMAGE_ENDINGS:
        images = images or study.images
    return ConditionFiles(table, images)


def study_split(study: StudyFolder, dataset: Dataset, settings: Settings) -> Split:
    """The one split of a study: from its ``split.csv``, else from the seed."""
    return make_split(
        dataset.ids, settings.data, study.split_file if study.split_file.exists() else None
    )


def positive(text: str) -> int:
    """An argument that counts something."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
