"""Cases that can be drawn: a run of the data set with its prediction, or a new design.

Tested in tests/cli/test_render.py.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulgenvae.data.names import listed
from simulgenvae.errors import UserError
from simulgenvae.geometry import on_own_mesh

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.geometry import Placement
    from simulgenvae.mesh.mesh import Mesh
    from simulgenvae.settings import StudyFolder
    from simulgenvae.surrogate.surrogate import Surrogate


class Case(NamedTuple):
    """Fields `[t, M, v]` of one run or design.

    Attributes
    ----------
    title
        Name of the run or design, for the heading.
    times
        Times, `[t]`.
    prediction
        Predicted fields, with the variables in the order in which they were requested.
    truth
        Fields of the solver; None for a new design.
    spread
        Standard deviation of the prediction; None where it was not requested.
    mesh
        Mesh of the fields, where the design has one of its own.
    """

    title: str
    times: NDArray[np.float64]
    prediction: NDArray[np.float32]
    truth: NDArray[np.float32] | None
    spread: NDArray[np.float32] | None
    mesh: Mesh | None = None

    def at(self, steps: list[int]) -> Case:
        """Return the case at some of the times, by their numbers."""
        return self._replace(
            times=self.times[steps],
            prediction=self.prediction[steps],
            truth=None if self.truth is None else self.truth[steps],
            spread=None if self.spread is None else self.spread[steps],
        )


def run_case(
    dataset: Dataset, surrogate: Surrogate, run: str, variables: list[str], samples: int
) -> Case:
    """Return a run of the data set with its prediction, at all times.

    Raises UserError when there is no run of this name, or the data have other times, nodes or
    variables than the model.
    """
    if run not in dataset.ids:
        raise UserError(f"the study has no run {run!r}; its runs are {listed(dataset.ids)}")
    same_times = np.array_equal(dataset.times, surrogate.times)
    if (
        not same_times
        or dataset.variables != surrogate.variables
        or dataset.nodes != surrogate.reduction.field_shape[0]
    ):
        raise UserError(
            "The data have other times, nodes or variables than the model was trained with: "
            "train again."
        )
    row = dataset.ids.index(run)
    split = next(
        (
            f"{name} "
            for name in ("train", "validation", "test")
            if run in getattr(surrogate.split, name)
        ),
        "",
    )
    condition = surrogate.seen(dataset).conditions.select([row])
    placement = None if dataset.shapes is None else dataset.shapes.placement(row)
    found = design_case(surrogate, condition, variables, None, samples, placement)
    columns = [dataset.variables.index(name) for name in variables]
    return found._replace(title=f"{split}run “{run}”", truth=dataset.own_run(row)[..., columns])


def design_case(
    surrogate: Surrogate,
    condition: Conditions,
    variables: list[str],
    times: NDArray[np.float64] | None,
    samples: int,
    placement: Placement | None = None,
) -> Case:
    """Return the prediction of the only design of ``condition``.

    With a ``placement`` it is on the design's own mesh.

    It is at ``times``, or at the training times where that is None. Raises UserError as
    ``Surrogate.predict`` does.
    """
    found = surrogate.predict(condition, times=times, variables=variables, samples=samples)
    prediction = found["fields"].to_numpy()[0]
    spread = found["std"].to_numpy()[0] if samples else None
    mesh = None
    if placement is not None:
        mesh = placement.mesh
        prediction = on_own_mesh(prediction, placement)
        spread = None if spread is None else on_own_mesh(spread, placement)
    return Case(
        f"design “{condition.ids[0]}”", found["time"].to_numpy(), prediction, None, spread, mesh
    )


def typical_run(study: StudyFolder, dataset: Dataset, surrogate: Surrogate) -> tuple[str, str]:
    """Return a typical test run, and the reason for the choice.

    That is the run with the median error in the last evaluation, else the first test run. Where
    there are no test runs, it is a validation run, else a training run.
    """
    run = _evaluated_run(study, dataset)
    if run is not None:
        return run, "its error is the median of the last evaluation"
    # Without an evaluation there are no errors to choose by.
    split = surrogate.split
    parts = {"test": split.test, "validation": split.validation, "training": split.train}
    # Runs of the training that have been removed from the study cannot be shown.
    candidates = ((name, run) for name in parts for run in parts[name] if run in dataset.ids)
    name, run = next(candidates)
    reason = f"the first {name} run; after `simulgenvae evaluate` it is one with a typical error"
    return run, reason


def _evaluated_run(study: StudyFolder, dataset: Dataset) -> str | None:
    """Return the typical run that ``metrics.json`` names, if that file is about these data."""
    try:
        metrics = json.loads(study.metrics_file.read_bytes())
        known = metrics["data"]["fingerprint"] == dataset.fingerprint
        run = metrics["physics"]["typical_run"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return run if known and run in dataset.ids else None
