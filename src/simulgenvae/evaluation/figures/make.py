"""All figures of an evaluation, and their captions.

Tested in tests/evaluation/test_evaluate.py and tests/evaluation/report/test_report.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.evaluation.figures import (
    errors,
    latents,
    mesh_figures,
    physics,
    quantities,
    runs,
    search,
    sensitivity,
    training,
    uncertainty,
)
from simulgenvae.evaluation.figures.error_map import error_map
from simulgenvae.evaluation.figures.fields import (
    Domain,
    RunFields,
    fields_at_times,
    nodes_over_time,
)
from simulgenvae.evaluation.methods import methods

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.evaluation.results import EvaluationResult

CAPTIONS = {
    **errors.CAPTIONS,
    "temporal": "Values of single nodes over time.",
    "nodal": "The whole field at some times.",
    "error_map": "Root mean square error of the prediction at each node.",
    **training.CAPTIONS,
    **search.CAPTIONS,
    **runs.CAPTIONS,
    **uncertainty.CAPTIONS,
    **physics.CAPTIONS,
    **quantities.CAPTIONS,
    **sensitivity.CAPTIONS,
    **latents.CAPTIONS,
    **mesh_figures.CAPTIONS,
}
"""Caption of each figure by its name.

A figure that exists more than once has an ending after the name: ``nodal_worst_1``.
"""


def make_figures(
    result: EvaluationResult,
    shown: Mapping[str, RunFields],
    domain: Domain,
    node_rmse: NDArray[np.float64] | None,
    conditions: Conditions,
) -> Iterator[tuple[str, Figure]]:
    """Yield every figure with its name, one at a time: together they could fill the memory.

    Parameters
    ----------
    result
        The result of the evaluation.
    shown
        Fields of a few runs by a short name.
    domain
        Times, places and variables of the fields.
    node_rmse
        Root mean square error at each node over the compared split, ``[M, V]``; None where runs
        have other nodes.
    conditions
        Conditions of all runs.
    """
    split = result.compared_split
    compared = methods(result)
    yield "baselines", errors.baseline_bars(compared, result.compared, split)
    yield "runs", errors.run_histogram(result.compared["prediction"].per_run, split)
    yield (
        "error_over_time",
        errors.error_over_time(
            compared, result.compared, split, result.data.times, result.data.time_unit
        ),
    )
    for name, run in shown.items():
        # A run may have a mesh of its own.
        own = run.domain or domain
        yield f"temporal_{name}", nodes_over_time(run, own)
        for v, figure in fields_at_times(run, own):
            yield f"nodal_{name}_{v + 1}", figure
    title = f"error of prediction over all {split} runs and times"
    if node_rmse is not None:
        yield "error_map", error_map(node_rmse, domain, title)
    expected = runs.expected_over_true(result.uncertainty.splits)
    if expected is not None:
        yield "expected", expected
    if result.folds is not None:
        yield "folds", runs.fold_errors(result.folds)
    yield from uncertainty.uncertainty_figures(result.uncertainty)
    times, unit = result.data.times, result.data.time_unit
    yield "physics", physics.quantities_over_time(result.physics, times, unit)
    if result.quantities is not None and result.quantities.found:
        yield "quantities", quantities.predicted_over_true(result.quantities)
    found = result.sensitivity
    if found.sobol is not None or found.permutation is not None:
        yield "sensitivity", sensitivity.sensitivity_bars(found)
    yield from latents.latent_figures(result.latents, _errors_by_run(result), conditions)
    if result.training.history:
        yield "training", training.training_curves(result.training.history)
    if result.training.search is not None and result.training.search.trials:
        yield "search", search.search_figure(result.training.search)


def _errors_by_run(result: EvaluationResult) -> dict[str, float | None]:
    """Return the joint relative error of the prediction of each run of all splits."""
    by_run: dict[str, float | None] = {}
    for found in result.errors["prediction"].values():
        by_run |= found.per_run
    return by_run
