from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import pytest
import torch

from simulgenvae.models import Inputs
from simulgenvae.reduction import LazyStates
from simulgenvae.training.batch import Batch, plain_batch
from simulgenvae.training.batch_reader import batch_reader
from simulgenvae.training.data import TrainingData


@dataclass(frozen=True)
class Remote(TrainingData):
    """Data that are read ahead as if they were on disk, and that remember which rows were read."""

    fetched: list[int] = field(default_factory=list)
    on_device = False

    def take(self, values: torch.Tensor | LazyStates, rows: torch.Tensor) -> torch.Tensor:
        self.fetched.append(int(rows[0]))
        return super().take(values, rows)


Data = TypeVar("Data", bound=TrainingData)


def _data(kind: type[Data]) -> Data:
    runs = torch.arange(24.0).reshape(6, 2, 2)
    return kind(runs, Inputs(torch.arange(6.0)[:, None]), torch.zeros(2), {"train": np.arange(6)})


def _fetch(data: TrainingData) -> Callable[[int], Batch]:
    return lambda step: plain_batch(data, torch.tensor([step % 6]))


@pytest.mark.parametrize("kind", [TrainingData, Remote])
@pytest.mark.parametrize("first", [0, 3])
def test_batches_are_those_of_their_steps(kind: type[TrainingData], first: int) -> None:
    data = _data(kind)
    with batch_reader(data, _fetch(data), 8) as batch:
        for step in range(first, 8):
            found = batch(step)
            assert found.rows.tolist() == [step % 6]
            torch.testing.assert_close(
                found.coefficients, data.coefficients[torch.tensor([step % 6])]
            )
            torch.testing.assert_close(found.conditions.table, data.conditions.table[[step % 6]])


def test_the_next_batch_is_fetched_meanwhile_and_none_after_the_last() -> None:
    data = _data(Remote)
    with batch_reader(data, _fetch(data), 3) as batch:
        batch(0)
        while (
            len(data.fetched) < 4
        ):  # coefficients and conditions of steps 0 and 1; the test would hang otherwise
            pass
        batch(1)
        batch(2)
    assert data.fetched == [0, 0, 1, 1, 2, 2]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("batches")]


def test_what_goes_wrong_while_fetching_is_raised_at_its_step() -> None:
    data = _data(Remote)

    def fetch(step: int) -> Batch:
        return plain_batch(data, torch.tensor([99 if step == 2 else step]))

    with batch_reader(data, fetch, 4) as batch:
        batch(0)
        batch(1)
        with pytest.raises(IndexError):
            batch(2)
