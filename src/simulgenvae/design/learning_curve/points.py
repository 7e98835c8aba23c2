"""Points of a learning curve: surrogate and POD+GPR trained on a part of the training runs."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from simulgenvae.baselines.image_features import Features
from simulgenvae.baselines.pod_gpr import PodGpr
from simulgenvae.errors import UserError
from simulgenvae.evaluation.compare.run_view import RunView
from simulgenvae.evaluation.metrics import FieldErrors, VariableScale
from simulgenvae.settings.batches import batches_up_to
from simulgenvae.surrogate.fit import fit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.data.split import Split
    from simulgenvae.settings import Settings
    from simulgenvae.surrogate.surrogate import Surrogate

Method = Literal["prediction", "pod_gpr"]
METHODS: tuple[Method, ...] = ("prediction", "pod_gpr")
"""Names of the methods, as in ``metrics.json``: the surrogate and POD+GPR."""
FEWEST = 2
"""Number of training runs that a surrogate needs."""

Error = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Rows = NDArray[np.intp]


class Point(BaseModel):
    """Errors that were measured with one set of training runs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    runs: Annotated[int, Field(ge=FEWEST)]
    """Number of training runs."""
    repeat: Annotated[int, Field(ge=0)]
    """Number of the random order of the training runs, whose first ``runs`` the point has."""
    seed: Annotated[int, Field(ge=0)]
    """Seed of the orders."""
    seconds: Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
    """Time that training and measuring took."""
    errors: dict[Method, list[Error | None]]
    """Joint relative error of every measured run; None where the truth is zero."""


def sizes(training_runs: int, shares: Sequence[float]) -> list[int]:
    """Return the different numbers of training runs at these fractions of all, ascending.

    Raises
    ------
    UserError
        For fewer than two training runs.
    """
    found = sorted({round(share * training_runs) for share in shares})
    if found[0] < FEWEST:
        raise UserError(
            f"--fractions: {min(shares):g} of {training_runs} training runs is fewer than "
            f"{FEWEST}: give larger fractions"
        )
    return found


def nested(training: Sequence[str], runs: int, seed: int, repeat: int) -> tuple[str, ...]:
    """Return the first ``runs`` of a random order of the training runs.

    Every larger number of runs contains them. They are in the order of ``training``, so that all
    of them together are the study's own training runs.
    """
    chosen = np.sort(np.random.default_rng([seed, repeat]).permutation(len(training))[:runs])
    return tuple(training[row] for row in chosen)


def settings_of(settings: Settings, runs: int, repeat: int) -> Settings:
    """Return the study's settings with another seed for each repeat.

    Batches are made no larger than the number of training runs.
    """
    # Another seed, or repeats would differ in their runs only.
    seed = (settings.training.seed + repeat) % 2**32
    training = settings.training.model_copy(update={"seed": seed})
    return batches_up_to(settings.model_copy(update={"training": training}), runs)


class Measure:
    """Function that trains on some of the training runs and measures on runs that none sees.

    Parameters
    ----------
    dataset, split, settings
        The study.
    measured
        Ids of the runs to measure on.
    """

    def __init__(
        self, dataset: Dataset, split: Split, settings: Settings, measured: Sequence[str]
    ) -> None:
        self._dataset = dataset
        self._split = split
        self._settings = settings
        position = {run_id: row for row, run_id in enumerate(dataset.ids)}
        self._measured = [position[run_id] for run_id in measured]

    @cached_property
    def _scale(self) -> VariableScale:
        """Scale of all training runs, so that the errors of all points can be compared."""
        rows = self._split.rows(self._dataset.ids)["train"]
        return VariableScale.fit(self._dataset.run(int(row)) for row in rows)

    def __call__(self, runs: int, repeat: int, seed: int) -> Point:
        """Train and measure once.

        Parameters
        ----------
        runs
            Number of training runs.
        repeat
            Number of their random order.
        seed
            Seed of the orders.

        Raises
        ------
        UserError
            As :func:`simulgenvae.surrogate.fit.fit` raises it, with the number of training runs.
        """
        # A training with few runs can fail where one with all does not: the message says how many.
        start = time.perf_counter()
        # Validation and test runs stay the same for every point.
        split = replace(self._split, train=nested(self._split.train, runs, seed, repeat))
        try:
            surrogate = fit(
                self._dataset,
                settings_of(self._settings, runs, repeat),
                split=split,
                # The curve says it for all trainings.
                conclude=False,
            ).on_valued_nodes()
        except UserError as error:
            raise UserError(
                f"With {runs} of {len(self._split.train)} training runs: {error}"
            ) from error
        training = split.rows(self._dataset.ids)["train"]
        conditions = surrogate.seen(self._dataset).conditions
        errors = {
            "prediction": self._errors(self._predictions(surrogate, conditions)),
            "pod_gpr": self._errors(self._pod_gpr(surrogate, conditions, training)),
        }
        return Point(
            runs=runs, repeat=repeat, seed=seed, seconds=time.perf_counter() - start, errors=errors
        )

    def _predictions(
        self, surrogate: Surrogate, conditions: Conditions
    ) -> Iterator[NDArray[np.float32]]:
        for row in self._measured:
            yield surrogate.predict(conditions.select([row]))["fields"].to_numpy()[0]

    def _pod_gpr(
        self, surrogate: Surrogate, conditions: Conditions, training: Rows
    ) -> Iterator[NDArray[np.float32]]:
        reduction = surrogate.reduction
        features = Features.fit(conditions.select(training), surrogate.condition_scaler)
        coefficients = np.stack([reduction.encode(self._dataset.run(int(row))) for row in training])
        baseline = PodGpr()
        baseline.fit(
            features.transform(conditions.select(training)),
            coefficients,
            features.components,
            features.widths,
        )
        for row in self._measured:
            yield reduction.decode(
                baseline.predict(features.transform(conditions.select([row])))[0]
            )

    def _errors(self, predictions: Iterator[NDArray[np.float32]]) -> list[float | None]:
        errors = FieldErrors(self._dataset.variables, self._scale)
        for row, prediction in zip(self._measured, predictions, strict=True):
            view = RunView.of(self._dataset, row)
            errors.add(view.own(prediction), view.own_truth, view.axes)
        return [error if np.isfinite(error) else None for error in errors.joint]
