"""Names of the files of one trained model of a study, and which model is meant.

A study has several models, each in ``models/<name>/``, and ``models/current`` names the one that is
used. ``model_save/`` and ``output/`` then have the files of that one, for programs that look for
them there. A study of the classic interface or of an earlier version has one model without a name,
which is read and written in ``model_save/`` and ``output/``.

Tested in tests/settings/test_model_paths.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from simulgenvae.errors import UserError
from simulgenvae.settings.model_names import FIRST_MODEL, is_model_name, require_model_name
from simulgenvae.utils.text_file import read_text

if TYPE_CHECKING:
    from pathlib import Path

_VAE = "SimulGen-VAE"
"""File that every model has. Model files have the names of the classic system: no suffix."""


@dataclass(frozen=True)
class ModelPaths:
    """Paths of a model.

    Attributes
    ----------
    folder
        Folder of the study.
    model
        Name of the model; None for the one that is the current one whenever a path is asked for.
    """

    folder: Path
    model: str | None = None

    @property
    def model_save(self) -> Path:
        """Folder of the classic files of the current model."""
        return self.folder / "model_save"

    @property
    def output(self) -> Path:
        """Folder of the results of the current model, and of what is about no single model."""
        return self.folder / "output"

    @property
    def models_folder(self) -> Path:
        """Folder with a folder for each named model."""
        return self.folder / "models"

    @property
    def current_file(self) -> Path:
        """Text file with the name of the current model."""
        return self.models_folder / "current"

    @property
    def current_model(self) -> str | None:
        """Name of the current model; None where no model has a name.

        Raises UserError where ``models/current`` holds no name, or is missing beside models.
        """
        if self.current_file.exists():
            name = read_text(self.current_file).strip()
            try:
                return require_model_name(name)
            except UserError as error:
                raise UserError(f"{self.current_file}: {error}. {self._how_to_choose()}") from None
        if self.models_folder.exists() and self._named_models():
            raise UserError(
                f"{self.current_file} is missing, so no model is the current one. "
                f"{self._how_to_choose()}"
            )
        return None

    @property
    def model_names(self) -> tuple[str, ...]:
        """Names of the trained models, sorted; that of a model without a name is ``model-1``."""
        named = self._named_models()
        if named or not (self.model_save / _VAE).exists():
            return named
        return (FIRST_MODEL,)

    def pinned(self) -> Self:
        """Return the study with the name of its current model, so that all paths are of one model.

        Raises UserError where ``models/current`` names a model that does not exist.

        Examples
        --------
        >>> import simulgenvae
        >>> simulgenvae.Study.open("S").pinned().model
        'model-1'
        """
        if self.model is not None:
            return self
        name = self.current_model
        if name is not None and not (self.models_folder / name).is_dir():
            raise UserError(
                f"{self.current_file} names the model {name!r}, which does not exist. "
                f"{self._how_to_choose()}"
            )
        return replace(self, model=name)

    def with_model(self, name: str | None) -> Self:
        """Return the study with one of its trained models; with the current one for None.

        Raises UserError for a model that does not exist.

        Examples
        --------
        >>> import simulgenvae
        >>> simulgenvae.Study.open("S").with_model("model-1").model_folder.as_posix()
        'S/models/model-1'
        """
        if name is None:
            return replace(self, model=None)
        names = self.model_names
        if require_model_name(name) not in names:
            has = f"its models are {', '.join(names)}" if names else "no model is trained"
            raise UserError(f"{self.folder} has no model {name!r}: {has}")
        # A model without a name has no folder of its own.
        return replace(self, model=name if self._named_models() else None)

    @property
    def model_folder(self) -> Path:
        """Folder of the model's files."""
        name = self.model or self.current_model
        return self.model_save if name is None else self.models_folder / name

    @property
    def results(self) -> Path:
        """Folder of the results of the model's evaluation."""
        name = self.model or self.current_model
        return self.output if name is None else self.models_folder / name

    @property
    def vae_file(self) -> Path:
        """Trained VAE."""
        return self.model_folder / _VAE

    @property
    def conditioner_file(self) -> Path:
        """Trained conditioner."""
        return self.model_folder / "LatentConditioner"

    @property
    def ensemble_file(self) -> Path:
        """All members except the first, the Gaussian processes, and the calibration."""
        return self.model_folder / "Ensemble"

    @property
    def latents_file(self) -> Path:
        """Main latents of all runs, ``[N, D]``."""
        return self.model_folder / "latent_vectors.npy"

    @property
    def hierarchical_latents_file(self) -> Path:
        """Hierarchical latents of all runs, ``[N, L, d]``."""
        return self.model_folder / "xs.npy"

    @property
    def has_latents(self) -> bool:
        """True if both arrays of latents exist."""
        return self.latents_file.exists() and self.hierarchical_latents_file.exists()

    @property
    def model_files(self) -> tuple[Path, ...]:
        """The files that one training writes together."""
        latents = self.latents_file, self.hierarchical_latents_file
        return self.vae_file, self.conditioner_file, self.ensemble_file, *latents

    @property
    def record_file(self) -> Path:
        """Record of the training of a named model: when, with which data, split and versions."""
        return self.model_folder / "model.json"

    @property
    def used_settings_file(self) -> Path:
        """Settings that a named model was trained with."""
        return self.model_folder / "settings.toml"

    @property
    def kept_log_file(self) -> Path:
        """Log of the training of a named model."""
        return self.model_folder / "training.log"

    @property
    def metrics_file(self) -> Path:
        """Result of the evaluation."""
        return self.results / "metrics.json"

    @property
    def report_file(self) -> Path:
        """Report of the evaluation."""
        return self.results / "report.html"

    @property
    def model_card_file(self) -> Path:
        """Model card."""
        return self.results / "MODEL_CARD.md"

    @property
    def folds(self) -> Path:
        """Folder of the trainings of a cross-validation, one folder for each fold."""
        name = self.model or self.current_model
        return self.folder / "folds" if name is None else self.folder / "folds" / name

    @property
    def cross_validation_file(self) -> Path:
        """Result of the last cross-validation."""
        return self.results / "cross_validation.json"

    def _named_models(self) -> tuple[str, ...]:
        """Return the names of the folders in ``models/`` that hold a model."""
        if not self.models_folder.is_dir():
            return ()
        found = [path.parent.name for path in self.models_folder.glob(f"*/{_VAE}")]
        return tuple(sorted(filter(is_model_name, found)))

    def _how_to_choose(self) -> str:
        names = ", ".join(self.model_names) or "none"
        return f"Models: {names}. Choose one with `simulgenvae models {self.folder} --use NAME`."
