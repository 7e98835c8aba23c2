"""Runs at the same times: those that all of them have, or others, between which fields are
linear."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.readers.runs.series import RunPart, Series, Values
from simulgenvae.errors import UserError

SAME_TIMES = 1e-6
"""How far the times of runs may be apart, relative to their span."""


def common_times(reference: Series, part: RunPart) -> NDArray[np.float64]:
    """The times at which all runs are taken, [T]; UserError where those that ``part`` asks for do
    not increase."""
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
    """When a run has results, ``[T]``."""

    path: Path
    times: NDArray[np.float64]


def require_times(
    run: Timed, times: NDArray[np.float64], reference: Series, *, resampled: bool
) -> None:
    """UserError unless the run has these times, or where it is resampled, spans them."""
    near = SAME_TIMES * max(float(np.ptp(reference.times)), 1e-300)
    if resampled:
        if run.times[0] > times[0] + near or run.times[-1] < times[-1] - near:
            raise UserError(
                f"{run.path}: its times are {run.times[0]:g} to {run.times[-1]:g}, but "
                f"{times[0]:g} to {times[-1]:g} are asked for (--resample, --start, --end): has "
                "it ended early?"
            )
        return
    if len(run.times) != len(times):
        raise UserError(
            f"{run.path}: {len(run.times)} timesteps, up to {run.times[-1]:g}, but {len(times)}, "
            f"up to {times[-1]:g}, in {reference.path}: has that run ended early? If it has other "
            "times, give --resample"
        )
    apart = np.abs(run.times - times)
    if apart.max() > near:
        step = int(apart.argmax())
        raise UserError(
            f"{run.path}: timestep {step} is at {run.times[step]:g}, in {reference.path} at "
            f"{times[step]:g}: give all runs the same times with --resample"
        )


def at_times(
    own: NDArray[np.float64], steps: Iterator[Values], times: NDArray[np.float64]
) -> Iterator[Values]:
    """The values of timesteps at ``own`` times, at others within their span: linear between two
    timesteps. Two are in memory at once."""
    before = after = next(steps)
    step = 0
    for time in times:
        while own[step] < time and step + 1 < len(own):
            before, after, step = after, next(steps), step + 1
        if step == 0 or time >= own[step]:
            yield after
        else:
            share = np.float32((time - own[step - 1]) / (own[step] - own[step - 1]))
            yield before[0], (1 - share) * before[1] + share * after[1]
