"""Plan of the phases of a training: what each is, and which share of the whole it takes.

The shares follow from typical times on a CPU. They say how far a training is; how long the rest
takes follows from the measured pace (``time_left.py``).

Tested in tests/training/test_phases.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.settings.networks import DECODERS
from simulgenvae.training.budget import step_counts
from simulgenvae.training.members import decoders_of_members
from simulgenvae.training.stages.encoder import STEPS as ENCODER_STEPS
from simulgenvae.training.stages.end_to_end import EndToEndStage
from simulgenvae.training.stages.refit import refit_share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulgenvae.training.plan import TrainingPlan
    from simulgenvae.training.stages import StageSpec

READING = "reading"
"""Key of the phase in which the fields are read and reduced."""
CALIBRATION = "calibration"
"""Key of the phase of the Gaussian processes and the calibration."""
UNSEEN = "unseen"
"""Key of the phase in which the errors of unseen runs are measured."""
SEARCH = "search"
"""Key of the phase in which settings are tried."""

# Typical times on one core, which only have to be right compared with each other. Measured on the
# board of the demo (30 runs) and on 64 runs of 20 timesteps and 400 nodes.
SECONDS_PER_STEP = 0.035
FIELD_FACTOR = 2.0
"""Time of a step where the decoder is a field, in that of the default decoder."""
VALUES_PER_SECOND = 2e7
"""Values of the fields that are read and reduced in a second, all passes together."""
SECONDS_OF_READING = 1.5
"""Time before the first value is read, such as for the estimate of the memory."""
SECONDS_OF_CALIBRATION = 3.0
"""Time of Gaussian processes and calibration in small studies."""
CALIBRATION_PART = 0.03
"""Time that is added to that, as a fraction of the time of all networks."""
IMAGES_PART = 0.17
"""Fraction that images add to that: choosing their components took 0.19 and 0.21 of the time of
two networks (180 boards known by images; convolutional network, vision transformer)."""


@dataclass(frozen=True)
class Phase:
    """One phase of a training."""

    key: str
    """Label of the training stage, or one of the constants above."""
    name: str
    """Name for people."""
    share: float
    """Share of the whole training, from 0 to 1."""
    pace: str
    """Name of what the time depends on: phases of the same pace take as long for the same share."""


@dataclass(frozen=True)
class Phases:
    """All phases of a training, in their order; their shares add up to 1."""

    phases: tuple[Phase, ...]

    def __len__(self) -> int:
        return len(self.phases)

    def __iter__(self) -> Iterator[Phase]:
        return iter(self.phases)

    def index(self, key: str) -> int | None:
        """Return the place of a phase; None where it is not planned."""
        keys = [phase.key for phase in self.phases]
        return keys.index(key) if key in keys else None

    def before(self, index: int) -> float:
        """Return the share of the phases before a place."""
        return sum(phase.share for phase in self.phases[:index])


@dataclass(frozen=True)
class _Work:
    """Phase with the time that it typically takes."""

    key: str
    name: str
    seconds: float
    pace: str


def search_phases() -> Phases:
    """Return the phases before a training whose settings are searched."""
    title = "reading and reducing the fields"
    return Phases(
        (Phase(READING, title, 0.1, READING), Phase(SEARCH, "search for settings", 0.9, SEARCH))
    )


def training_phases(plan: TrainingPlan, *, prepared: bool = False) -> Phases:
    """Return the phases of a training.

    Parameters
    ----------
    plan
        The training.
    prepared
        Whether the fields have been reduced before, as for the training after a search.
    """
    work = [] if prepared else [_reading(plan)]
    *earlier, last = plan.specs
    work += [_stage(plan, spec) for spec in earlier]
    networks = _networks(plan, last) if last.reads_conditions else [_stage(plan, last)]
    work += networks
    if last.reads_conditions:
        of_networks = sum(each.seconds for each in networks)
        seconds = SECONDS_OF_CALIBRATION + CALIBRATION_PART * of_networks
        images = plan.dataset.conditions.images is not None
        choosing = IMAGES_PART * of_networks if images else 0.0
        title = "Gaussian processes and uncertainty"
        work.append(_Work(CALIBRATION, title, seconds + choosing, CALIBRATION))
        work.append(_Work(UNSEEN, "error on unseen runs", seconds / 4, UNSEEN))
    whole = sum(each.seconds for each in work)
    return Phases(
        tuple(Phase(each.key, each.name, each.seconds / whole, each.pace) for each in work)
    )


def _reading(plan: TrainingPlan) -> _Work:
    seconds = SECONDS_OF_READING + math.prod(plan.dataset.shape) / VALUES_PER_SECOND
    return _Work(READING, "reading and reducing the fields", seconds, READING)


def _stage(plan: TrainingPlan, spec: StageSpec) -> _Work:
    """Return a stage that trains one network, with its usual number of steps."""
    decoder = plan.settings.model.decoder
    seconds = _steps(plan, spec) * _seconds_per_step(decoder)
    return _Work(spec.name, spec.title, seconds, f"{spec.name} {decoder}")


def _networks(plan: TrainingPlan, spec: StageSpec) -> list[_Work]:
    """Return the last stage, with what ``stages/ensemble.py`` adds to it."""
    if not issubclass(spec.stage_class, EndToEndStage):
        return [_stage(plan, spec)]
    fine_tunes = plan.continues or len(plan.specs) > 1
    shape = plan.dataset.shape
    images = plan.dataset.conditions.images is not None
    decoders = decoders_of_members(
        plan.settings,
        plan.dataset.mesh.coords,
        (len(plan.rows["train"]), shape[1]),
        images=images,
        continues=fine_tunes,
    )
    work = []
    slowest = 0.0
    for number, decoder in enumerate(decoders, start=1):
        label = spec.name if number == 1 else f"{spec.name}_{number}"
        name = "network" if len(decoders) == 1 else f"network {number} of {len(decoders)}"
        seconds = _steps(plan, spec) * _seconds_per_step(decoder)
        slowest = max(slowest, seconds)
        pace = f"{spec.name} {decoder}"
        work.append(_Work(label, name, seconds, pace))
        if plan.refits:
            refit = refit_share(plan.rows) * seconds
            again = f"{name}, with the validation runs too"
            work.append(_Work(f"{label}_refit", again, refit, f"{pace} refit"))
    if not fine_tunes:
        seconds = ENCODER_STEPS * slowest
        work.append(_Work(f"{spec.name}_encoder", "encoder of the VAE", seconds, "encoder"))
    return work


def _steps(plan: TrainingPlan, spec: StageSpec) -> int:
    conditions = plan.dataset.conditions
    return step_counts(
        spec,
        spec.own_settings(plan.settings),
        len(plan.rows["train"]),
        plan.dataset.shape[1],
        images=conditions.images is not None,
    )[1]


def _seconds_per_step(decoder: str) -> float:
    return SECONDS_PER_STEP * (FIELD_FACTOR if DECODERS[decoder].is_field else 1.0)
