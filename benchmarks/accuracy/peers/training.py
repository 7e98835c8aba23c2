"""What all peers learn from, and a training of a given time."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
import torch._dynamo  # the first optimizer loads it: that is no time of training
from numpy.typing import NDArray

from benchmarks.accuracy.cases import Case
from benchmarks.accuracy.fitted import Rows, TrainingRuns
from simulgenvae.errors import UserError
from simulgenvae.evaluation.metrics import VariableScale

CHECKS = 50
"""Number of times that the validation error is measured in a training."""

Array = NDArray[np.float32]


class PeerData(NamedTuple):
    """Inputs and fields of a case, both scaled for neural networks.

    Inputs are those of our own baselines: standardised parameters, some of them as logarithms, and
    principal components of images. Each variable is shifted and scaled by its mean and standard
    deviation over the training runs, so that the mean square is that of our error measure.
    """

    case: Case
    training: TrainingRuns
    scale: VariableScale

    @classmethod
    def of(cls, case: Case) -> PeerData:
        """Prepare inputs and scales from the training runs."""
        rows = case.rows["train"]
        training = TrainingRuns.of(case.dataset, rows)
        scale = VariableScale.fit(case.dataset.run(int(row)) for row in rows)
        return cls(case, training, scale)

    def inputs(self, rows: Rows) -> Array:
        """Return the scaled inputs ``[n, F]`` of rows of the case."""
        return self.training.inputs(rows).astype(np.float32)

    def fields(self, rows: Rows) -> Array:
        """Return the scaled fields ``[n, T, M, V]``."""
        runs = (self.case.dataset.run(int(row)) for row in rows)
        return np.stack([(run - self.scale.mean) / self.scale.spread for run in runs]).astype(
            np.float32
        )

    def physical(self, fields: Array) -> Array:
        """Return scaled fields ``[n, T, M, V]`` in physical units."""
        return (fields * self.scale.spread + self.scale.mean).astype(np.float32)


def positions(case: Case) -> NDArray[np.float64]:
    """Return the node positions ``[M, D]``.

    Raises
    ------
    UserError
        The problem has none.
    """
    coords = case.dataset.mesh.coords
    if coords is None:
        raise UserError(f"{case.name} has no node positions, which this method needs")
    return coords


def unit_range(values: NDArray[np.floating[Any]]) -> Array:
    """Return positions or times ``[n, D]`` shifted and scaled to [-1, 1] in each column."""
    lower = values.min(axis=0)
    extent = np.ptp(values, axis=0)
    extent[extent == 0.0] = 1.0
    return (2.0 * (values - lower) / extent - 1.0).astype(np.float32)


def train_until(
    start: float,
    seconds: float,
    network: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    steps: Callable[[], float],
    validate: Callable[[], float],
) -> dict[str, Any]:
    """Train a network for a time, and leave it as it was when its validation error was least.

    The learning rate falls from that of the optimizer to zero as half a cosine over the time. There
    is at least one round of steps.

    Parameters
    ----------
    start, seconds
        When the fit began, by ``time.perf_counter``, and how long it lasts, preparation included.
    network, optimizer
        What is trained, and by which optimizer.
    steps
        Function that takes some steps and returns their mean loss.
    validate
        Function that returns the validation error of the network as it is.

    Returns
    -------
    dict
        Losses of the first and the last round, number of rounds, the least validation error, and
        when it was reached as a share of the time.
    """
    rates = [group["lr"] for group in optimizer.param_groups]
    best = math.inf
    best_at = 0.0
    weights = network.state_dict()
    losses: list[float] = []
    share = (time.perf_counter() - start) / seconds
    checked = int(share * CHECKS)
    while not losses or share < 1.0:
        fall = 0.5 * (1.0 + math.cos(math.pi * min(share, 1.0)))
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * fall
        network.train()
        losses.append(steps())
        share = (time.perf_counter() - start) / seconds
        if share * CHECKS >= checked + 1 or share >= 1.0:
            checked = int(share * CHECKS)
            network.eval()
            with torch.no_grad():
                error = validate()
            if error < best:
                best = error
                best_at = share
                weights = copy.deepcopy(network.state_dict())
    network.load_state_dict(weights)
    network.eval()
    return {
        "first_loss": losses[0],
        "last_loss": losses[-1],
        "validation_error": best,
        "best_at": best_at,
        "rounds": len(losses),
    }


def parameters_of(network: torch.nn.Module) -> int:
    """Return the number of trained parameters."""
    return sum(weight.numel() for weight in network.parameters() if weight.requires_grad)
