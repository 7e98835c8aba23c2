"""Predictions as ``Surrogate.predict`` returns them, on a small mesh."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import xarray as xr

from simulgenvae.mesh.mesh import Mesh

MakePrediction = Callable[..., xr.Dataset]


def random_prediction(
    ids: Sequence[str] = ("b", "a"),
    steps: int = 3,
    variables: Sequence[str] = ("u", "T"),
    std: bool = False,
    scores: bool = False,
    nodes: int = 6,
    seed: int = 0,
) -> xr.Dataset:
    rng = np.random.default_rng(seed)
    axes = ("run", "time", "node", "variable")
    shape = (len(ids), steps, nodes, len(variables))
    data: dict[str, Any] = {"fields": (axes, rng.normal(size=shape).astype(np.float32))}
    if std:
        data["std"] = (axes, rng.random(shape).astype(np.float32))
    if scores:
        data |= {name: ("run", rng.random(len(ids))) for name in ("novelty", "expected_error")}
    return xr.Dataset(
        data,
        coords={"run": list(ids), "time": 0.1 * np.arange(steps), "variable": list(variables)},
        attrs={"units": ["m/s", "K"][: len(variables)], "warnings": [f"{ids[0]}: outside"]},
    )


@pytest.fixture(scope="session")
def make_prediction() -> MakePrediction:
    return random_prediction


@pytest.fixture
def prediction() -> xr.Dataset:
    return random_prediction()


@pytest.fixture
def mesh() -> Mesh:
    coords = np.array([[0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1]], dtype=float)
    return Mesh(
        coords, {"triangle": np.array([[0, 1, 3], [1, 4, 3]]), "quad": np.array([[1, 2, 5, 4]])}
    )
