"""Moving pulses on any number of nodes: a study of any size with the rank of real data.

Each run is a Gaussian pulse that crosses a unit square along another line, on nodes at random.
The benchmarks of this folder take it where solved runs of the reference shape (484 runs x 200
timesteps x 95,008 nodes) cannot be had.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.metadata import Metadata
from simulgenvae.data.store.write import write_store
from simulgenvae.mesh.mesh import Mesh

NAMES = ("start", "angle", "speed", "width")
LOWER = np.array([0.2, -0.5, 0.4, 0.06])
UPPER = np.array([0.8, 0.5, 0.8, 0.1])
FOLDER = Path(__file__).parents[1] / "cache" / "speed"
"""Folder in which studies are kept for the next time."""
REFERENCE = 484, 200, 95_008
"""Runs, timesteps and nodes of the reference study."""


def parser_of(text: str | None) -> argparse.ArgumentParser:
    """Return the parser of a script on studies of several numbers of runs.

    ``text`` is the docstring of the script.
    """
    parser = argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, nargs="+", default=[24, 48, 96])
    parser.add_argument("--timesteps", type=int, default=REFERENCE[1])
    parser.add_argument("--nodes", type=int, default=REFERENCE[2])
    parser.add_argument("--folder", type=Path, default=FOLDER)
    return parser


def description(runs: int, timesteps: int, nodes: int) -> Metadata:
    """Return everything except the fields.

    Runs, nodes and parameters do not depend on their number.
    """
    table = np.stack([np.random.default_rng([0, run]).uniform(LOWER, UPPER) for run in range(runs)])
    ids = tuple(f"run_{run:04d}" for run in range(runs))
    return Metadata(
        ids=ids,
        times=np.linspace(0.0, 1.0, timesteps),
        nodes=nodes,
        mesh=Mesh(np.random.default_rng(1).random((nodes, 2))),
        variables=("u",),
        units=("",),
        conditions=Conditions(ids, NAMES, table),
    )


def fields(study: Metadata) -> Iterator[NDArray[np.float32]]:
    """Yield the field of each run, ``[T, M, 1]``."""
    assert study.mesh.coords is not None
    x, y = torch.from_numpy(study.mesh.coords.astype(np.float32)).T
    times = torch.from_numpy(study.times.astype(np.float32))[:, None]
    for start, angle, speed, width in study.conditions.table.tolist():
        across = torch.addcmul(x, times, torch.full_like(x, -speed * math.cos(angle))).sub_(0.1)
        along = torch.addcmul(y, times, torch.full_like(y, -speed * math.sin(angle))).sub_(start)
        pulse = across.square_().add_(along.square_()).mul_(-1.0 / width**2).exp_()
        yield pulse.numpy()[..., np.newaxis]


def written(folder: Path, runs: int, timesteps: int, nodes: int) -> Path:
    """Return the path of the dataset below ``folder``, after writing it unless it is there."""
    target = folder / f"pulses-{runs}x{timesteps}x{nodes}.zarr"
    if not target.exists():
        study = description(runs, timesteps, nodes)
        write_store(target, study, fields(study))
    return target
