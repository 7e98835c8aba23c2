"""Results of a cross-validation: errors of runs by surrogates that were trained without them.

Tested in tests/evaluation/folds/test_cross_validate.py.
"""

from __future__ import annotations

from simulgenvae.evaluation.results.base import Number, Record
from simulgenvae.evaluation.results.errors import SplitErrors
from simulgenvae.evaluation.results.quantities import Quantities


class HeldOutRun(Record):
    """A run that was held out of the training of one fold."""

    fold: int
    """Number of the fold, from 1."""
    coverage: Number
    """Fraction of its values inside their interval; None where it was not measured."""
    expected_error: Number
    novelty: Number


class CrossValidation(Record):
    """Out-of-fold errors of all runs of the training and validation parts of a split."""

    basis: str
    """Hash of the data, runs and settings that the folds depend on."""
    folds: int
    training_runs: tuple[int, ...]
    """Number of training runs of each fold."""
    validation_runs: tuple[int, ...]
    runs: dict[str, HeldOutRun]
    """Every run by its id, in the order of the folds."""
    errors: dict[str, SplitErrors]
    """Errors of the surrogate (``prediction``) and of the baselines over all runs."""
    quantities: Quantities | None
    seconds: float
    """Time that training and measuring took."""
    notes: tuple[str, ...] = ()
