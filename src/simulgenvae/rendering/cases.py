"""What can be shown: a run of the data set beside its prediction, or the prediction of a design."""

from __future__ import annotations

import json
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.names import listed
from simulgenvae.errors import UserError
from simulgenvae.settings import StudyFolder
from simulgenvae.surrogate.surrogate import Surrogate


class Case(NamedTuple):
    """Fields ``[t, M, v]`` of one run or design at ``times`` ``[t]``, in the order of the variables
    asked for."""

    title: str
    times: NDArray[np.float64]
    prediction: NDArray[np.float32]
    truth: NDArray[np.float32] | None
    spread: NDArray[np.float32] | None

    def at(self, steps: list[int]) -> Case:
        """The same at some of the times."""
        truth, spread = (
            each if each is None else each[steps] for each in (self.truth, self.spread)
        )
        return Case(self.title, self.times[steps], self.prediction[steps], truth, spread)


def run_case(
    dataset: Dataset, surrogate: Surrogate, run: str, variables: list[str], samples: int
) -> Case:
    """A run at all its times; UserError where there is none of this name, or the data are no longer
    the model's."""
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
    found = design_case(surrogate, dataset.conditions.select([row]), variables, None, samples)
    columns = [dataset.variables.index(name) for name in variables]
    return found._replace(title=f"{split}run “{run}”", truth=dataset.run(row)[..., columns])


def design_case(
    surrogate: Surrogate,
    condition: Conditions,
    variables: list[str],
    times: NDArray[np.float64] | None,
    samples: int,
) -> Case:
    """The only design of ``condition`` at ``times`` (None: those of the training); UserError as
    ``predict``."""
    found = surrogate.predict(condition, times=times, variables=variables, samples=samples)
    spread = found["std"].to_numpy()[0] if samples else None
    return Case(
        f"design “{condition.ids[0]}”",
        found["time"].to_numpy(),
        found["fields"].to_numpy()[0],
        None,
        spread,
    )


def typical_run(study: StudyFolder, dataset: Dataset, surrogate: Surrogate) -> tuple[str, str]:
    """A run that nothing has seen, and why it is this one: of the median error in the last
    evaluation, else the first.

    Where there are no test runs, it is one of those for validation, and else of the training.
    """
    run = _evaluated_run(study, dataset)
    if run is not None:
        return run, "its error is the median of the last evaluation"
    splits = (surrogate.split.test, surrogate.split.validation, surrogate.split.train)
    run = next(run for split in splits for run in split if run in dataset.ids)
    return (
        run,
        "the first that nothing has seen; after `simulgenvae evaluate` it is one with a typical "
        "error",
    )


def _evaluated_run(study: StudyFolder, dataset: Dataset) -> str | None:
    """The typical run that ``metrics.json`` names, if it is there and about these data."""
    try:
        metrics = json.loads(study.metrics_file.read_bytes())
        known = metrics["data"]["fingerprint"] == dataset.fingerprint
        run = metrics["physics"]["typical_run"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return run if known and run in dataset.ids else None
