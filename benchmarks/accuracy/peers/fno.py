"""Fourier neural operator (Li et al. 2021, ICLR) of the package neuraloperator.

The inputs of a run are constant channels on the grid, to which the operator adds positions. Where
images are the condition, the image is a channel too, resampled to the grid: it is taken to show
the whole mesh. Outputs are all timesteps of all variables, each a channel. As in the package's
example (Darcy flow, a model for training on a CPU): 8 Fourier modes along each axis, 24 channels,
AdamW with a learning rate of 1e-2 and a weight decay of 1e-4, a cosine schedule and the relative
L2 error of a run as loss. Batches have 4 runs, as there are few runs. 16 modes with 32 or 64
channels were behind after 30 s (Burgers) and 90 s (pulse).
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import torch
from neuralop import LpLoss
from neuralop.models import FNO
from neuralop.training import AdamW

from benchmarks.accuracy.cases import Case
from benchmarks.accuracy.fitted import Fitted, Rows
from benchmarks.accuracy.peers.grids import Grid
from benchmarks.accuracy.peers.training import (
    Array,
    PeerData,
    parameters_of,
    positions,
    train_until,
)

MODES = 8
CHANNELS = 24
LEARNING_RATE = 1e-2
WEIGHT_DECAY = 1e-4
BATCH = 4


def train(case: Case, seconds: float) -> Iterator[Fitted]:
    """Train the operator for these seconds.

    Raises
    ------
    NoGridError
        The nodes are no regular grid.
    """
    start = time.perf_counter()
    grid = Grid.of(positions(case))
    torch.manual_seed(case.seed)
    data = PeerData.of(case)
    axes = len(grid.shape)
    inputs = channels(data, case.rows["train"], grid)
    fields = on_grid(data.fields(case.rows["train"]), grid)
    network = FNO(
        n_modes=tuple(min(MODES, nodes) for nodes in grid.shape),
        in_channels=inputs.shape[1],
        out_channels=fields.shape[1],
        hidden_channels=CHANNELS,
    )
    optimizer = AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    distance = LpLoss(d=axes + 1, p=2)
    held_inputs = channels(data, case.rows["validation"], grid)
    held_fields = on_grid(data.fields(case.rows["validation"]), grid)
    generator = torch.Generator().manual_seed(case.seed)

    def steps() -> float:
        losses = []
        for batch in torch.randperm(len(inputs), generator=generator).split(BATCH):
            optimizer.zero_grad()
            loss = distance(network(inputs[batch]), fields[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return float(np.mean(losses))

    def validate() -> float:
        return float((network(held_inputs) - held_fields).square().mean().sqrt())

    about = train_until(start, seconds, network, optimizer, steps, validate)
    back = np.argsort(grid.order)

    def predict(rows: Rows) -> Array:
        with torch.no_grad():
            found = torch.cat(
                [network(part) for part in channels(data, rows, grid).split(BATCH)]
            ).numpy()
        _, steps, nodes, variables = case.dataset.shape
        found = found.reshape(len(rows), steps, variables, nodes)[..., back]
        return data.physical(np.moveaxis(found, 2, -1))

    yield Fitted(
        "fno",
        time.perf_counter() - start,
        predict,
        about | {"parameters": parameters_of(network), "grid": list(grid.shape)},
    )


def on_grid(fields: Array, grid: Grid) -> torch.Tensor:
    """Return fields ``[n, T, M, V]`` as channels on the grid, ``[n, T · V, *shape]``."""
    runs, steps, _, variables = fields.shape
    placed = np.moveaxis(fields[:, :, grid.order], -1, 2)
    return torch.from_numpy(placed.reshape(runs, steps * variables, *grid.shape))


def channels(data: PeerData, rows: Rows, grid: Grid) -> torch.Tensor:
    """Return inputs of runs on the grid, ``[n, F, *shape]``: constants, and the image if any."""
    parameters = data.training.features.components
    inputs = torch.from_numpy(data.inputs(rows))
    inputs = inputs[:, : inputs.shape[1] - parameters]
    constant = inputs.reshape(*inputs.shape, *(1 for _ in grid.shape)).expand(-1, -1, *grid.shape)
    images = data.case.dataset.conditions.select(rows).images
    if images is None:
        return constant.contiguous()
    # Row 0 of an image is its top edge, that of the grid the lower one.
    pixels = torch.from_numpy(np.asarray(images.pixels)[:, ::-1, :, 0] / np.float32(255.0))
    shown = torch.nn.functional.interpolate(
        pixels[:, None], size=grid.shape, mode="bilinear", antialias=True
    )
    return torch.cat([constant, shown], dim=1)
