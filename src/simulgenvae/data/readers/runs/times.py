"""Common times of runs: those that all of them have, or others with linear interpolation.

Tested in tests/data/readers/runs/test_times.py and test_aligned.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.data.readers.runs.series import RunPart, Values

SAME_TIMES = 1e-6
"""Largest difference between the times of runs, relative to their span."""


def common_times(reference: Timed, part: RunPart) -> NDArray[np.float64]:
    """Return the times at which all runs are read, `[T]`.

    Raises UserError when the times that ``part`` wants do not increase.
    """
    asked = part.resample
    if asked is None:
        return reference.times
    start = reference.times[0] if part.start is None else part.start
    end = reference.times[-1] if part.end is None else part.end
    times = (
        np.linspace(start, end, asked)
        if isinstance(asked, int)
        else np.array(asked, dtype=np.float64)
    )
    if not len(times) or np.any(np.diff(times) <= 0):
        raise UserError(
            f"the times to resample to (--resample) must increase; --start is {start:g}, --end is "
            f"{end:g}"
        )
    return times


class Timed(NamedTuple):
    """Times of the results of a run, `[T]`."""

    path: Path
    times: NDArray[np.float64]
    unit: str = ""
    """Unit of the times, "" where the files do not say it."""


def require_times(
    run: Timed, times: NDArray[np.float64], reference: Timed, *, resampled: bool
) -> None:
    """Raise UserError unless the run has these times, or spans them where it is resampled."""
    if run.unit != reference.unit:
        raise UserError(
            f"{run.path}: its times are in {run.unit or 'no unit'}, in {reference.path} in "
            f"{reference.unit or 'no unit'}: give all runs the same unit"
        )
    # Two runs of one solver may differ in the last digit; a single time has no span.
    near = SAME_TIMES * max(float(np.ptp(reference.times)), 1e-300)
    if resampled:
        if run.times[0] > times[0] + near or run.times[-1] < times[-1] - near:
            raise UserError(
                f"{run.path}: its times are {run.times[0]:g} to {run.times[-1]:g}, but "
                f"{times[0]:g} to {times[-1]:g} are wanted (--resample, --start, --end): has it "
                "ended early?"
            )
        return
    if len(run.times) != len(times):
        raise UserError(
            f"{run.path}: {len(run.times)} timesteps, up to {run.times[-1]:g}, but {len(times)}, "
            f"up to {times[-1]:g}, in {reference.path}: has that run ended early? If it has other "
            "times, give --resample"
        )
    differences = np.abs(run.times - times)
    if differences.max() > near:
        step = int(differences.argmax())
        raise UserError(
            f"{run.path}: timestep {step} is at {run.times[step]:g}, in {reference.path} at "
            f"{times[step]:g}: give all runs the same times with --resample"
        )


def at_times(
    own: NDArray[np.float64], steps: Iterator[Values], times: NDArray[np.float64]
) -> Iterator[Values]:
    """Yield the values of a run at other times, interpolated linearly.

    Two timesteps are in memory at once.

    Parameters
    ----------
    own
        Times of the run's timesteps.
    steps
        Values of the run's timesteps.
    times
        Increasing times within the span of ``own``.
    """
    before = after = next(steps)
    step = 0
    # The steps come one by one, so that the iterator moves forward with the wanted times.
    for time in times:
        while own[step] < time and step + 1 < len(own):
            before = after
            after = next(steps)
            step += 1
        if step == 0 or time >= own[step]:
            yield after
        else:
            # In the precision of the values.
            kind = before[1].dtype.type
            fraction = kind((time - own[step - 1]) / (own[step] - own[step - 1]))
            yield before[0], (1 - fraction) * before[1] + fraction * after[1]
