"""The error as a power law of the number of training runs, ``a + b n^-c``, and what it says of more
runs.

Learning curves of this form: Cortes, Jackel, Solla, Vapnik & Denker 1994, "Learning curves:
asymptotic values and rate of convergence". Parameters come from least squares of the logarithm of
the error: what scatters is a factor.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

Array = NDArray[np.float64]
FASTEST = 4.0
"""Largest exponent c: few points could claim any."""
SIZES_FOR_FLOOR = 4
"""Different numbers of runs that it takes to tell a floor a from a slow decay."""
FARTHEST = 100.0
"""The curve is followed up to so many times the largest number of runs that was measured."""
LEVEL = 0.9
_DRAWS = 200
_FLAT = 1e-3
"""An exponent below this is 0: the errors do not decay, and with a floor they are all floor."""


@dataclass(frozen=True)
class PowerLaw:
    """``floor + part · (n / runs)^-exponent`` for n training runs."""

    floor: float
    part: float
    exponent: float
    runs: float
    """Number of runs at which ``part`` is the error above the floor."""

    def __call__(self, runs: Array | float) -> Array:
        """Expected error with so many runs."""
        return (
            self.floor
            + self.part * (np.asarray(runs, dtype=np.float64) / self.runs) ** -self.exponent
        )

    def runs_for(self, target: float) -> float:
        """How many runs it takes to reach an error; infinity where the floor is above it, or the
        curve is flat."""
        above = target - self.floor
        if above <= 0.0:
            return math.inf
        if self.part == 0.0 or self.exponent == 0.0:
            return 0.0 if above >= self.part else math.inf
        return self.runs * math.exp(
            min(700.0, max(-700.0, math.log(self.part / above) / self.exponent))
        )


class Interval(NamedTuple):
    """An estimate and the bounds within which it lies with the probability ``LEVEL``."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Extrapolation:
    """The law of the measured points, and laws of points that could have been measured as well."""

    law: PowerLaw
    draws: tuple[PowerLaw, ...]
    with_floor: bool
    """Whether ``a`` was fitted; otherwise it is 0."""
    spare_points: int
    """Points beyond the number of fitted parameters: without any, the scatter about the law is
    unknown."""
    most_runs: int
    """Training runs of the largest point."""

    def error(self, runs: float) -> Interval:
        """Error expected with so many runs."""
        return self._interval(lambda law: float(law(runs)))

    def runs_for(self, target: float) -> Interval:
        """Runs that an error takes; infinity for what is farther than ``FARTHEST`` times the
        measured ones."""
        return self._interval(lambda law: self._within_reach(law.runs_for(target)))

    def _within_reach(self, runs: float) -> float:
        return runs if runs <= FARTHEST * self.most_runs else math.inf

    def _interval(self, quantity: Callable[[PowerLaw], float]) -> Interval:
        found = np.sort([quantity(law) for law in self.draws])
        tail = round(0.5 * (1.0 - LEVEL) * (len(found) - 1))
        return Interval(quantity(self.law), float(found[tail]), float(found[-1 - tail]))


def fit_power_law(runs: Array, errors: Array, *, floor: bool) -> PowerLaw:
    """The law through positive mean ``errors [k]`` at ``runs [k]``; ``floor`` says whether a is
    fitted, or 0."""
    largest = float(runs.max())
    relative, logarithms = runs / largest, np.log(errors)
    least, last = float(errors.min()), float(errors[runs == largest].mean())
    # Of two minima, one near a = 0 and one near a = the least error, the better is found from these
    # starts.
    floors = (0.1 * least, 0.8 * least) if floor else (0.0,)
    fits = [_fit(relative, logarithms, (start, last - start), floor=floor) for start in floors]
    best = min(
        fits, key=lambda found: float(np.square(_residuals(found, relative, logarithms)).sum())
    )
    a, b, c = best.tolist()
    if c >= _FLAT:
        return PowerLaw(a, b, c, largest)
    return PowerLaw(a + b, 0.0, 0.0, largest) if floor else PowerLaw(0.0, b, 0.0, largest)


def _fit(x: Array, logarithms: Array, start: tuple[float, float], *, floor: bool) -> Array:
    """Parameters ``[3]`` (a, b, c) with the least squares."""
    # Floor and part must not both be 0, which has no logarithm; nothing that is measured is so
    # small.
    tiny = 1e-9 * float(np.exp(logarithms.min()))
    fixed = 0 if floor else 1
    lower, upper = np.array([tiny, tiny, 0.0])[fixed:], np.array([np.inf, np.inf, FASTEST])[fixed:]

    def whole(parameters: Array) -> Array:
        return np.concatenate([np.zeros(fixed), parameters])

    def residuals(parameters: Array) -> Array:
        return _residuals(whole(parameters), x, logarithms)

    def derivatives(parameters: Array) -> Array:
        return _derivatives(whole(parameters), x)[:, fixed:]

    first = np.clip([*start, 1.0][fixed:], lower, upper)
    return whole(least_squares(residuals, first, derivatives, bounds=(lower, upper)).x)


def _residuals(parameters: Array, x: Array, logarithms: Array) -> Array:
    a, b, c = parameters
    return np.asarray(np.log(a + b * x**-c) - logarithms)


def _derivatives(parameters: Array, x: Array) -> Array:
    """Of the logarithm of the error with respect to a, b and c, shape [k, 3]."""
    a, b, c = parameters
    decay = x**-c
    of_error = np.stack([np.ones_like(x), decay, -b * decay * np.log(x)], axis=1)
    return np.asarray(of_error / (a + b * decay)[:, np.newaxis])


def extrapolate(runs: Array, errors: Array, seed: int = 0) -> Extrapolation | None:
    """Law of ``errors [k, R]`` of R measured runs, for k trainings with ``runs [k]`` training runs
    each.

    Its uncertainty comes from laws of resampled measured runs, the same ones for all trainings
    (bootstrap), whose mean errors are multiplied by factors that scatter as the trainings do about
    the law. None where fewer than two numbers of training runs, or an error of 0, leave nothing to
    follow.
    """
    sizes = len(np.unique(runs))
    if sizes < 2 or not errors.size or bool((errors.max(axis=1) <= 0.0).any()):
        return None
    means = errors.mean(axis=1)
    floor = sizes >= SIZES_FOR_FLOOR
    law = fit_power_law(runs, means, floor=floor)
    spare = len(runs) - (3 if floor else 2)
    scatter = math.sqrt(float(np.square(np.log(means / law(runs))).sum()) / spare) if spare else 0.0
    generator, draws = np.random.default_rng(seed), []
    for _ in range(_DRAWS):
        chosen = generator.integers(errors.shape[1], size=errors.shape[1])
        drawn = errors[:, chosen].mean(axis=1) * np.exp(
            scatter * generator.standard_normal(len(runs))
        )
        draws.append(fit_power_law(runs, np.maximum(drawn, 1e-3 * means), floor=floor))
    return Extrapolation(law, tuple(draws), floor, spare, int(runs.max()))
