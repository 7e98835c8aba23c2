"""Walks through the latent space as files for ParaView: the step is what the animation shows.

Tested in tests/export/test_animation.py and tests/cli/test_explore.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    import xarray as xr


def time_labels(times: Iterable[float]) -> list[str]:
    """Return the labels of times, of which each becomes a file."""
    return [f"time {time:g}" for time in times]


def along_steps(walk: xr.Dataset) -> xr.Dataset:
    """Return a walk with its steps in place of the times, and its times in place of the runs.

    A file of one design then shows the walk at one time. Runs of the walk are labelled by their
    positions, which increase and become the times.
    """
    positions = np.array([float(label) for label in walk["run"].values])
    labels = time_labels(walk["time"].values.tolist())
    swapped = walk.drop_vars(["run", "time"]).rename({"run": "time", "time": "run"})
    return swapped.assign_coords(run=labels, time=positions)
