"""Checks of field values: NaN and infinity, constants, runs that are duplicates.

Tested in tests/data/checks/test_dataset.py.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.checks.designs import design_keys
from simulgenvae.data.checks.finding import Finding
from simulgenvae.data.names import listed

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from numpy.typing import NDArray

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.data.statistics import DatasetStatistics


def check_finite(dataset: Dataset, statistics: DatasetStatistics) -> Iterator[Finding]:
    """Yield an error for each run with NaN or infinite values."""
    size = math.prod(dataset.shape[1:])
    for row in np.flatnonzero(statistics.nonfinite):
        count = statistics.nonfinite[row]
        yield Finding(
            "error",
            f"{count} of {size} field values are NaN or infinite",
            subject=f"run {dataset.ids[row]!r}",
        )


def check_constants(dataset: Dataset, statistics: DatasetStatistics) -> Iterator[Finding]:
    """Yield findings on variables and nodes that never change, and on runs that end as they start.

    The last is checked for the first run only: it is a sign that one timestep was written twice.
    """
    lower = statistics.node_lower
    upper = statistics.node_upper
    # Constant nodes are normal (boundary conditions); a constant variable is not.
    for v, name in enumerate(dataset.variables):
        if lower[:, v].min() == upper[:, v].max():
            yield Finding(
                "warning",
                f"{lower[:, v].min():g} everywhere, so nothing can be learned",
                subject=f"variable {name!r}",
                action="leave it out",
            )
            continue
        constant = int(np.count_nonzero(lower[:, v] == upper[:, v]))
        if constant:
            yield Finding(
                "info",
                f"{constant} of {dataset.nodes} nodes have the same value in all runs and "
                "timesteps",
                subject=f"variable {name!r}",
            )
    if len(dataset.times) > 1 and _ends_as_it_starts(dataset.run(0)):
        yield Finding(
            "info",
            "the last timestep is equal to the first",
            subject=f"run {dataset.ids[0]!r}",
            action="check that its timesteps differ",
        )


def _ends_as_it_starts(run: NDArray[np.floating]) -> bool:
    return np.array_equal(run[0], run[-1])


def check_duplicates(
    dataset: Dataset, statistics: DatasetStatistics, rows: dict[str, NDArray[np.intp]]
) -> Iterator[Finding]:
    """Yield a warning for each group of runs with equal fields or equal conditions.

    It is worst where one is for training and another for the test: the surrogate is then tested on
    what it was trained on. ``rows`` are the positions of the training, validation and
    test runs.
    """
    use: dict[int, str] = {}
    for name, part in rows.items():
        use |= dict.fromkeys(part.tolist(), name)
    conditions = dataset.conditions
    kinds = []
    if conditions.names:
        kinds.append("parameters")
    if conditions.images is not None:
        kinds.append("images")
    checked: tuple[tuple[str, Sequence[Hashable]], ...] = (
        ("fields", statistics.hashes),
        (" and ".join(kinds), design_keys(conditions)),
    )
    # Equal fields with other conditions are a copy of a result; equal conditions with other fields,
    # a condition that was varied but is not in the table.
    for what, keys in checked:
        for group in _groups(keys):
            uses = sorted({use[row] for row in group if row in use})
            leak = ""
            if len(uses) > 1:
                leak = f", although they are for {' and '.join(uses)}: the test would be no test"
            yield Finding(
                "warning",
                f"identical {what}{leak}",
                subject=f"runs {listed([dataset.ids[row] for row in group])}",
            )


def _groups(keys: Sequence[Hashable]) -> list[list[int]]:
    """Return the positions of equal keys, for each key that occurs more than once."""
    places: dict[Hashable, list[int]] = defaultdict(list)
    for row, key in enumerate(keys):
        places[key].append(row)
    return [group for group in places.values() if len(group) > 1]
