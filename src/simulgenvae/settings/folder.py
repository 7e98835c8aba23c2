"""The study folder: the one place that spells out the names of its files and folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from simulgenvae.errors import UserError


@dataclass(frozen=True)
class StudyFolder:
    """A folder with the data, settings, models and results of one problem.

    Nothing is created or read here; :meth:`open`, :meth:`resolve` and :attr:`has_latents` look
    whether paths exist.
    """

    folder: Path

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Study in an existing folder; UserError when there is none."""
        folder = Path(folder)
        if not folder.exists():
            raise UserError(f"{folder}: there is no such folder; give the folder of a study")
        if not folder.is_dir():
            raise UserError(f"{folder}: this is a file; give the folder of the study")
        return cls(folder)

    @property
    def input_data(self) -> Path:
        return self.folder / "input_data"

    @property
    def parametric_data(self) -> Path:
        return self.folder / "parametric_data"

    @property
    def images(self) -> Path:
        return self.folder / "images"

    @property
    def model_save(self) -> Path:
        return self.folder / "model_save"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def output(self) -> Path:
        return self.folder / "output"

    @property
    def dataset(self) -> Path:
        return self.input_data / "dataset.zarr"

    @property
    def dataset_source(self) -> Path:
        """Which documented files, in which state, the stored dataset was read from."""
        return self.input_data / "dataset.source.json"

    @property
    def split_file(self) -> Path:
        return self.input_data / "split.csv"

    @property
    def settings_file(self) -> Path:
        return self.folder / "study.toml"

    @property
    def condition_file(self) -> Path:
        return self.input_data / "condition.txt"

    @property
    def vae_file(self) -> Path:
        return self.model_save / "SimulGen-VAE"

    @property
    def conditioner_file(self) -> Path:
        return self.model_save / "LatentConditioner"

    @property
    def ensemble_file(self) -> Path:
        """All members but the first, the Gaussian processes beside them, and the calibration."""
        return self.model_save / "Ensemble"

    @property
    def latents_file(self) -> Path:
        return self.model_save / "latent_vectors.npy"

    @property
    def hierarchical_latents_file(self) -> Path:
        return self.model_save / "xs.npy"

    @property
    def has_latents(self) -> bool:
        """Whether both arrays of latents are there."""
        return self.latents_file.exists() and self.hierarchical_latents_file.exists()

    @property
    def model_files(self) -> tuple[Path, ...]:
        """The files that one training writes together."""
        latents = self.latents_file, self.hierarchical_latents_file
        return self.vae_file, self.conditioner_file, self.ensemble_file, *latents

    def model_backup(self, name: str) -> Path:
        """Folder for an earlier model's files."""
        return self.model_save / f"previous-{name}"

    @property
    def metrics_file(self) -> Path:
        return self.output / "metrics.json"

    @property
    def report_file(self) -> Path:
        return self.output / "report.html"

    @property
    def model_card_file(self) -> Path:
        return self.output / "MODEL_CARD.md"

    @property
    def learning_curve_file(self) -> Path:
        return self.output / "learning_curve.json"

    @property
    def learning_curve_figure(self) -> Path:
        return self.output / "learning_curve.png"

    @property
    def training_log(self) -> Path:
        return self.output / "training.log"

    @property
    def tensorboard(self) -> Path:
        return self.output / "tensorboard"

    def pickle_file(self, preset: int) -> Path:
        """Documented data file of a preset."""
        return self.input_data / f"dataset{preset}.pickle"

    def preset_files(self, preset: int = 1) -> tuple[Path, Path]:
        """The two files that may hold a preset, the one that comes first if both exist first."""
        return self.folder / f"preset{preset}.txt", self.folder / "preset.txt"

    def resolve(self, given: str) -> Path:
        """Path that the settings name.

        Relative paths start at the study folder, and so do those with a leading ``/`` that do not
        exist as they are: documented studies write ``/images`` for the folder inside the study.
        """
        path = Path(given)
        if path.is_absolute() and not path.exists():
            path = path.relative_to(path.anchor)
        return self.folder / path
