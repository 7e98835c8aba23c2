"""What all methods of a study start from: its settings, data, split and trained surrogate."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import Split, make_split
from simulgenvae.errors import UserError
from simulgenvae.settings import (
    IMAGE_ENDINGS,
    DataSettings,
    Settings,
    StudyFolder,
    load_settings,
)

if TYPE_CHECKING:
    from simulgenvae.surrogate.surrogate import Surrogate

logger = logging.getLogger(__name__)


class ConditionFiles(NamedTuple):
    """Where the conditions of the runs are stored."""

    table: Path | None
    """A CSV file, or a folder of them."""
    images: Path | None
    """A folder of images, or a CSV file ``id,file``."""


class StudyData(StudyFolder):
    """A study folder whose settings, data and surrogate can be read."""

    def read_settings(self, *, preset: int = 1, overrides: Sequence[str] = ()) -> Settings:
        """Return the settings of the study's files.

        Parameters
        ----------
        preset
            Number of the preset of a classic study (``preset.txt``).
        overrides
            Settings that take precedence over the files, each as ``group.key=value``.

        Raises
        ------
        UserError
            Every mistake in the files and overrides, with file, line and key.
        """
        return load_settings(self, preset=preset, overrides=overrides)

    def open_dataset(self, settings: Settings | None = None) -> Dataset:
        """Return the study's stored data, in memory if ``data.load_all`` is set.

        Raises
        ------
        UserError
            If there are none, or if their dimensions are not those of the settings, which may
            have changed since the data were read.
        """
        settings = settings or self.read_settings()
        if not self.dataset.exists():
            raise UserError(
                f"{self.dataset} does not exist: make it with `simulgenvae ingest … --study "
                f"{self.folder}`."
            )
        dataset = Dataset.open(self.dataset)
        self._check_dimensions(dataset, settings.data)
        return dataset.load() if settings.data.load_all else dataset

    def make_split(self, dataset: Dataset, settings: Settings | None = None) -> Split:
        """Return the training, validation and test runs: ``split.csv``'s, else by the seed."""
        settings = settings or self.read_settings()
        file = self.split_file if self.split_file.exists() else None
        return make_split(dataset.ids, settings.data, file)

    def load_surrogate(self) -> Surrogate:
        """Return the trained surrogate of the study; UserError if there is none."""
        # torch takes seconds to import, and commands such as `ingest` do without it.
        from simulgenvae.surrogate.surrogate import Surrogate

        return Surrogate.load(self)

    def condition_files(self, settings: Settings) -> ConditionFiles:
        """Return the files of conditions that the settings name.

        If the settings ask for images without naming a folder, it is ``images/`` of the study.
        """
        data = settings.data
        table = None if data.parameters is None else self.resolve(data.parameters)
        images = None if data.images is None else self.resolve(data.images)
        if settings.conditioner.kind in {"cnn", "vit"} or data.file_type in IMAGE_ENDINGS:
            images = images or self.images
        return ConditionFiles(table, images)

    def _check_dimensions(self, dataset: Dataset, promised: DataSettings) -> None:
        end = promised.node_end or promised.nodes
        expected = {
            "runs (Dim1)": promised.runs,
            "timesteps (Dim2, Dim2_red)": promised.first_timesteps or promised.timesteps,
            "nodes (Dim3, Dim3_start, Dim3_end)": None
            if end is None
            else end - promised.node_start,
            "variables (num_var)": promised.variables,
        }
        wrong = [
            f"{name}: {count} in the settings, {stored} in the data"
            for (name, count), stored in zip(expected.items(), dataset.shape, strict=True)
            if count not in (None, stored)
        ]
        if wrong:
            raise UserError(
                f"{self.dataset}: not the promised dimensions. {'; '.join(wrong)}. Correct the "
                "settings, or ingest the data again with --overwrite."
            )


def log_notes(notes: Iterable[str]) -> None:
    """Log what a user should know about files that were read."""
    for note in notes:
        logger.info("note: %s", note)


def log_warnings(warnings: Iterable[str]) -> None:
    """Log why predictions may be worse than usual."""
    for warning in warnings:
        logger.warning("%s", warning)


def require_seed(seed: int) -> None:
    """Raise UserError for a seed that no random generator takes."""
    if not 0 <= seed < 2**63:
        raise UserError(f"--seed is {seed}: give a whole number from 0 to 2**63 - 1.")
