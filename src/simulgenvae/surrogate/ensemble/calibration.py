"""From how far the answers are apart to standard deviations and intervals that hold: calibrated on
validation runs.

Split conformal prediction with errors in units of a spread (Papadopoulos et al. 2002; Lei et al.
2018, section 5.2). All entries of a run belong together, so runs and not entries are what may be
exchanged: a quantile that is taken from few runs is widened by what leaving each of them out shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

LEVEL = 0.9
"""Share of values that an interval should cover."""
FLOOR = 0.1
"""Share of a run's mean variance that is added everywhere: where answers agree by chance they may
still be wrong."""
ENOUGH = 10
"""Calibration runs from which on an interval is called by the level that it should have."""
_ENTRIES = 20_000
"""Entries of a run that are looked at, drawn at random."""

Fields = NDArray[np.floating[Any]]


def spread(blocks: Iterable[tuple[Fields, Fields | None]], weight: float) -> Fields:
    """Uncalibrated standard deviation ``[T, M, V]`` of a run from its alternatives, one at least.

    Each of the ``blocks`` is of some timesteps: the alternatives' fields ``[K, t, M, V]``, which
    are overwritten, and the ``gap`` ``[t, M, V]`` between two answers. The variance of the
    alternatives, plus that of choosing between the answers, the second with probability ``weight``,
    plus a floor of each variable.
    """
    parts = []
    for fields, gap in blocks:
        fields -= fields.mean(axis=0)
        variance = np.einsum("k...,k...->...", fields, fields) / max(len(fields) - 1, 1)
        if gap is not None:
            variance += weight * (1 - weight) * np.square(gap)
        parts.append(variance)
    whole = np.concatenate(parts)
    whole += FLOOR * whole.mean(axis=(0, 1), dtype=np.float64)
    root: Fields = np.sqrt(np.maximum(whole, np.finfo(np.float32).tiny, out=whole), out=whole)
    return root


@dataclass(frozen=True)
class Calibration:
    """Factors of :func:`spread`."""

    std: float
    """To the standard deviation of the error."""
    interval: float
    """To half the width of the interval that covers ``LEVEL`` of the values."""
    runs: int
    """Validation runs that these come from."""
    left_out_coverage: tuple[float, ...] = ()
    """Share of each run's values inside the interval that is calibrated on the other runs. Empty
    for a single run, and for ``ENOUGH`` and more."""

    @classmethod
    def fit(cls, runs: Iterable[tuple[Fields, Fields]], seed: int = 0) -> Self:
        """From errors and spreads of each of at least one run, both ``[T, M, V]``; one run is held
        at a time."""
        ratios, error_squares, spread_squares = [], [], []
        generator = np.random.default_rng(seed)
        for error, scale in runs:
            chosen = generator.permutation(error.size)[:_ENTRIES]
            ratios.append(np.abs(error.ravel()[chosen]) / scale.ravel()[chosen])
            error_squares.append(np.square(error).mean(axis=(0, 1)))
            spread_squares.append(np.square(scale).mean(axis=(0, 1)))
        std = _std_factor(np.stack(error_squares), np.stack(spread_squares))
        left_out = _left_out_coverage(ratios) if _left_out(len(ratios)) else ()
        return cls(std, _interval_factor(ratios), len(ratios), left_out)

    @classmethod
    def of_normal(cls) -> Self:
        """For a spread that is taken as the standard deviation of normally distributed errors."""
        return cls(1.0, float(ndtri((1 + LEVEL) / 2)), 0)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; the inverse of :meth:`from_dict`."""
        return asdict(self) | {"left_out_coverage": list(self.left_out_coverage)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """From a model file. ValueError or TypeError where entries are missing or no positive
        numbers."""
        left_out = tuple(float(value) for value in values["left_out_coverage"])
        found = cls(float(values["std"]), float(values["interval"]), int(values["runs"]), left_out)
        if not all(
            np.isfinite(value) and value >= 0 for value in (found.std, found.interval, found.runs)
        ):
            raise ValueError("the calibration is no set of positive numbers")
        if not all(0 <= value <= 1 for value in left_out) or len(left_out) != _left_out(found.runs):
            raise ValueError(
                f"the coverages of {found.runs} runs that were left out are {left_out}"
            )
        return found


def _left_out(runs: int) -> int:
    """Return how many of ``runs`` runs are left out, one by one, to see what the interval of the
    others covers."""
    return runs if 1 < runs < ENOUGH else 0


def _left_out_coverage(ratios: Sequence[Fields]) -> tuple[float, ...]:
    """Return the share of each run's ratios that are at most the factor calibrated on the other
    runs."""
    factors = (_interval_factor([*ratios[:k], *ratios[k + 1 :]]) for k in range(len(ratios)))
    return tuple(float((own <= factor).mean()) for own, factor in zip(ratios, factors, strict=True))


def _std_factor(errors: Fields, spreads: Fields) -> float:
    """Root of mean squared error over mean squared spread, each variable relative to its own
    errors; squares of each run and variable ``[n, V]``."""
    scale = errors.mean(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    return float(np.sqrt((errors / scale).mean() / (spreads / scale).mean()))


def _interval_factor(ratios: Sequence[Fields]) -> float:
    """Quantile of the ratios of all runs, times that of each run's ratios to the quantile of the
    others."""
    quantile = float(np.quantile(np.concatenate(ratios), LEVEL))
    if len(ratios) < 2:
        return quantile
    others = [
        np.quantile(np.concatenate([*ratios[:k], *ratios[k + 1 :]]), LEVEL)
        for k in range(len(ratios))
    ]
    if min(others) == 0:  # most entries are known exactly: leaving a run out shows nothing
        return quantile
    return quantile * float(
        np.quantile(np.concatenate([r / q for r, q in zip(ratios, others, strict=True)]), LEVEL)
    )
