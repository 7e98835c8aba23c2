"""Folds: every run is held out once, test runs never, and parts have the study's proportions."""

from __future__ import annotations

import pytest

from simulgenvae.data.split import Split
from simulgenvae.errors import UserError
from simulgenvae.evaluation.folds.plan import make_folds

RUNS = tuple(f"run_{k}" for k in range(24))
SPLIT = Split(RUNS[:16], RUNS[16:20], RUNS[20:])


def test_every_run_but_the_test_runs_is_held_out_once() -> None:
    folds = make_folds(SPLIT, 5, 0)
    held_out = [run for fold in folds for run in fold.test]
    assert sorted(held_out) == sorted(RUNS[:20])
    for fold in folds:
        parts = (*fold.train, *fold.validation, *fold.test)
        assert sorted(parts) == sorted(RUNS[:20])
        # A fifth of the study's own runs is for validation.
        assert (len(fold.train), len(fold.validation), len(fold.test)) == (13, 3, 4)


def test_folds_depend_on_seed_and_ids_but_not_on_their_order() -> None:
    turned = Split(SPLIT.train[::-1], SPLIT.validation[::-1], SPLIT.test)
    first = [set(fold.test) for fold in make_folds(SPLIT, 4, 7)]
    assert [set(fold.test) for fold in make_folds(turned, 4, 7)] == first
    assert [set(fold.test) for fold in make_folds(SPLIT, 4, 8)] != first


def test_a_study_without_validation_runs_has_folds_without_them() -> None:
    folds = make_folds(Split(RUNS[:5], (), RUNS[5:]), 5, 0)
    assert {len(fold.validation) for fold in folds} == {0}
    assert {len(fold.test) for fold in folds} == {1}


@pytest.mark.parametrize(
    ("runs", "count", "text"),
    [(20, 1, "from 2 to 20"), (20, 21, "20"), (3, 2, "fewer than 2 training")],
)
def test_numbers_that_do_not_fit_are_refused(runs: int, count: int, text: str) -> None:
    with pytest.raises(UserError, match=text):
        make_folds(Split(RUNS[:runs], (), ()), count, 0)
