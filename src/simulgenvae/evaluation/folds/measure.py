"""Errors of the runs that a fold holds out, and of all folds together.

Tested in tests/evaluation/folds/test_cross_validate.py.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.baselines import BASELINES
from simulgenvae.distributed import collectives
from simulgenvae.evaluation import compare
from simulgenvae.evaluation.analyses import uncertainty
from simulgenvae.evaluation.analyses.quantities import quantity_accuracy, quantity_checks
from simulgenvae.evaluation.folds.store import FoldErrors, MethodErrors
from simulgenvae.evaluation.results.base import OverRuns
from simulgenvae.evaluation.results.errors import ErrorsOverTime, SplitErrors, VariableErrors
from simulgenvae.evaluation.results.folds import CrossValidation, HeldOutRun
from simulgenvae.utils.progress import WorkLog, progress_off

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.evaluation.metrics import FieldErrors
    from simulgenvae.evaluation.results.quantities import Quantities, RunQuantity
    from simulgenvae.surrogate.surrogate import Surrogate

METHODS = ("prediction", *BASELINES)
"""Methods whose errors are kept."""


def measure_fold(
    dataset: Dataset, surrogate: Surrogate, basis: str, texts: Mapping[str, str], folder: Path
) -> FoldErrors:
    """Return the errors of the test runs of a surrogate, which its fold has held out.

    Parameters
    ----------
    dataset, surrogate
        What is predicted, and what predicts.
    basis
        Hash of what the fold depends on.
    texts
        Quantities of interest by name, whose files are in ``folder``.
    """
    dataset = surrogate.seen(dataset)
    checked = quantity_checks(surrogate, texts, folder)
    surrogate = surrogate.on_valued_nodes()
    rows = surrogate.split.rows(dataset.ids)
    shown = nullcontext() if collectives.is_rank0() else progress_off()
    with shown, WorkLog(transient=True) as log:
        log.start("Measuring", compare.steps(surrogate, rows, only="test"))
        found = compare.compare(dataset, surrogate, {}, rows, (), checked, log.advance, only="test")
    split = surrogate.split
    errors = {}
    for method in METHODS:
        if method in found.errors:
            errors[method] = _method_errors(found.errors[method]["test"])
    per_run = dict(zip(split.test, errors["prediction"].relative_l2, strict=True))
    uncertain = {}
    if "test" in found.uncertainty:
        assert surrogate.ensemble is not None, "fit makes one"
        ids = {"test": split.test}
        uncertain = (
            uncertainty.summarize(found.uncertainty, ids, {"test": per_run}, surrogate.ensemble)
            .splits["test"]
            .per_run
        )
    return FoldErrors(
        basis=basis,
        training_runs=len(split.train),
        validation_runs=len(split.validation),
        held_out=split.test,
        errors=errors,
        uncertainty=uncertain,
        quantities=found.quantities.summary(),
        seconds=0.0,
        notes=tuple(found.notes),
    )


def _method_errors(counted: FieldErrors) -> MethodErrors:
    metrics = {}
    for name in counted.metric_names:
        metrics[name] = tuple(map(tuple, counted.of_metric(name).tolist()))
    return MethodErrors(relative_l2=tuple(counted.joint), metrics=metrics)


def all_folds(
    folds: Sequence[FoldErrors], variables: Sequence[str], notes: Sequence[str] = ()
) -> CrossValidation:
    """Return the errors of all folds together."""
    runs = {}
    for number, fold in enumerate(folds, start=1):
        for run in fold.held_out:
            found = fold.uncertainty.get(run)
            runs[run] = HeldOutRun(
                fold=number,
                coverage=None if found is None else found.coverage,
                expected_error=None if found is None else found.expected_error,
                novelty=None if found is None else found.novelty,
            )
    # A baseline that was left out of some fold is left out of all.
    methods = [name for name in METHODS if all(name in fold.errors for fold in folds)]
    own = [note for fold in folds for note in fold.notes]
    return CrossValidation(
        basis=folds[0].basis,
        folds=len(folds),
        training_runs=tuple(fold.training_runs for fold in folds),
        validation_runs=tuple(fold.validation_runs for fold in folds),
        runs=runs,
        errors={name: _joined(name, folds, variables, list(runs)) for name in methods},
        quantities=_joined_quantities([fold.quantities for fold in folds]),
        seconds=sum(fold.seconds for fold in folds),
        notes=tuple(dict.fromkeys((*notes, *own))),
    )


def _joined(
    method: str, folds: Sequence[FoldErrors], variables: Sequence[str], runs: Sequence[str]
) -> SplitErrors:
    """Return the errors of a method over the runs of all folds."""
    joint = [error for fold in folds for error in fold.errors[method].relative_l2]
    of_variables = {}
    for v, variable in enumerate(variables):
        metrics = {}
        for name in folds[0].errors[method].metrics:
            values = [run[v] for fold in folds for run in fold.errors[method].metrics[name]]
            metrics[name] = OverRuns.of(np.array(values, np.float64))
        of_variables[variable] = VariableErrors(metrics=metrics, r2=None)
    return SplitErrors(
        runs=len(runs),
        relative_l2=OverRuns.of(np.array(joint, np.float64)),
        variables=of_variables,
        # Sums over time of several folds are not kept.
        times=ErrorsOverTime(relative_l2=(), rmse={}, max_error={}),
        per_run=dict(zip(runs, joint, strict=True)),
    )


def _joined_quantities(folds: Sequence[Quantities]) -> Quantities | None:
    """Return quantities over all runs; None where not all folds have measured the same ones."""
    first = folds[0]
    definitions = [(each.name, each.definition) for each in first.found]
    for fold in folds:
        if [(each.name, each.definition) for each in fold.found] != definitions:
            return None
    found = []
    for q, each in enumerate(first.found):
        runs: dict[str, RunQuantity] = {}
        for fold in folds:
            runs |= fold.found[q].runs
        found.append(quantity_accuracy(each.name, each.definition, each.unit, runs))
    fewest = min(fold.calibration_runs for fold in folds)
    return first.model_copy(update={"found": tuple(found), "calibration_runs": fewest, "notes": ()})
