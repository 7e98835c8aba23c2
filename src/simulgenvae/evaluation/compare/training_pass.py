"""One pass over the training runs, and the baselines that learn from it.

Tested in tests/evaluation/test_evaluate.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Self

import numpy as np

from simulgenvae.baselines import BASELINES, Baseline, BaselineSpec
from simulgenvae.distributed import collectives
from simulgenvae.evaluation.metrics import VariableScale
from simulgenvae.utils.resources import available_memory

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydantic import JsonValue

    from simulgenvae.baselines.image_features import Features
    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.surrogate.surrogate import Surrogate

Advance = Callable[[str], None]


@dataclass
class FittedBaselines:
    """Baselines that have learned from the training runs."""

    features: Features
    by_name: dict[str, Baseline]
    described: dict[str, dict[str, JsonValue]]
    """Choices that each baseline made while fitting, by its name."""

    @classmethod
    def fit(
        cls,
        features: Features,
        conditions: Conditions,
        coefficients: NDArray[np.float32],
        advance: Advance,
    ) -> Self:
        """Return all registered baselines, each fitted by the first rank for all.

        Parameters
        ----------
        features
            Conditions as the baselines read them.
        conditions
            Conditions of the n training runs.
        coefficients
            Their coefficients, ``[n, T, r]``.
        advance
            Function that is called with a description after every baseline.
        """
        fitted = cls(features, {}, {})
        x = features.transform(conditions)
        for name, spec in BASELINES.items():
            # Fitted once and sent to all ranks: fitted on each, they would differ by rounding.
            fit = partial(_fit, spec, x, coefficients, features)
            fitted.by_name[name], fitted.described[name] = collectives.run_on_rank0(fit)
            advance("Fitting baselines")
        return fitted

    def predict(self, conditions: Conditions) -> dict[str, NDArray[np.float32]]:
        """Return the coefficients ``[n, T, r]`` of designs by the name of the baseline."""
        x = self.features.transform(conditions)
        return {name: baseline.predict(x) for name, baseline in self.by_name.items()}


def _fit(
    spec: BaselineSpec,
    x: NDArray[np.float64],
    coefficients: NDArray[np.float32],
    features: Features,
) -> tuple[Baseline, dict[str, JsonValue]]:
    baseline = spec.baseline()
    start = time.perf_counter()
    baseline.fit(x, coefficients, features.components, features.widths)
    return baseline, {**baseline.describe(), "fit_seconds": time.perf_counter() - start}


def read_training_runs(
    dataset: Dataset, surrogate: Surrogate, rows: NDArray[np.intp], advance: Advance
) -> tuple[VariableScale, NDArray[np.float32] | None]:
    """Return the scale of the variables, and the coefficients of the training runs, ``[n, T, r]``.

    Coefficients are None where they do not fit into half of the free memory of some rank.
    """
    own = collectives.local_rows(rows)
    shape = (len(own), dataset.shape[1], surrogate.reduction.rank)
    # Half, because joining the parts of all ranks below needs a second copy.
    fit_here = _coefficient_bytes(dataset, surrogate, rows) <= available_memory() / 2
    # All ranks must decide alike: they gather the coefficients together.
    fit_everywhere = all(collectives.all_gather(fit_here))
    coefficients = np.empty(shape, dtype=np.float32) if fit_everywhere else None

    def runs() -> Iterator[NDArray[np.float32]]:
        for i, row in enumerate(own):
            run = dataset.run(int(row))
            if coefficients is not None:
                coefficients[i] = surrogate.reduction.encode(run)
            advance("Reading training runs")
            # Errors are measured where the runs have their nodes.
            yield run if dataset.keeps_nodes else dataset.own_run(int(row))

    # Reading is what takes the time: one pass over the runs serves scale and coefficients.
    scale = VariableScale.fit_shared(runs())
    if coefficients is None:
        return scale, None
    return scale, np.concatenate(collectives.all_gather(coefficients))


def baselines_left_out(dataset: Dataset, surrogate: Surrogate, rows: NDArray[np.intp]) -> str:
    """Return the note that says why there are no baselines."""
    needed = _coefficient_bytes(dataset, surrogate, rows)
    return (
        f"The baselines were left out: the coefficients of {len(rows)} training runs need "
        f"{needed / 1e9:.1f} GB, {available_memory() / 1e9:.1f} GB of memory are free, and half of "
        "that may be used."
    )


def _coefficient_bytes(dataset: Dataset, surrogate: Surrogate, rows: NDArray[np.intp]) -> int:
    return 4 * len(rows) * dataset.shape[1] * surrogate.reduction.rank
