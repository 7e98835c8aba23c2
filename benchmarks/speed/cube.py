"""Moving pulses in a cube of tetrahedra: a study on a mesh of bodies, of any size and rank.

Each run is a Gaussian pulse that crosses the cube along another line.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.shapes import Shapes
from simulgenvae.geometry import CorrespondingNodes
from simulgenvae.settings import Settings, StudyFolder
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.shapes import ShapeModel
from simulgenvae.surrogate.surrogate import Surrogate

RUNS = 24
TIMES = np.linspace(0.0, 1.0, 20)
WIDTH = 0.1
NAMES = ("start_y", "start_z", "speed")
LOWER = np.array([0.2, 0.2, 0.4])
UPPER = np.array([0.8, 0.8, 0.8])


def trained_cube(nodes: int, modes: int, folder: Path) -> tuple[Surrogate, Conditions]:
    """Return a surrogate with ``modes`` modes at most, trained for a few steps, and its runs."""
    dataset = cube(nodes)
    few = {
        "vae": {"steps": 5},
        "conditioner": {"steps": 5},
        "end_to_end": {"steps": 5, "refit": False},
    }
    settings = {"reduction": {"max_rank": modes, "tolerance": 1e-9}, "training": few}
    surrogate = fit(dataset, Settings.model_validate(settings), study=StudyFolder(folder))
    return surrogate, dataset.conditions


def with_moved_nodes(surrogate: Surrogate, runs: Conditions) -> Surrogate:
    """Return a surrogate whose nodes are elsewhere in each run, as its parameters say."""
    mesh = surrogate.whole_mesh
    assert mesh.coords is not None
    size = 1 + 0.5 * (runs.table - LOWER) / (UPPER - LOWER)
    bend = 0.1 * np.sin(3 * mesh.coords[:, [1, 2, 0]])
    ways = (size[:, None] - 1) * mesh.coords + (size[:, None, :1] ** 2) * bend
    common = CorrespondingNodes(mesh)
    plain = Dataset.from_arrays(np.zeros((len(runs), 1, len(mesh.coords))), runs)
    shapes = Shapes(common, ways[:, None].astype(np.float32), Path("shapes"))
    rows = surrogate.split.rows(runs.ids)["train"].tolist()
    return replace(
        surrogate, shapes=ShapeModel.fit(replace(plain, common=common, shapes=shapes), rows)
    )


def cube(nodes: int) -> Dataset:
    """Return the runs on ``nodes`` nodes at random places, with the tetrahedra between them."""
    points = np.random.default_rng(0).random((nodes, 3))
    table = np.random.default_rng(1).uniform(LOWER, UPPER, (RUNS, len(NAMES)))
    conditions = Conditions(tuple(f"run_{run:02d}" for run in range(RUNS)), NAMES, table)
    fields = np.stack([_pulse(points, row) for row in table])
    cells = {"tetra": Delaunay(points).simplices.astype(np.int64)}
    return Dataset.from_arrays(
        fields, conditions, times=TIMES, coords=points, cells=cells, variables=("u",)
    )


def _pulse(points: NDArray[np.float64], row: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the field of a run, ``[T, M, 1]``."""
    start_y, start_z, speed = row
    across = (points[:, 1] - start_y) ** 2 + (points[:, 2] - start_z) ** 2
    along = (points[:, 0] - speed * TIMES[:, None] - 0.1) ** 2
    return np.exp(-(along + across) / WIDTH**2).astype(np.float32)[..., None]
