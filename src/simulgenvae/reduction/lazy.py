"""States of runs that stay on disk, and are read and scaled whenever a batch needs them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.reduction.base import Reduction
    from simulgenvae.settings import Settings

STATES_IN_MEMORY = 2**31
"""Largest size in bytes of all states, without a reduction, that are held in memory; larger ones
stay on disk."""


def stays_on_disk(dataset: Dataset, settings: Settings) -> bool:
    """Return whether training reads the runs of each batch from the data set.

    It does without a reduction, where the states of all runs are large.
    """
    large = 4 * math.prod(dataset.shape) > STATES_IN_MEMORY  # float32
    return settings.reduction.method == "none" and not settings.data.load_all and large


@dataclass(frozen=True, eq=False)
class LazyStates:
    """Coefficients ``[N, T, r]`` that are computed when indexed.

    They replace an array in memory where the coefficients are as many as the values of the fields.
    """

    dataset: Dataset
    reduction: Reduction
    device = torch.device("cpu")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Runs N, timesteps T and coefficients r."""
        return self.dataset.shape[0], self.dataset.shape[1], self.reduction.rank

    def __len__(self) -> int:
        return len(self.dataset.ids)

    def __getitem__(self, rows: Tensor | NDArray[np.intp]) -> Tensor:
        """Return some runs ``[k, T, r]``; UserError where one cannot be read."""
        # One run at a time: a batch of fields and its states need not fit into memory together.
        coefficients = torch.empty(len(rows), *self.shape[1:])
        run = np.empty(self.dataset.shape[1:], np.float32)
        for place, row in enumerate(rows.tolist()):
            self.dataset.read(row, run)
            coefficients[place] = torch.from_numpy(self.reduction.encode_stored(run))
        return coefficients

    def __iter__(self) -> Iterator[Tensor]:
        return (self[torch.tensor([row])][0] for row in range(len(self)))
