"""Precision of float32 for the variation of each variable, and the offsets that keep what it loses.

A pressure of 101325 Pa that varies by 0.02 Pa has no digits left in float32, whose next number is
0.0078 Pa away. Stored less an offset near its mean, it keeps seven digits of the variation.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.utils.merged_moments import MergedMoments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

LOST = 1e-4
"""Rounding error of float32, relative to the standard deviation, from which an offset is used.

Surrogates err by a thousandth at best."""
NOISE = 64 * float(np.finfo(np.float64).eps)
"""Standard deviation, relative to the mean, below which double precision has no digits either."""
SAMPLES = 2**13
"""Values of a variable in a run, at most, from which its variation is estimated."""


def fits_float32(values: NDArray[Any]) -> bool:
    """Return whether float32 keeps the variation of each variable in values `[M, V]`.

    If it does so at every timestep, it keeps the variation of the whole run, too.
    """
    if np.can_cast(values.dtype, np.float32):
        return True
    finite = np.isfinite(values)
    if not finite.all():
        values = values[finite.all(axis=1)]
    if not len(values):
        return True
    with np.errstate(over="ignore", under="ignore"):
        error = np.abs(values - values.astype(np.float32)).max(axis=0, initial=0.0)
    if not np.isfinite(error).all():
        return False
    # A uniform field that float32 holds exactly, such as one of zeros, loses nothing.
    return bool((error <= LOST * values.std(axis=0)).all())


class Precision:
    """Mean and variation of each variable over the runs, for those in double precision."""

    def __init__(self) -> None:
        self._moments = MergedMoments()
        self._is_double = False

    def add(self, run: NDArray[Any]) -> None:
        """Count a run `[T, M, V]`."""
        # The values of float32 are what they are: there is nothing to lose.
        self._is_double |= not np.can_cast(run.dtype, np.float32)
        values = run.reshape(-1, run.shape[-1])
        # A sample is enough: the variation is compared with rounding by orders of magnitude.
        values = values[:: math.ceil(len(values) / SAMPLES)]
        finite = values[np.isfinite(values).all(axis=1)]
        if len(finite):
            self._moments.add(finite)

    def counted(self, run: NDArray[Any]) -> NDArray[Any]:
        """Count a run `[T, M, V]`, and return it."""
        self.add(run)
        return run

    def offsets(self) -> NDArray[np.float64] | None:
        """Return the value to subtract from each variable, `[V]`; None where none is needed.

        It is the mean, rounded to a tenth of the standard deviation, or 0 where float32 is enough.
        """
        if not self._is_double or not self._moments.count:
            return None
        mean = self._moments.mean
        spread = self._moments.deviation
        needed = self._is_lost(mean, spread)
        if not needed.any():
            return None
        found = np.zeros(len(mean))
        for place in np.flatnonzero(needed):
            # A short number: users see it in remarks, and find it in the files.
            decimals = 1 - math.floor(math.log10(spread[place]))
            found[place] = round(float(mean[place]), decimals)
        return found

    def remarks(
        self, variables: Sequence[str], offsets: NDArray[np.float64] | None
    ) -> Iterator[str]:
        """Yield what is done with the variables that have offsets."""
        for name, offset in self._described(variables, offsets):
            yield (
                f"{name}: it is stored less {offset!r}, and fields and predictions are in double "
                "precision"
            )

    def loss(self, variables: Sequence[str], offsets: NDArray[np.float64] | None) -> Iterator[str]:
        """Yield what is lost of runs that are added to a study without these offsets."""
        for name, _ in self._described(variables, offsets):
            yield (
                f"{name}: precision is lost of the added runs. Ingest all runs together "
                "(--overwrite) to keep it"
            )

    def _described(
        self, variables: Sequence[str], offsets: NDArray[np.float64] | None
    ) -> Iterator[tuple[str, float]]:
        if offsets is None or not self._moments.count:
            return
        spreads = self._moments.deviation.tolist()
        for name, offset, spread in zip(variables, offsets.tolist(), spreads, strict=True):
            if offset:
                step = float(np.spacing(np.float32(abs(offset))))
                yield (
                    f"variable {name!r} varies by {spread:.3g} (standard deviation) around "
                    f"{offset:.12g}, where float32 has steps of {step:.2g}",
                    offset,
                )

    def _is_lost(self, mean: NDArray[np.float64], spread: NDArray[np.float64]) -> NDArray[np.bool_]:
        with np.errstate(over="ignore", invalid="ignore"):
            # Rounding to multiples of `spacing` has an error that is uniform within half of it: its
            # standard deviation is spacing / sqrt(12).
            rounding = np.spacing(np.abs(mean).astype(np.float32)).astype(np.float64) / math.sqrt(
                12
            )
        found: NDArray[np.bool_] = (spread > NOISE * np.abs(mean)) & (rounding > LOST * spread)
        return found
