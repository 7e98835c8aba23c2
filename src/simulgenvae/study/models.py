"""The trained models of a study: which there are, which one is used, and how they differ.

Tested in tests/study/test_models.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.errors import UserError
from simulgenvae.study.current import make_current
from simulgenvae.study.data import StudyData
from simulgenvae.utils.atomic import remove

if TYPE_CHECKING:
    from simulgenvae.study.model_comparison import ModelComparison
    from simulgenvae.study.model_summary import ModelSummary


class Keeping(StudyData):
    """A study that keeps several trained models."""

    def models(self) -> list[ModelSummary]:
        """Return a summary of each trained model, sorted by name.

        Raises UserError where the current model is not known.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> [(each.name, each.runs.train) for each in study.models() if each.current]
        [('model-1', 10)]
        """
        # Imported here, as `predict` and `train` do without it.
        from simulgenvae.study.model_summary import summary_of

        names = self.model_names
        # Where no model has a name there is only one.
        current = self.current_model or (names[0] if names else None)
        return [summary_of(self, name, current=name == current) for name in names]

    def use_model(self, name: str) -> None:
        """Make a trained model the current one, which is used where no model is named.

        ``model_save/`` and ``output/`` then have its files and results.

        Raises
        ------
        UserError
            For a model that does not exist.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> study.use_model("model-1")
        """
        chosen = self.with_model(name)
        if chosen.model is None:
            # The only model, which has no folder of its own.
            return
        with self.working("models", self.models_folder, self.model_save, self.output):
            make_current(chosen)

    def remove_model(self, name: str) -> None:
        """Remove a trained model and its results from the disk.

        Raises
        ------
        UserError
            For a model that does not exist, and for the current one.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> study.remove_model("model-1")
        Traceback (most recent call last):
        simulgenvae.errors.UserError: ...
        """
        chosen = self.with_model(name)
        if chosen.model is None or chosen.model == self.current_model:
            raise UserError(
                f"{name!r} is the current model: first use another one, with `simulgenvae models "
                f"{self.folder} --use NAME`."
            )
        with self.working("models", self.models_folder):
            # Moved aside first: a command that is killed while it removes leaves no part of a
            # model.
            aside = self.models_folder / f".removed-{name}"
            remove(aside)
            chosen.model_folder.rename(aside)
            remove(aside)

    def compare_models(self, first: str, second: str) -> ModelComparison:
        """Return the settings in which two models differ, and their errors on the same runs.

        Raises
        ------
        UserError
            For a model that does not exist, or whose files are damaged.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> study.compare_models("model-1", "model-1").settings
        ()
        """
        from simulgenvae.study.model_comparison import compare_models

        return compare_models(self, first, second)
