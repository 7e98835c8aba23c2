"""Settings, data, split and surrogate of a study, which all its methods start from.

Tested in tests/study/test_study.py.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from simulgenvae.errors import UserError
from simulgenvae.settings.folder import StudyFolder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.data.split import Split
    from simulgenvae.settings import Settings
    from simulgenvae.surrogate.surrogate import Surrogate

logger = logging.getLogger(__name__)

SECONDS_FOR_LOCK = 1.0
"""Seconds to wait for another command; one that was killed may take a moment to end."""


class ConditionFiles(NamedTuple):
    """Files with the conditions of the runs."""

    table: Path | None
    """A CSV file, or a folder of them."""
    images: Path | None
    """A folder of images, or a CSV file ``id,file``."""


class StudyData(StudyFolder):
    """A study folder whose settings, data and surrogate can be read."""

    @contextmanager
    def working(self, work: str, *folders: Path) -> Iterator[None]:
        """Keep other commands from writing into the study during the block.

        Of several ranks, the first one does that for all. It also finishes what an ingest that was
        killed has left.

        Parameters
        ----------
        work
            What is done in the block, for the message that the others get.
        folders
            Folders in which the block writes files, perhaps after hours.

        Raises
        ------
        UserError
            When another command writes into the study, or nothing can be written there.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> with study.working("copy", study.output):
        ...     pass
        """
        # Imported here, as in the methods below: a command that only reads a model is quick.
        from simulgenvae.data.ingest.interrupted import finish_ingest
        from simulgenvae.utils.atomic import ensure_folder, require_writable
        from simulgenvae.utils.lock import only_one

        # torchrun says by this variable which rank this is; torch itself may not be loaded.
        if int(os.environ.get("RANK", "0")) > 0:
            yield
            return
        advice = "Wait until it ends, or work in a copy of the study."
        lock = only_one(
            self.lock_file, work, subject=str(self.folder), advice=advice, wait=SECONDS_FOR_LOCK
        )
        with ensure_folder(self.folder), lock:
            for folder in folders:
                require_writable(folder)
            finish_ingest(self.dataset, self.split_file)
            yield

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

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> study.read_settings(overrides=["model.size=large"]).model.size
        'large'
        """
        from simulgenvae.settings.load import load_settings

        return load_settings(self, preset=preset, overrides=overrides)

    def open_dataset(self, settings: Settings | None = None) -> Dataset:
        """Return the study's stored data, in memory if ``data.load_all`` is set.

        Raises
        ------
        UserError
            If there are none, or if their dimensions differ from the settings, which may
            have changed since the data were read.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> study.open_dataset().shape
        (14, 8, 30, 1)
        """
        from simulgenvae.data.dataset import Dataset
        from simulgenvae.data.dimensions import check_dimensions

        settings = settings or self.read_settings()
        if not self.dataset.exists():
            raise UserError(
                f"{self.dataset} does not exist: make it with `simulgenvae ingest {self.folder} …`."
            )
        # Fields stay on disk here: only their description is read.
        dataset = Dataset.open(self.dataset)
        check_dimensions(
            self.dataset,
            dataset.whole_shape,
            settings.data,
            stored=True,
            advice="Correct the settings, or ingest the data again with --overwrite.",
        )
        # Checked before loading, which can take minutes.
        return dataset.load() if settings.data.load_all else dataset

    def make_split(self, dataset: Dataset, settings: Settings | None = None) -> Split:
        """Return the training, validation and test runs: ``split.csv``'s, else by the seed.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> split = study.make_split(study.open_dataset())
        >>> len(split.train) + len(split.validation) + len(split.test)
        14
        """
        from simulgenvae.data.split import make_split

        settings = settings or self.read_settings()
        # A split that was written counts more than the settings it came from, so that test runs
        # stay test runs when the fractions change later.
        file = self.split_file if self.split_file.exists() else None
        return make_split(dataset.ids, settings.data, file)

    def declared_quantities(
        self, trained: Settings, added: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Return the quantities of interest of the study by name, with those that are ``added``.

        They are those of ``study.toml`` below ``[quantities]``, which may have changed since the
        training; without such a file, those of the training.

        Raises
        ------
        UserError
            For a name that is declared and added.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> study.declared_quantities(study.read_settings(), {"peak": "max(temperature)"})
        {'peak': 'max(temperature)'}
        """
        settings = self.read_settings() if self.settings_file.exists() else trained
        declared = dict(settings.quantities)
        added = added or {}
        if twice := sorted(declared.keys() & added.keys()):
            raise UserError(
                f"The quantity {twice[0]!r} is declared in {self.settings_file} already: give "
                "another name."
            )
        return declared | dict(added)

    def require_quantities(self, settings: Settings, dataset: Dataset) -> None:
        """Raise UserError unless the declared quantities fit the data.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> study.require_quantities(study.read_settings(), study.open_dataset())
        """
        from simulgenvae.quantities.of_runs import require_quantities

        require_quantities(settings.quantities, dataset, self.folder)

    def load_surrogate(self) -> Surrogate:
        """Return the trained surrogate of the study's model; UserError if there is none.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> study.load_surrogate().condition_scaler.names
        ('row', 'speed')
        """
        # torch takes seconds to import, and commands such as `ingest` do without it.
        from simulgenvae.surrogate.surrogate import Surrogate

        return Surrogate.load(self)

    def condition_files(self, settings: Settings) -> ConditionFiles:
        """Return the files of conditions that the settings name.

        If the settings ask for images without naming a folder, it is ``images/`` of the study.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> study.condition_files(study.read_settings())
        ConditionFiles(table=None, images=None)
        """
        from simulgenvae.settings.networks import conditioners_of
        from simulgenvae.settings.schema import IMAGE_ENDINGS

        data = settings.data
        table = None if data.parameters is None else self.resolve(data.parameters)
        images = None if data.images is None else self.resolve(data.images)
        reads_images = settings.conditioner.kind in conditioners_of("images")
        if reads_images or data.file_type in IMAGE_ENDINGS:
            # A classic study may give only the type of its files (`param_data_type .png`).
            images = images or self.images
        return ConditionFiles(table, images)


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
    # torch takes seeds of 64 bits with a sign, NumPy none below 0.
    if not 0 <= seed < 2**63:
        raise UserError(f"--seed is {seed}: give a whole number from 0 to 2**63 - 1.")
