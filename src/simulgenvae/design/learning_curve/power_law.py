"""Power law ``a + b n^-c`` of the error with n training runs, and its extrapolation.

Learning curves of this form: Cortes, Jackel, Solla, Vapnik & Denker 1994, "Learning curves:
asymptotic values and rate of convergence". Parameters come from least squares of the logarithm of
the error, because errors of repeated trainings differ by a factor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

if TYPE_CHECKING:
    from collections.abc import Callable

Array = NDArray[np.float64]
FASTEST = 4.0
"""Largest exponent c. Few points could be fitted by any."""
SIZES_FOR_FLOOR = 4
"""Different numbers of runs that are needed to distinguish a floor a from a slow decay."""
FARTHEST = 100.0
"""Multiple of the largest measured number of runs up to which the law is followed."""
LEVEL = 0.9
"""Probability with which an interval holds."""
_DRAWS = 200
"""Number of resampled laws."""
_FLAT = 1e-3
"""Exponent below which errors do not decay: it is then set to 0, and with a floor to all floor."""


@dataclass(frozen=True)
class PowerLaw:
    """``floor + part · (n / runs)^-exponent`` for n training runs."""

    floor: float
    part: float
    exponent: float
    runs: float
    """Number of runs at which ``part`` is the error above the floor."""

    def __call__(self, runs: Array | float) -> Array:
        """Return the expected error with ``runs`` training runs."""
        return (
            self.floor
            + self.part * (np.asarray(runs, dtype=np.float64) / self.runs) ** -self.exponent
        )

    def runs_for(self, target: float) -> float:
        """Return the number of training runs that an error takes.

        It is infinite where the floor is above the error, or the law is flat.
        """
        above = target - self.floor
        if above <= 0.0:
            return math.inf
        if self.part == 0.0 or self.exponent == 0.0:
            return 0.0 if above >= self.part else math.inf
        # exp() overflows beyond 709.
        logarithm = math.log(self.part / above) / self.exponent
        return self.runs * math.exp(min(700.0, max(-700.0, logarithm)))


class Interval(NamedTuple):
    """Estimate, and bounds within which the truth lies with the probability ``LEVEL``."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Extrapolation:
    """Law of the measured points, and laws of points that could have been measured as well."""

    law: PowerLaw
    draws: tuple[PowerLaw, ...]
    with_floor: bool
    """True if ``a`` was fitted; otherwise it is 0."""
    spare_points: int
    """Points beyond the number of fitted parameters. Without any, the scatter about the law is
    unknown."""
    most_runs: int
    """Number of training runs of the largest point."""

    def error(self, runs: float) -> Interval:
        """Return the error that is expected with ``runs`` training runs."""
        return self._interval(lambda law: float(law(runs)))

    def runs_for(self, target: float) -> Interval:
        """Return the training runs that an error takes.

        Beyond ``FARTHEST`` times the measured ones they are infinite.
        """
        return self._interval(lambda law: self._within_reach(law.runs_for(target)))

    def _within_reach(self, runs: float) -> float:
        return runs if runs <= FARTHEST * self.most_runs else math.inf

    def _interval(self, quantity: Callable[[PowerLaw], float]) -> Interval:
        # Quantiles of the resampled laws; the value itself comes from the measured points.
        found = np.sort([quantity(law) for law in self.draws])
        tail = round(0.5 * (1.0 - LEVEL) * (len(found) - 1))
        return Interval(quantity(self.law), float(found[tail]), float(found[-1 - tail]))


def fit_power_law(runs: Array, errors: Array, *, floor: bool) -> PowerLaw:
    """Fit the law to mean errors.

    Parameters
    ----------
    runs
        Numbers of training runs, ``[k]``.
    errors
        Their mean errors, ``[k]``, all positive.
    floor
        True if a is fitted; otherwise it is 0.
    """
    # Numbers of runs relative to the largest one, so that b is an error too.
    largest = float(runs.max())
    relative = runs / largest
    logarithms = np.log(errors)
    least = float(errors.min())
    last = float(errors[runs == largest].mean())
    # There are two minima, one near a = 0 and one near a = the least error. The better one is found
    # from these starts.
    floors = (0.1 * least, 0.8 * least) if floor else (0.0,)
    fits = [_fit(relative, logarithms, (start, last - start), floor=floor) for start in floors]

    def misfit(parameters: Array) -> float:
        return float(np.square(_residuals(parameters, relative, logarithms)).sum())

    a, b, c = min(fits, key=misfit).tolist()
    # A flat law is written without a decay, so that no number of runs seems to help.
    if c >= _FLAT:
        return PowerLaw(a, b, c, largest)
    return PowerLaw(a + b, 0.0, 0.0, largest) if floor else PowerLaw(0.0, b, 0.0, largest)


def _fit(x: Array, logarithms: Array, start: tuple[float, float], *, floor: bool) -> Array:
    """Return the parameters a, b and c of the least squares, ``[3]``."""
    # Floor and part must not both be 0, which has no logarithm. Nothing that is measured is as
    # small as this bound.
    tiny = 1e-9 * float(np.exp(logarithms.min()))
    fixed = 0 if floor else 1
    lower = np.array([tiny, tiny, 0.0])[fixed:]
    upper = np.array([np.inf, np.inf, FASTEST])[fixed:]

    def whole(parameters: Array) -> Array:
        return np.concatenate([np.zeros(fixed), parameters])

    def residuals(parameters: Array) -> Array:
        return _residuals(whole(parameters), x, logarithms)

    def derivatives(parameters: Array) -> Array:
        return _derivatives(whole(parameters), x)[:, fixed:]

    first = np.clip([*start, 1.0][fixed:], lower, upper)
    return whole(least_squares(residuals, first, derivatives, bounds=(lower, upper)).x)


def _residuals(parameters: Array, x: Array, logarithms: Array) -> Array:
    """Return the law's logarithm minus that of the errors, ``[k]``."""
    a, b, c = parameters
    return np.asarray(np.log(a + b * x**-c) - logarithms)


def _derivatives(parameters: Array, x: Array) -> Array:
    """Return the derivatives of the error's logarithm with respect to a, b and c, ``[k, 3]``."""
    a, b, c = parameters
    decay = x**-c
    of_error = np.stack([np.ones_like(x), decay, -b * decay * np.log(x)], axis=1)
    return np.asarray(of_error / (a + b * decay)[:, np.newaxis])


def extrapolate(runs: Array, errors: Array, seed: int = 0) -> Extrapolation | None:
    """Return the law of measured errors, and how uncertain it is.

    Its uncertainty comes from laws of resampled measured runs, the same ones for all trainings
    (bootstrap), whose mean errors are multiplied by factors that scatter as the trainings do about
    the law. The result is None where fewer than two numbers of training runs, or an error of 0,
    leave nothing to follow.

    Parameters
    ----------
    runs
        Number of training runs of each of k trainings, ``[k]``.
    errors
        Errors of R measured runs, ``[k, R]``.
    seed
        Seed of the resampling.
    """
    sizes = len(np.unique(runs))
    if sizes < 2 or not errors.size or bool((errors.max(axis=1) <= 0.0).any()):
        return None
    means = errors.mean(axis=1)
    floor = sizes >= SIZES_FOR_FLOOR
    law = fit_power_law(runs, means, floor=floor)
    # Without spare points the law passes through all of them, and shows no scatter.
    spare = len(runs) - (3 if floor else 2)
    scatter = math.sqrt(float(np.square(np.log(means / law(runs))).sum()) / spare) if spare else 0.0
    generator = np.random.default_rng(seed)
    draws = []
    # The same resampled runs for all trainings: errors of one run in different trainings go
    # together.
    for _ in range(_DRAWS):
        chosen = generator.integers(errors.shape[1], size=errors.shape[1])
        factors = np.exp(scatter * generator.standard_normal(len(runs)))
        drawn = errors[:, chosen].mean(axis=1) * factors
        # Runs with errors near 0 may be drawn many times, and 0 has no logarithm.
        draws.append(fit_power_law(runs, np.maximum(drawn, 1e-3 * means), floor=floor))
    return Extrapolation(law, tuple(draws), floor, spare, int(runs.max()))
