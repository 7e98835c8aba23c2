"""Errors counted so far, and their sum over the ranks that share the runs.

Tested in tests/evaluation/test_shared.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulgenvae.distributed import collectives
from simulgenvae.evaluation.metrics import FieldAxes, FieldErrors, VariableScale

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pydantic import JsonValue

    from simulgenvae.evaluation.analyses.physics import PhysicsChecks
    from simulgenvae.evaluation.analyses.quantities import QuantityChecks
    from simulgenvae.evaluation.analyses.uncertainty import UncertaintyErrors
    from simulgenvae.evaluation.compare.run_view import RunView

ErrorsBySplit = dict[str, FieldErrors]
"""Errors by split; only splits that have runs."""


@dataclass
class Comparison:
    """Errors of everything that is compared."""

    variables: tuple[str, ...]
    """Names of the variables."""
    scale: VariableScale
    """Mean and spread of the variables in the training runs."""
    axes: FieldAxes
    """Times and positions of the values."""
    physics: PhysicsChecks
    """Physical quantities of the runs of the compared split."""
    quantities: QuantityChecks
    """Quantities of interest of the runs of the compared split."""
    uncertainty: dict[str, UncertaintyErrors]
    """Uncertainty of the validation and the test runs, by split."""
    errors: dict[str, ErrorsBySplit] = field(default_factory=dict)
    """Errors by method: ``prediction``, its parts ``networks`` and ``gaussian_processes``,
    ``reconstruction``, ``projection_floor`` and the baselines."""
    stages: dict[str, ErrorsBySplit] = field(default_factory=dict)
    """Errors by training stage: of the reconstruction after ``vae``, of the prediction after every
    other."""
    baselines: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    """Choices that each baseline made while fitting, by its name."""
    seconds_per_run: float = 0.0
    """Time of one prediction where many designs are predicted together."""
    notes: list[str] = field(default_factory=list)
    """Sentences about parts that were left out, with the reason."""

    def count(
        self, method: str, split: str, prediction: NDArray[np.floating], view: RunView
    ) -> None:
        """Count the fields ``[T, M, V]`` that a method predicts for one run."""
        self._count(self.errors, method, split, prediction, view)

    def count_stage(
        self, stage: str, split: str, prediction: NDArray[np.floating], view: RunView
    ) -> None:
        """Count the fields ``[T, M, V]`` of one run after a training stage."""
        self._count(self.stages, stage, split, prediction, view)

    def _count(
        self,
        into: dict[str, ErrorsBySplit],
        name: str,
        split: str,
        prediction: NDArray[np.floating],
        view: RunView,
    ) -> None:
        by_split = into.setdefault(name, {})
        if split not in by_split:
            by_split[split] = FieldErrors(self.variables, self.scale, self.axes)
        by_split[split].add(view.own(prediction), view.own_truth, view.axes)

    def gather(self) -> None:
        """Add what the other ranks have counted, in the order of ranks and hence of runs.

        Scale, baselines and time of this rank are kept.
        """
        physics = self.physics.series, self.physics.sizes
        own = (self.errors, self.stages, self.uncertainty, physics, self.notes)
        first, *others = collectives.all_gather(own)
        errors, stages, uncertainty, (series, sizes), notes = first
        for more_errors, more_stages, more_uncertainty, (
            more_series,
            more_sizes,
        ), more_notes in others:
            _merge(errors, more_errors)
            _merge(stages, more_stages)
            # A rank that ran out of memory has left the uncertainty of a split out: what the
            # others know of it is then incomplete, and left out too.
            for split in uncertainty.keys() - more_uncertainty.keys():
                del uncertainty[split]
            for split, counted in uncertainty.items():
                counted.merge(more_uncertainty[split])
            series |= more_series
            sizes |= more_sizes
            notes += [note for note in more_notes if note not in notes]
        self.errors = errors
        self.stages = stages
        self.uncertainty = uncertainty
        self.physics.series = series
        self.physics.sizes = sizes
        self.notes = notes
        self.quantities.gather()


def _merge(into: dict[str, ErrorsBySplit], more: dict[str, ErrorsBySplit]) -> None:
    for name, by_split in more.items():
        known = into.setdefault(name, {})
        for split, errors in by_split.items():
            if split in known:
                known[split].merge(errors)
            else:
                known[split] = errors
