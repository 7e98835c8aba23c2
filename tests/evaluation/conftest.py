"""A study with a moving bump, and a plain surrogate of it: real POD, linear regression in the place of the networks."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from simulgenvae.data.conditions import Conditions, ConditionScaler
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.images import ImageFormat, Images
from simulgenvae.data.split import Split
from simulgenvae.errors import UserError
from simulgenvae.reduction import Reduction, encode_runs, fit_reduction
from simulgenvae.settings import Settings, Study


@dataclass
class LinearSurrogate:
    """Coefficients that are linear in the transformed conditions, behind the interface of the trained surrogate."""

    split: Split
    condition_scaler: ConditionScaler
    reduction: Reduction
    weights: np.ndarray
    timesteps: int
    info: dict[str, Any]
    settings: Settings = field(default_factory=Settings)

    @classmethod
    def fit(cls, dataset: Dataset, split: Split) -> LinearSurrogate:
        rows = split.rows(dataset.ids)["train"]
        scaler = ConditionScaler.fit(dataset.conditions.select(rows))
        reduction = fit_reduction(dataset, rows, Settings().reduction)
        x = _with_one(scaler.transform(dataset.conditions.select(rows)))
        coefficients = encode_runs(dataset, reduction)[rows].reshape(len(rows), -1)
        weights = np.linalg.lstsq(x, coefficients, rcond=None)[0]
        history = [
            {"stage": "vae", "step": 1, "train": 1.0, "validation": None},
            {"stage": "vae", "step": 2, "train": 0.5, "validation": 0.6},
            {"stage": "end_to_end", "step": 3, "train": 0.1, "validation": 0.2},
        ]
        info = {
            "data_fingerprint": dataset.fingerprint,
            "versions": {"<b>torch</b>": "2"},
            "history": history,
            "stages": ["vae", "conditioner", "end_to_end"],
        }
        return cls(split, scaler, reduction, weights, dataset.shape[1], info)

    def predict(self, conditions: Conditions) -> xr.Dataset:
        x = _with_one(self.condition_scaler.transform(conditions))
        coefficients = (x @ self.weights).reshape(len(conditions), self.timesteps, -1)
        return xr.Dataset({"fields": (("run", "time", "node", "variable"), self.reduction.decode(coefficients))})

    def at_stage(self, study: Study, stage: str) -> LinearSurrogate:
        """Twice the slope after the conditioner's stage: an error that is known to be larger."""
        if not study.checkpoints.exists():
            raise UserError(f"{study.checkpoints / stage} does not exist.")
        return self if stage == "vae" else replace(self, weights=2 * self.weights)

    def reconstruct(self, run: np.ndarray) -> np.ndarray:
        return self.reduction.decode(0.99 * self.reduction.encode(run))


def _with_one(x: np.ndarray) -> np.ndarray:
    return np.column_stack([x, np.ones(len(x))])


def make_dataset(runs: int = 12, timesteps: int = 5) -> Dataset:
    """Temperature and pressure of a bump that moves over a 4 × 6 grid of quads, with names that look like code."""
    y, x = (axis.ravel() for axis in np.meshgrid(np.arange(4.0), np.arange(6.0), indexing="ij"))
    rng = np.random.default_rng(0)
    table = np.column_stack([rng.uniform(0.5, 1.5, runs), rng.uniform(1.0, 100.0, runs)])
    t = np.linspace(0.0, 1.0, timesteps)[None, :, None]
    bump = np.exp(-0.1 * (x - 5 * t * table[:, :1, None]) ** 2 - 0.1 * (y - 2) ** 2)
    fields = np.stack([293.0 + bump * np.log(table[:, 1:, None]), 1e5 * bump**2], axis=-1)
    corner = np.array([6 * row + column for row in range(3) for column in range(5)])
    cells = {"quad": corner[:, None] + np.array([0, 1, 7, 6])}
    return Dataset.from_arrays(
        fields,
        Conditions(tuple(f"run<{i}>" for i in range(runs)), ("speed", "power"), table),
        times=t.ravel(),
        coords=np.column_stack([x, y]),
        cells=cells,
        variables=("T<script>", "p$x$"),
        units=("K", "Pa"),
    )


def with_images(dataset: Dataset, *, parameters: bool) -> Dataset:
    """The same runs with pictures whose bright bar says both parameters, beside the table or alone."""
    given = dataset.conditions
    speed, power = given.table.T
    pixels = np.zeros((len(given), 8, 8, 1), dtype=np.uint8)
    for picture, column, grey in zip(pixels, (5 * speed).astype(int), 50 + 2 * power, strict=True):
        picture[:, column] = grey
    names, table = (given.names, given.table) if parameters else ((), np.zeros((len(given), 0)))
    return Dataset.from_arrays(
        dataset.fields,
        Conditions(given.ids, names, table, Images(pixels, ImageFormat(8, 8, 1, 8))),
        times=dataset.times,
        coords=dataset.mesh.coords,
        cells=dataset.mesh.cells,
        variables=dataset.variables,
        units=dataset.units,
    )


@pytest.fixture(scope="session", params=["images", "both"])
def pictured(request: pytest.FixtureRequest, dataset: Dataset) -> Dataset:
    """Runs that are known by pictures, alone or beside the table."""
    return with_images(dataset, parameters=request.param == "both")


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return make_dataset()


@pytest.fixture(scope="session")
def trained(dataset: Dataset) -> LinearSurrogate:
    return LinearSurrogate.fit(dataset, Split(dataset.ids[:8], dataset.ids[8:10], dataset.ids[10:]))


@pytest.fixture
def surrogate(trained: LinearSurrogate) -> LinearSurrogate:
    """One that a test may change."""
    return replace(trained, info=deepcopy(trained.info))
