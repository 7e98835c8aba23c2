from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.dataset import Dataset
from simulgenvae.models.networks import Networks, field_points, network_inputs
from simulgenvae.models.unit_times import unit_times
from simulgenvae.reduction import Reduction, reduce_runs
from simulgenvae.settings import Settings
from simulgenvae.training.batch import Batch
from simulgenvae.training.data import TrainingData
from simulgenvae.training.identity import TrainingIdentity
from simulgenvae.training.log import TrainingLog
from simulgenvae.training.loop import Loop
from simulgenvae.training.stages import STAGES, Stage

IDENTITY = TrainingIdentity(Settings(), "waves", ("vae",), (), ())


@dataclass(frozen=True)
class Problem:
    """All that a loop needs, from small waves: nine runs to train on, two to validate."""

    settings: Settings
    data: TrainingData
    networks: Networks
    reduction: Reduction
    dataset: Dataset
    identity = IDENTITY

    def stage(self, name: str, kind: type[Stage] | None = None) -> Stage:
        loss = self.data.field_loss(self.settings.training.loss, self.reduction)
        return (kind or STAGES[name].stage_class)(self.networks, self.data, self.settings, loss)

    def loop(self, folder: Path | None = None) -> Loop:
        return Loop(self.networks, self.data, folder, IDENTITY, TrainingLog(None), seed=0)


MakeProblem = Callable[..., Problem]


@pytest.fixture(scope="session")
def make_problem(waves: Dataset) -> MakeProblem:
    def make(settings: Settings, *, validation: tuple[int, ...] = (9, 10)) -> Problem:
        torch.manual_seed(0)
        rows = {
            "train": np.arange(9),
            "validation": np.array(validation, int),
            "test": np.array([11]),
        }
        scaler = ConditionScaler.fit(waves.conditions.select(rows["train"]))
        reduction, coefficients = reduce_runs(waves, rows["train"], settings.reduction)
        data = TrainingData(
            torch.from_numpy(coefficients),
            network_inputs(waves.conditions, scaler),
            torch.from_numpy(unit_times(waves.times, waves.times)),
            rows,
        )
        std = data.coefficient_std
        points = field_points(settings, waves.mesh.coords, reduction)
        networks = Networks(settings, std, data.times, scaler, points)
        return Problem(settings, data, networks, reduction, waves)

    return make


@pytest.fixture
def pressing_ctrl_c() -> Callable[[type[Stage], int], type[Stage]]:
    """Return a maker of stages in whose step ``at`` (from 1) the user presses Ctrl-C."""

    def pressing(kind: type[Stage], at: int) -> type[Stage]:
        class Pressed(kind):  # type: ignore[valid-type, misc]  # the base is chosen at runtime
            calls = 0

            def losses(self, batch: Batch, kl_weight: float) -> dict[str, Tensor]:
                type(self).calls += 1
                if self.calls == at:
                    signal.raise_signal(signal.SIGINT)
                return super().losses(batch, kl_weight)

        return Pressed

    return pressing
