"""DeepONet (Lu et al. 2021, Nature Machine Intelligence 3) of the package DeepXDE.

The branch network reads the inputs of a run, the trunk network positions and time of a point; the
output is the product of both. As in DeepXDE's example for data on the same points in all runs
(antiderivative, aligned): ``DeepONetCartesianProd``, ReLU, Glorot initialisation, Adam. Two things
are better here than in the example: four layers of 128 instead of two of 40 (after 40 s on Burgers
12.7 % instead of 19.1 %), and a learning rate of 3e-3 instead of 1e-3 (then 9.55 %). Every round of
steps learns from ``POINTS`` points drawn anew, as all of them at once would make a step too slow;
four times as many points are worse (17.3 % with 1e-3). Several variables have their own parts of
both networks (``split_both``).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from benchmarks.accuracy.cases import Case
from benchmarks.accuracy.fitted import Fitted, Rows
from benchmarks.accuracy.peers.training import (
    Array,
    PeerData,
    parameters_of,
    positions,
    train_until,
    unit_range,
)

# DeepXDE asks for its backend when it is imported.
os.environ.setdefault("DDE_BACKEND", "pytorch")
import deepxde

WIDTH = 128
LAYERS = 4
LEARNING_RATE = 3e-3
RUNS = 32
POINTS = 1024
STEPS = 20
"""Steps of a round, which have the same points."""
VALIDATION_POINTS = 4096


def train(case: Case, seconds: float) -> Iterator[Fitted]:
    """Train DeepONet for these seconds."""
    start = time.perf_counter()
    torch.manual_seed(case.seed)
    deepxde.config.set_random_seed(case.seed)
    data = PeerData.of(case)
    points = points_of(case)
    variables = len(case.dataset.variables)
    rows = case.rows["train"]
    inputs = data.inputs(rows)
    fields = data.fields(rows).reshape(len(rows), len(points), variables)
    network = network_of(inputs.shape[1], points.shape[1], variables)
    generator = np.random.default_rng(case.seed)
    product = deepxde.data.TripleCartesianProd(
        (inputs, points[:1]),
        _targets(fields[:, :1]),
        (inputs[:1], points[:1]),
        _targets(fields[:1, :1]),
    )
    model = deepxde.Model(product, network)
    model.compile("adam", lr=LEARNING_RATE, verbose=0)

    def steps() -> float:
        chosen = generator.choice(len(points), min(POINTS, len(points)), replace=False)
        product.train_x = (inputs, points[chosen])
        product.train_y = _targets(fields[:, chosen])
        history, _ = model.train(
            iterations=STEPS, batch_size=min(RUNS, len(rows)), display_every=STEPS, verbose=0
        )
        return float(np.sum(history.loss_train[-1]))

    held = case.rows["validation"]
    seen = generator.choice(len(points), min(VALIDATION_POINTS, len(points)), replace=False)
    held_inputs = torch.from_numpy(data.inputs(held))
    held_fields = torch.from_numpy(data.fields(held).reshape(len(held), -1, variables)[:, seen])
    places = torch.from_numpy(points)

    def validate() -> float:
        found = network((held_inputs, places[seen])).reshape(held_fields.shape)
        return float((found - held_fields).square().mean().sqrt())

    about = train_until(start, seconds, network, model.opt, steps, validate)

    def predict(rows: Rows) -> Array:
        with torch.no_grad():
            found = network((torch.from_numpy(data.inputs(rows)), places)).numpy()
        return data.physical(found.reshape(len(rows), *case.dataset.shape[1:]))

    yield Fitted(
        "deeponet",
        time.perf_counter() - start,
        predict,
        about | {"parameters": parameters_of(network)},
    )


def network_of(inputs: int, dimensions: int, variables: int) -> Any:
    """Return a DeepONet for these numbers of inputs, of coordinates with time, and of variables."""
    hidden = [WIDTH] * (LAYERS - 1)
    last = WIDTH * variables
    return deepxde.nn.DeepONetCartesianProd(
        [inputs, *hidden, last],
        [dimensions, *hidden, last],
        "relu",
        "Glorot normal",
        num_outputs=variables,
        multi_output_strategy=None if variables == 1 else "split_both",
    )


def points_of(case: Case) -> Array:
    """Return positions, and the time where there are several, of all points ``[T · M, D]``."""
    coords = unit_range(positions(case))
    steps = len(case.dataset.times)
    if steps == 1:
        return coords
    times = unit_range(np.asarray(case.dataset.times)[:, np.newaxis])
    return np.concatenate(
        [np.tile(coords, (steps, 1)), np.repeat(times, len(coords), axis=0)], axis=1
    )


def _targets(fields: Array) -> Array:
    """Return fields ``[n, points, V]`` in the shape of the network's answer."""
    return fields[..., 0] if fields.shape[-1] == 1 else fields
