"""Division of the runs of a study into folds.

Tested in tests/evaluation/folds/test_plan.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.split import Split
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

FEWEST = 2
"""Smallest number of folds, and of training runs of each."""


def make_folds(split: Split, count: int, seed: int) -> tuple[Split, ...]:
    """Return the split of each fold; the runs that it holds out are its test runs.

    The training and validation runs of the study are divided at random into parts of equal size.
    Of the other runs of each fold, as large a fraction is for validation as in the study. The
    order of the runs in the split does not matter.

    Raises
    ------
    UserError
        For fewer than two folds, for more folds than runs, and where fewer than two training runs
        would be left.
    """
    runs = (*split.train, *split.validation)
    if not FEWEST <= count <= len(runs):
        raise UserError(
            f"--folds {count}: give a whole number from {FEWEST} to {len(runs)}, the number of "
            "training and validation runs (test runs are in no fold)."
        )
    shuffled = _shuffled(runs, [seed, count])
    folds = []
    for number, part in enumerate(np.array_split(np.arange(len(runs)), count)):
        held_out = [shuffled[k] for k in part]
        others = [run for run in runs if run not in set(held_out)]
        validation = set(_shuffled(others, [seed, count, number])[: _validation(split, others)])
        folds.append(
            Split(
                tuple(run for run in others if run not in validation),
                tuple(run for run in others if run in validation),
                tuple(held_out),
            )
        )
    if min(len(fold.train) for fold in folds) < FEWEST:
        raise UserError(
            f"--folds {count}: fewer than {FEWEST} training runs would be left of {len(runs)}; "
            "give more folds."
        )
    return tuple(folds)


def _validation(split: Split, others: Collection[str]) -> int:
    """Return the number of validation runs of a fold; one at least where the study has any."""
    own = len(split.validation)
    if not own:
        return 0
    return max(1, round(len(others) * own / (len(split.train) + own)))


def _shuffled(runs: Sequence[str], seed: Sequence[int]) -> list[str]:
    # Sorted first, so that the draw does not depend on the order of the runs.
    names = sorted(runs)
    return [names[k] for k in np.random.default_rng(list(seed)).permutation(len(names))]
