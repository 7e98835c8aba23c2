"""The published package EZyRB (Demo, Tezzele & Rozza 2018): POD+RBF and POD+GPR.

Snapshots are whole trajectories, each variable less its mean and divided by its spread over the
training runs: the scaling of the error measure. Inputs are those of our own baselines:
standardised parameters (some of them as logarithms) and, where images are the condition, their
principal components, as EZyRB reads none. Each rank, with images also each number of components,
is fitted and measured; the table shows the one with the least error *on the test runs*, which
flatters EZyRB.

RBF is the package's default, thin-plate splines. With its default kernel GPR predicts little
more than the mean run. So it gets constant · Matérn 5/2 + white noise with a length scale per input
(one for all where there are more than ``SINGLE_LENGTHS``) and restarts of the search for them.
Regression over parameters and time is left to ``gpr_time``.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import ezyrb
import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from benchmarks.accuracy.cases import Case
from benchmarks.accuracy.fitted import Fitted, Rows, TrainingRuns
from simulgenvae.evaluation.metrics import VariableScale
from simulgenvae.settings import Settings

Array = NDArray[np.float64]
RANKS = (5, 10, 15, 20, 30, 40, 80)
"""Numbers of modes; one more fit has as many as there are training runs."""
COMPONENTS = (8, 32)
"""Numbers of principal components of images; one more fit has all of them."""
SINGLE_LENGTHS = 8
RESTARTS = 8


def ezyrb_methods(case: Case, _: Settings) -> Iterator[Fitted]:
    """Fit EZyRB with both regressions at every rank and number of components."""
    rows = case.learned
    dataset = case.dataset
    scale = VariableScale.fit(dataset.run(int(row)) for row in rows)
    # Without scaling, POD would keep the variable with the largest numbers only.
    snapshots = np.stack(
        [((dataset.run(int(row)) - scale.mean) / scale.spread).ravel() for row in rows]
    )
    training = TrainingRuns.of(dataset, rows)
    features = training.features
    x = training.x
    parameters = x.shape[1] - features.components
    counts = [count for count in COMPONENTS if count < features.components] + [features.components]
    kinds: dict[str, Callable[[int], Any]] = {"rbf": lambda _: ezyrb.RBF(), "gpr": gaussian_process}

    def predict(model: Any, columns: int, rows: Rows) -> Array:
        answer: Array = model.predict(
            features.transform(dataset.conditions.select(rows))[:, :columns]
        )
        return answer.reshape(-1, *dataset.shape[1:]) * scale.spread + scale.mean

    for rank in [*(rank for rank in RANKS if rank < len(rows)), len(rows)]:
        for columns in (parameters + count for count in counts):
            for kind, regression in kinds.items():
                start = time.perf_counter()
                model = fit(x[:, :columns], snapshots, rank, regression(columns))
                seconds = time.perf_counter() - start
                name = f"ezyrb_pod_{kind}_{rank}" + f"_of_{columns}" * (features.components > 0)
                yield Fitted(
                    name,
                    seconds,
                    partial(predict, model, columns),
                    {"rank": rank, "inputs": columns},
                )


def gaussian_process(inputs: int) -> Any:
    """Return EZyRB's GPR with a kernel of smooth dependence on standardised inputs."""
    # Many inputs have one common length scale.
    lengths = np.full(inputs if inputs <= SINGLE_LENGTHS else 1, 2.0)
    kernel = ConstantKernel(1.0, (1e-3, 1e4)) * Matern(lengths, (1e-1, 1e3), nu=2.5) + WhiteKernel(
        1e-2, (1e-10, 10.0)
    )
    return ezyrb.GPR(kern=kernel, optimization_restart=RESTARTS)


def fit(x: Array, snapshots: Array, rank: int, regression: Any) -> Any:
    """Fit EZyRB's reduced-order model to ``snapshots [n, size]`` at ``x [n, inputs]``."""
    np.random.seed(0)  # noqa: NPY002 # EZyRB's restarts draw from the global generator
    model = ezyrb.ReducedOrderModel(
        ezyrb.Database(x, snapshots), ezyrb.POD("svd", rank=rank), regression
    )
    with warnings.catch_warnings():
        # Hyper-parameters at a bound, or a restart that gave up, are no reason to stop.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit()
