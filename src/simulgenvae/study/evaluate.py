"""Measure the surrogate of a study.

Tested in tests/study/test_study.py and tests/cli/test_commands.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.errors import UserError
from simulgenvae.settings.overrides import read_overrides
from simulgenvae.settings.raw import validate
from simulgenvae.study.current import publish_results
from simulgenvae.study.data import StudyData

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from simulgenvae.evaluation.results import EvaluationResult
    from simulgenvae.settings import EvaluationSettings, Settings
    from simulgenvae.surrogate.surrogate import Surrogate


class Evaluating(StudyData):
    """A study whose surrogate can be measured."""

    def evaluate(
        self,
        surrogate: Surrogate | None = None,
        *,
        settings: EvaluationSettings | None = None,
        overrides: Sequence[str] = (),
        quantities: Mapping[str, str] | None = None,
        figures: bool = True,
        folds: int | None = None,
    ) -> EvaluationResult:
        """Measure the surrogate, write metrics and report, and return the result.

        If torchrun has started several processes, they share the work.

        Parameters
        ----------
        surrogate
            Surrogate of the study; read from its model files by default.
        settings
            Settings of the evaluation; by default :meth:`evaluation_settings`.
        overrides
            Settings of the group ``evaluation``, each as ``evaluation.key=value``; not read if
            ``settings`` are given.
        quantities
            Quantities of interest by name, such as ``{"peak": "max(T)"}``, in addition to those of
            :meth:`declared_quantities`.
        figures
            Whether figures are drawn.
        folds
            Number of folds of a cross-validation that is made first: as many trainings like the
            study's own, each without a part of its training and validation runs, which are then
            predicted. An interrupted one is continued. Without it, the last one is in the report if
            it is of the same data and settings.

        Raises
        ------
        UserError
            If the surrogate was trained on other data, if a quantity cannot be read, or if a file
            cannot be written.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> study.evaluate(figures=False).compared_split
        'test'
        """
        from simulgenvae.distributed import collectives
        from simulgenvae.evaluation.evaluate import evaluate, require_trained_on
        from simulgenvae.evaluation.folds import cross_validate

        study = self.pinned()
        surrogate = surrogate or study.load_surrogate()
        # Data and networks need the settings of the training; only the group `evaluation` may be
        # newer.
        trained = surrogate.settings
        settings = settings or self.evaluation_settings(trained, overrides)
        wanted = self.declared_quantities(trained, quantities or {})
        with (
            collectives.process_group(trained.training.rank_timeout),
            self.working("evaluate", study.results, self.output),
        ):
            dataset = self.open_dataset(trained)
            if folds is not None:
                require_trained_on(dataset, surrogate, study)
                cross_validate(dataset, surrogate, study, folds, wanted)
            result = evaluate(
                dataset,
                surrogate,
                study,
                figures=figures,
                evaluation=settings,
                quantities=wanted,
            )
            if collectives.is_rank0():
                publish_results(study)
            return result

    def evaluation_settings(
        self, trained: Settings, overrides: Sequence[str] = ()
    ) -> EvaluationSettings:
        """Return the settings of an evaluation.

        The first of these that has any counts: ``overrides``, ``study.toml``, the training.

        Raises
        ------
        UserError
            For overrides of other groups: the model has been trained with their settings.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> settings = study.evaluation_settings(study.read_settings(), ["evaluation.checks=a: 1"])
        >>> settings.checks
        ('a: 1',)
        """
        # The model keeps the settings of its training; only how it is measured can change later.
        given = validate(read_overrides(overrides))
        if others := sorted(given.model_fields_set - {"evaluation"}):
            raise UserError(
                f"--set {others[0]}.…: only settings of the group evaluation can be given here; "
                "the model was trained with the others, so train again to change them."
            )
        if not given.model_fields_set and self.settings_file.exists():
            given = self.read_settings()
        return given.evaluation if "evaluation" in given.model_fields_set else trained.evaluation
