"""Training of a single network with some settings, and its error on runs that it has not seen."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from simulgenvae.distributed.failures import RanksLost
from simulgenvae.errors import UserError
from simulgenvae.search.space import STAGE
from simulgenvae.training.budget import step_counts
from simulgenvae.training.log import TrainingLog
from simulgenvae.training.loop import Loop
from simulgenvae.training.stages import STAGES
from simulgenvae.training.stages.refit import refit_share
from simulgenvae.training.train import first_networks, network_factory
from simulgenvae.utils.log_file import no_log_file
from simulgenvae.utils.progress import progress_off

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from simulgenvae.settings import Settings
    from simulgenvae.training.identity import TrainingIdentity
    from simulgenvae.training.members import NetworkFactory
    from simulgenvae.training.plan import TrainingPlan
    from simulgenvae.training.prepare import Prepared

logger = logging.getLogger(__name__)

FEW_RUNS = 8
"""Number of validation runs below which several parts of the runs are held out in turn."""
PARTS = 3
"""Number of these parts."""
PART = 5
"""Each of these parts is one of so many equal ones."""
PROBE_STEPS = 16
"""Steps of the training that measures the speed before the first trial."""

Rows = dict[str, "NDArray[np.intp]"]


@dataclass(frozen=True)
class Measured:
    """Findings of one training of a trial."""

    error: float | None
    """Mean joint relative L2 error of the held-out runs, as in the report; None where the training
    failed."""
    seconds: float


class TrialTrainer:
    """Trainer of single networks on runs that have been prepared once.

    Parameters
    ----------
    plan, prepared
        The training whose settings are searched. Its test runs are not looked at.
    identity
        Its identity.
    runs
        Number of runs of the data set, without mirrored ones.
    """

    def __init__(
        self, plan: TrainingPlan, prepared: Prepared, identity: TrainingIdentity, runs: int
    ) -> None:
        self._identity = identity
        # Placed on the device once: trials differ only in what they read of it.
        self._factory = network_factory(plan, prepared)
        self.refit = refit_share(plan.rows) if plan.refits else 0.0
        """Steps of the refit of a network, for each step of its training."""
        self._rows = held_out_parts(plan.rows, runs, plan.settings.training.seed)

    @property
    def parts(self) -> int:
        """Number of trainings of a trial, each with other held-out runs."""
        return len(self._rows)

    @property
    def held_out(self) -> int:
        """Number of runs on which errors are measured."""
        return sum(len(rows["validation"]) for rows in self._rows)

    @property
    def second_decoder(self) -> str | None:
        """Decoder of the second network of the ensemble, if it is another one."""
        second = self._factory.second_decoder if self.member_count > 1 else None
        return None if second == self._factory.settings.model.decoder else second

    @cached_property
    def member_count(self) -> int:
        """Number of networks of the ensemble."""
        return 1 + self._factory.further_count(continues=False)

    def steps(self, settings: Settings) -> int:
        """Return the steps of a network of the ensemble."""
        data = self._factory.data
        images = data.conditions.images is not None
        own = settings.training.end_to_end
        runs = len(data.rows["train"])
        return step_counts(STAGES[STAGE], own, runs, len(data.times), images=images)[1]

    def seconds_per_step(self, settings: Settings) -> float:
        """Return the time of a step of one network, measured in a few."""
        self._train(settings, 1, self._rows[0])  # the first step ever takes longer
        start = time.perf_counter()
        self._train(settings, PROBE_STEPS, self._rows[0])
        return (time.perf_counter() - start) / PROBE_STEPS

    def measure(self, settings: Settings, steps: int) -> Measured:
        """Train a network for some steps, once for each part of held-out runs.

        Raises
        ------
        Interrupted
            After Ctrl-C.
        """
        start = time.perf_counter()
        total = 0.0
        try:
            for rows in self._rows:
                total += self._train(settings, steps, rows) * len(rows["validation"])
        except RanksLost:
            raise
        except UserError as error:
            # Losses that become infinite say that these settings are bad, which is a result.
            logger.debug("a trial failed: %s", error)
            total = math.nan
        error_or_nan = total / self.held_out
        seconds = time.perf_counter() - start
        return Measured(error_or_nan if math.isfinite(error_or_nan) else None, seconds)

    def _train(self, settings: Settings, steps: int, rows: Rows) -> float:
        """Return the error of the network that a training ends with, in the measure of the report.

        It is the mean joint relative L2 error of the held-out runs.
        """
        factory = self._factory_of(settings, steps, rows)
        # Nothing of a trial is shown or kept but its error.
        with torch.random.fork_rng(), progress_off(), no_log_file(), TrainingLog(None) as log:
            seed = settings.training.seed
            torch.manual_seed(seed)
            networks = first_networks(factory, None)
            stage = STAGES[STAGE].stage_class.make(
                networks, factory.data, factory.settings, factory.reduction, continues=False
            )
            loop = Loop(networks, factory.data, None, self._identity, log, seed)
            progress = loop.run([stage])
        # As in any training, the weights are those of the least validation error.
        best = min(progress.history, key=lambda entry: entry.validation_error)
        assert best.joint_error is not None, "the stage has an error of each run"
        return best.joint_error

    def _factory_of(self, settings: Settings, steps: int, rows: Rows) -> NetworkFactory:
        data = replace(self._factory.data, rows=rows)
        own = settings.training.end_to_end.model_copy(update={"steps": steps, "epochs": None})
        training = settings.training.model_copy(update={"end_to_end": own})
        settings = settings.model_copy(update={"training": training})
        return replace(self._factory, settings=settings, data=data)


def held_out_parts(rows: Mapping[str, NDArray[np.intp]], runs: int, seed: int) -> list[Rows]:
    """Return the rows of each training of a trial; there are no test runs in any of them.

    These are the training and validation runs, where there are ``FEW_RUNS`` validation runs.
    Otherwise the choice would rest on chance: several parts of all these runs are held out in
    turn.

    Parameters
    ----------
    rows
        Rows of each part of the split; mirrored training runs follow the runs of the data set.
    runs
        Number of runs of the data set.
    seed
        Seed of the draw.
    """
    none = np.array([], dtype=np.intp)
    train = rows["train"]
    validation = rows["validation"]
    if len(validation) >= FEW_RUNS:
        return [{"train": train, "validation": validation, "test": none}]
    own = train[train < runs]
    # A mirrored run must not be learned from where its original is held out.
    original_of_mirrored = np.resize(own, len(train) - len(own))
    originals = np.concatenate([own, original_of_mirrored, validation])
    all_rows = np.concatenate([train, validation])
    order = np.random.default_rng(seed).permutation(np.concatenate([own, validation]))
    parts = []
    for part in np.array_split(order, min(PART, len(order)))[:PARTS]:
        kept = all_rows[~np.isin(originals, part)]
        parts.append({"train": kept, "validation": np.sort(part), "test": none})
    return parts
