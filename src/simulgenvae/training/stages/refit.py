"""Last steps of a network, on the validation runs too.

Tested in tests/training/stages/test_refit.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.data.split import rows_of_refit
from simulgenvae.training.stages.end_to_end import EndToEndStage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from simulgenvae.models.training_record import HistoryEntry
    from simulgenvae.settings import StageSettings

STEPS = 4.0
"""Steps of a refit in multiples of those of the training, for each new run of all: as many as in
the training where a quarter of the runs is new, 0.4 times as many where a tenth is."""
LEARNING_RATE = 0.5
"""Largest learning rate of a refit, as a fraction of that of the training. On the heat source of
the benchmarks, a refit lowers the error of one network from 1.86 to 1.44 % with this rate, to
1.63 % with the whole one, and not at all where the new runs are left out."""


class RefitStage(EndToEndStage):
    """Continuation of a network's training on all runs but those of the test.

    The validation runs choose the networks' weights and decoders, and calibrate the uncertainty. A
    tenth of the runs, or more where there are few, would never be learned from. So each network
    goes on with them, once it is chosen, in a second cycle of the learning rate (as in Loshchilov &
    Hutter 2017, SGDR). Nothing is chosen any more, and the last weights are taken.

    Parameters
    ----------
    stage
        Stage that trained the network.
    """

    validated = False

    def __init__(self, stage: EndToEndStage) -> None:
        parts = (stage.networks, stage.data, stage.settings, stage.field_loss, stage.member)
        super().__init__(*parts, vae_loss=stage.vae_loss)
        self._trained = stage

    def start(self, history: Sequence[HistoryEntry]) -> None:
        """Take the networks that the training ended with."""
        self._trained.start(history)
        self.networks = self._trained.networks

    @property
    def label(self) -> str:
        """Label of the network's training, and ``_refit``."""
        return f"{self._trained.label}_refit"

    @property
    def number(self) -> int:
        """Seed of the random numbers, which no member's training has."""
        return 100 + self._trained.number

    @property
    def own_settings(self) -> StageSettings:
        """Settings of the training with as many steps as the number of new runs is worth."""
        own = self.fewer_steps(refit_share(self.data.rows))
        return own.model_copy(update={"learning_rate": LEARNING_RATE * own.learning_rate})

    @property
    def rows(self) -> NDArray[np.intp]:
        """Rows of the training and of the validation runs."""
        return rows_of_refit(self.data.rows)

    @property
    def renewed(self) -> tuple[str, ...]:
        """No network: all continue."""
        return ()


def refit_share(rows: Mapping[str, NDArray[np.intp]]) -> float:
    """Return the steps of a refit, for each step of the training; ``rows`` are those of parts."""
    return min(1.0, STEPS * (1 - len(rows["train"]) / len(rows_of_refit(rows))))
