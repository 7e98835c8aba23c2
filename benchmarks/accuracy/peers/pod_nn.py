"""POD-NN (Hesthaven & Ubbiali 2018, Journal of Computational Physics 363) of the package PINA.

As in PINA's tutorial on reduced-order models: ``PODBlock`` with 20 modes of scaled coefficients,
and a network ``FeedForward`` from the inputs to the coefficients, which learns from the fields by
Adam in batches of 100. Time is one more input where there are several timesteps, and the modes are
those of at most ``SNAPSHOTS`` fields. The tutorial's other method, POD-RBF, is one of our own
baselines.

The tutorial's network (three layers of 10, learning rate 1e-4), which is for one parameter, learns
too slowly here: after 20 s the error of Graetz flow is 12.6 %, with this one (two layers of 64,
1e-2) 0.52 %; with three layers of 10 and 1e-3 it is 1.88 %. Of the elastic block the last two have
11.6 % and 36.2 %; 40 modes make no difference.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from pina.model import FeedForward
from pina.model.block import PODBlock

from benchmarks.accuracy.cases import Case
from benchmarks.accuracy.fitted import Fitted, Rows
from benchmarks.accuracy.peers.training import (
    Array,
    PeerData,
    parameters_of,
    train_until,
    unit_range,
)

RANK = 20
LAYERS = (64, 64)
LEARNING_RATE = 1e-2
BATCH = 100
SNAPSHOTS = 2000


class PodNetwork(torch.nn.Module):
    """A network whose outputs are the coefficients of modes."""

    def __init__(self, inputs: int, snapshots: torch.Tensor) -> None:
        """Fit modes to ``snapshots [n, M · V]``."""
        super().__init__()
        rank = min(RANK, *snapshots.shape)
        self.pod = PODBlock(rank)
        # All singular values are computed: the randomised algorithm wants fewer runs than nodes.
        self.pod.fit(snapshots, randomized=False)
        self.network = FeedForward(inputs, rank, layers=list(LAYERS), func=torch.nn.Softplus)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return fields ``[n, M · V]`` of ``inputs [n, F]``."""
        fields: torch.Tensor = self.pod.expand(self.network(inputs))
        return fields


def train(case: Case, seconds: float) -> Iterator[Fitted]:
    """Train POD-NN for these seconds."""
    start = time.perf_counter()
    torch.manual_seed(case.seed)
    data = PeerData.of(case)
    inputs = torch.from_numpy(snapshot_inputs(data, case.rows["train"]))
    fields = torch.from_numpy(data.fields(case.rows["train"]).reshape(len(inputs), -1))
    generator = torch.Generator().manual_seed(case.seed)
    some = torch.randperm(len(fields), generator=generator)[:SNAPSHOTS]
    network = PodNetwork(inputs.shape[1], fields[some])
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    held_inputs = torch.from_numpy(snapshot_inputs(data, case.rows["validation"]))
    held_fields = torch.from_numpy(
        data.fields(case.rows["validation"]).reshape(len(held_inputs), -1)
    )

    def steps() -> float:
        losses = []
        for batch in torch.randperm(len(inputs), generator=generator).split(BATCH):
            optimizer.zero_grad()
            loss = (network(inputs[batch]) - fields[batch]).square().mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return float(np.mean(losses))

    def validate() -> float:
        return float((network(held_inputs) - held_fields).square().mean().sqrt())

    about = train_until(start, seconds, network, optimizer, steps, validate)

    def predict(rows: Rows) -> Array:
        with torch.no_grad():
            found = network(torch.from_numpy(snapshot_inputs(data, rows))).numpy()
        return data.physical(found.reshape(len(rows), *case.dataset.shape[1:]))

    found: dict[str, Any] = about | {"parameters": parameters_of(network)}
    yield Fitted("pod_nn", time.perf_counter() - start, predict, found)


def snapshot_inputs(data: PeerData, rows: Rows) -> Array:
    """Return the inputs of every snapshot of runs ``[n · T, F + 1]``; without time where T is 1."""
    inputs = data.inputs(rows)
    steps = len(data.case.dataset.times)
    if steps == 1:
        return inputs
    times = unit_range(np.asarray(data.case.dataset.times)[:, np.newaxis])
    return np.concatenate(
        [np.repeat(inputs, steps, axis=0), np.tile(times, (len(inputs), 1))], axis=1
    )
