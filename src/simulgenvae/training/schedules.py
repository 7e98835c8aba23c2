"""Learning rate and KL weight as functions of progress: no state, so a resumed run continues
exactly."""

from __future__ import annotations

import math

from simulgenvae.settings import StageSettings


def learning_rate(step: int, total: int, stage: StageSettings) -> float:
    """Learning rate of ``step`` (0 … total - 1): linear warm-up, then cosines with warm restarts
    (Loshchilov & Hutter 2017, SGDR) of equal length, the last of which ends at the minimum on the
    last step."""
    warmup = math.ceil(stage.warmup * total)
    if step < warmup:
        return stage.learning_rate * (step + 1) / (warmup + 1)
    length, position = total - warmup, step - warmup
    cycle = position * stage.cycles // length
    # Whole numbers throughout: a rounded quotient would miss the last step of a cycle.
    first, last = -(-cycle * length // stage.cycles), -(-(cycle + 1) * length // stage.cycles) - 1
    fraction = (position - first) / (last - first) if last > first else 1.0
    low = stage.final_learning_rate
    return stage.learning_rate * (low + (1 - low) * 0.5 * (1 + math.cos(math.pi * fraction)))


def kl_weight(step: int, total: int, init_beta_divisor: float) -> float:
    """Weight beta of the KL: 10^-init_beta_divisor until 30 % of the budget, linear to 1 at 80 %,
    then 1."""
    start, progress = 10.0**-init_beta_divisor, step / total
    ramp = min(max((progress - 0.3) / 0.5, 0.0), 1.0)
    return float(start + (1.0 - start) * ramp)
