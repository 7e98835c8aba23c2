"""Names of the files and folders of a study."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from simulgenvae.errors import UserError


@dataclass(frozen=True)
class StudyFolder:
    """Paths in a folder with the data, settings, models and results of one problem.

    Nothing is created or read here; only :meth:`open`, :meth:`resolve` and :attr:`has_latents` look
    whether a path exists.
    """

    folder: Path

    @classmethod
    def open(cls, folder: str | Path) -> Self:
        """Return the study in an existing folder; UserError if there is none.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> study.folder.name
        'S'
        """
        if not isinstance(folder, str | os.PathLike):
            raise UserError(
                f"an object of type {type(folder).__name__} is no study: give the path of its "
                "folder"
            )
        folder = Path(folder)
        if not folder.exists():
            raise UserError(f"{folder}: there is no such folder; give the folder of a study")
        if not folder.is_dir():
            raise UserError(f"{folder}: this is a file; give the folder of the study")
        return cls(folder)

    @property
    def lock_file(self) -> Path:
        """File that exists while a command writes into the study."""
        return self.folder / ".lock"

    @property
    def input_data(self) -> Path:
        """Folder of the stored data and of the classic input files."""
        return self.folder / "input_data"

    @property
    def parametric_data(self) -> Path:
        """Folder of the tables of a classic study."""
        return self.folder / "parametric_data"

    @property
    def images(self) -> Path:
        """Folder of the images."""
        return self.folder / "images"

    @property
    def model_save(self) -> Path:
        """Folder of the trained model."""
        return self.folder / "model_save"

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints of the training."""
        return self.folder / "checkpoints"

    @property
    def search_history(self) -> Path:
        """Events of the search for settings, from which it continues."""
        return self.checkpoints / "search.jsonl"

    @property
    def search_exchange(self) -> Path:
        """Folder through which several processes share a search; it exists during the search."""
        return self.checkpoints / "search"

    @property
    def output(self) -> Path:
        """Folder of the results."""
        return self.folder / "output"

    @property
    def dataset(self) -> Path:
        """Stored data."""
        return self.input_data / "dataset.zarr"

    @property
    def dataset_source(self) -> Path:
        """Record of the classic files that the stored dataset was read from."""
        return self.input_data / "dataset.source.json"

    @property
    def split_file(self) -> Path:
        """CSV file ``id,split`` with the part of each run."""
        return self.input_data / "split.csv"

    @property
    def settings_file(self) -> Path:
        """Settings."""
        return self.folder / "study.toml"

    @property
    def condition_file(self) -> Path:
        """Classic settings."""
        return self.input_data / "condition.txt"

    @property
    def vae_file(self) -> Path:
        """Trained VAE."""
        # The model files have the names of the classic system, which have no suffix.
        return self.model_save / "SimulGen-VAE"

    @property
    def conditioner_file(self) -> Path:
        """Trained conditioner."""
        return self.model_save / "LatentConditioner"

    @property
    def ensemble_file(self) -> Path:
        """All members except the first, the Gaussian processes, and the calibration."""
        return self.model_save / "Ensemble"

    @property
    def latents_file(self) -> Path:
        """Main latents of all runs, ``[N, D]``."""
        return self.model_save / "latent_vectors.npy"

    @property
    def hierarchical_latents_file(self) -> Path:
        """Hierarchical latents of all runs, ``[N, L, d]``."""
        return self.model_save / "xs.npy"

    @property
    def has_latents(self) -> bool:
        """True if both arrays of latents exist."""
        return self.latents_file.exists() and self.hierarchical_latents_file.exists()

    @property
    def model_files(self) -> tuple[Path, ...]:
        """The files that one training writes together."""
        latents = self.latents_file, self.hierarchical_latents_file
        return self.vae_file, self.conditioner_file, self.ensemble_file, *latents

    def model_backup(self, name: str) -> Path:
        """Return the folder for the files of an earlier model.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> study.model_backup("1").as_posix()
        'S/model_save/previous-1'
        """
        return self.model_save / f"previous-{name}"

    @property
    def metrics_file(self) -> Path:
        """Result of the evaluation."""
        return self.output / "metrics.json"

    @property
    def report_file(self) -> Path:
        """Report of the evaluation."""
        return self.output / "report.html"

    @property
    def model_card_file(self) -> Path:
        """Model card."""
        return self.output / "MODEL_CARD.md"

    @property
    def folds(self) -> Path:
        """Folder of the trainings of a cross-validation, one folder for each fold."""
        return self.folder / "folds"

    @property
    def cross_validation_file(self) -> Path:
        """Result of the last cross-validation."""
        return self.output / "cross_validation.json"

    @property
    def learning_curve_file(self) -> Path:
        """Points of the learning curve."""
        return self.output / "learning_curve.json"

    @property
    def learning_curve_figure(self) -> Path:
        """Figure of the learning curve."""
        return self.output / "learning_curve.png"

    @property
    def training_log(self) -> Path:
        """Progress of the training."""
        return self.output / "training.log"

    @property
    def search_table(self) -> Path:
        """Trials of the search for settings."""
        return self.output / "search.csv"

    @property
    def tensorboard(self) -> Path:
        """Folder of the TensorBoard files."""
        return self.output / "tensorboard"

    def pickle_file(self, preset: int) -> Path:
        """Return the classic data file of a preset.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> study.pickle_file(1).as_posix()
        'S/input_data/dataset1.pickle'
        """
        return self.input_data / f"dataset{preset}.pickle"

    def preset_files(self, preset: int = 1) -> tuple[Path, Path]:
        """Return the two files that may hold a preset, the one that takes precedence first.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> [file.as_posix() for file in study.preset_files()]
        ['S/preset1.txt', 'S/preset.txt']
        """
        return self.folder / f"preset{preset}.txt", self.folder / "preset.txt"

    def resolve(self, given: str) -> Path:
        """Return the path that a setting names.

        Relative paths start at the study folder. So do those with a leading ``/`` that do not
        exist: classic studies write ``/images`` for the folder inside the study.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> study.resolve("params.csv").as_posix()
        'S/params.csv'
        """
        path = Path(given)
        if path.is_absolute() and not path.exists():
            # Without its anchor, `/` or `C:\`, the path continues that of the study.
            path = path.relative_to(path.anchor)
        return self.folder / path
