"""Learning rate and KL weight as functions of the step.

They have no state, so that a resumed training continues exactly.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulgenvae.settings import StageSettings


def learning_rate(step: int, total: int, own_settings: StageSettings) -> float:
    """Return the learning rate of a step.

    It rises linearly during the warm-up. Then follow cosines of equal length with warm restarts
    (Loshchilov & Hutter 2017, SGDR), the last of which ends at the minimum on the last step.

    Parameters
    ----------
    step
        Number of the step, 0 … total - 1.
    total
        Number of steps of the stage.
    own_settings
        Settings of the stage.
    """
    warmup = math.ceil(own_settings.warmup * total)
    if step < warmup:
        return own_settings.learning_rate * (step + 1) / (warmup + 1)
    length = total - warmup
    position = step - warmup
    cycle = position * own_settings.cycles // length
    # Whole numbers throughout: a rounded quotient would miss the last step of a cycle.
    first = -(-cycle * length // own_settings.cycles)
    last = -(-(cycle + 1) * length // own_settings.cycles) - 1
    fraction = (position - first) / (last - first) if last > first else 1.0
    low = own_settings.final_learning_rate
    return own_settings.learning_rate * (low + (1 - low) * 0.5 * (1 + math.cos(math.pi * fraction)))


def kl_weight(step: int, total: int, init_beta_divisor: float) -> float:
    """Return the weight beta of the KL divergence at a step.

    It is 10^-init_beta_divisor until 30 % of the budget, rises linearly to 1 at 80 %, and stays.

    Parameters
    ----------
    step, total
        Number of the step, counted from 0, and of all steps.
    init_beta_divisor
        Setting ``training.init_beta_divisor``.
    """
    # The reconstruction is learned first: a large weight at the start would leave latents unused.
    start = 10.0**-init_beta_divisor
    progress = step / total
    ramp = min(max((progress - 0.3) / 0.5, 0.0), 1.0)
    return float(start + (1.0 - start) * ramp)
