"""Read files of a solver into a study.

Tested in tests/cli/test_commands.py and tests/study/test_study.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from simulgenvae.data.ingest.append import append_runs
from simulgenvae.data.ingest.build import build_dataset
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.errors import UserError
from simulgenvae.study.data import StudyData, log_notes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.settings import Settings


class Ingestion(StudyData):
    """A study that reads the files of a solver."""

    def ingest(
        self,
        sources: Sequence[Path],
        options: IngestOptions | None = None,
        *,
        settings: Settings | None = None,
    ) -> Dataset:
        r"""Store fields and conditions of finished runs as the study's data; return these.

        The study folder is made if it does not exist. Nothing is stored if anything is wrong.

        Parameters
        ----------
        sources
            Files with fields ``[N, T, M, V]``, or folders with a solver's own files.
        options
            Files that belong to the fields, and choices. Conditions that are not given are those
            that the settings name.
        settings
            Settings of the study; by default, what its files say.

        Raises
        ------
        UserError
            Data that are there already, and everything that is wrong with the files.

        Examples
        --------
        >>> import numpy as np
        >>> from pathlib import Path
        >>> from simulgenvae import Study
        >>> from simulgenvae.data.ingest.options import IngestOptions
        >>> np.save("fields.npy", np.random.default_rng(0).random((2, 4, 5)))
        >>> written = Path("params.csv").write_text("row\n0.05\n0.06\n")
        >>> options = IngestOptions(params=Path("params.csv"))
        >>> Study(Path("new")).ingest([Path("fields.npy")], options).shape
        (2, 4, 5, 1)
        """
        options = options or IngestOptions()
        if options.if_exists == "append" and options.split is not None:
            raise UserError(
                "--split has no effect with --append: runs keep their part of the split; edit its "
                "file instead."
            )
        with self.working("ingest", self.input_data):
            dataset, notes = self._ingest(sources, options, settings)
        log_notes(notes)
        return dataset

    def _ingest(
        self, sources: Sequence[Path], options: IngestOptions, settings: Settings | None
    ) -> tuple[Dataset, list[str]]:
        """Store the data; return them, and notes for the user."""
        # Data and split belong together: a split of other runs must not meet new data by accident.
        if self.split_file.exists() and options.if_exists == "fail":
            raise UserError(
                f"{self.split_file} exists: use --overwrite to replace the study's data and split."
            )
        settings = settings or self.read_settings()
        files = self.condition_files(settings)
        options = replace(
            options,
            # What the call names takes precedence over the settings.
            params=options.params or files.table,
            images=options.images or files.images,
        )
        if options.if_exists == "append":
            return append_runs(
                sources,
                self.dataset,
                options,
                settings=settings.data,
                split_file=self.split_file,
            )
        return build_dataset(
            sources,
            self.dataset,
            options,
            settings=settings.data,
            split_target=self.split_file,
        )
