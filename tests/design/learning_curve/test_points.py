"""Points of a learning curve: their training runs, and that errors are the surrogate's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.data.split import Split
from simulgenvae.design.learning_curve.points import Measure, nested, settings_of, sizes
from simulgenvae.errors import UserError
from simulgenvae.evaluation.metrics import VariableScale, relative_l2
from simulgenvae.surrogate.fit import fit

IDS = tuple(f"run{k}" for k in range(20))


@given(st.integers(0, 1000), st.integers(0, 5), st.integers(2, 20), st.integers(2, 20))
def test_parts_are_nested_and_keep_the_order(seed: int, repeat: int, some: int, more: int) -> None:
    small, large = (nested(IDS, runs, seed, repeat) for runs in sorted((some, more)))
    assert set(small) <= set(large)
    assert len(set(small)) == min(some, more)
    assert sorted(small, key=IDS.index) == list(small)
    assert nested(IDS, 20, seed, repeat) == IDS


def test_repeats_and_seeds_choose_other_runs() -> None:
    assert len({nested(IDS, 8, seed, repeat) for seed in (0, 1) for repeat in (0, 1)}) == 4


def test_sizes_are_different_and_ascending() -> None:
    assert sizes(10, (1.0, 0.5, 0.49, 0.25)) == [2, 5, 10]
    with pytest.raises(UserError, match=r"0\.1 of 10 training runs is fewer than 2"):
        sizes(10, (1.0, 0.1))


def test_batches_are_no_larger_than_the_runs_and_repeats_have_their_seeds(
    make_settings: Any,
) -> None:
    given = make_settings(stage={"batch_size": 8})
    small = settings_of(given, 5, 2)
    assert small.training.vae.batch_size == small.training.end_to_end.batch_size == 5
    assert small.training.seed == given.training.seed + 2
    assert small.training.vae.steps == given.training.vae.steps
    assert settings_of(given, 8, 0) == given


@pytest.fixture(scope="module")
def split(waves: Any) -> Split:
    return Split(waves.ids[:8], waves.ids[8:10], waves.ids[10:])


def test_errors_are_those_of_the_surrogate_on_the_scale_of_all_training_runs(
    waves: Any, split: Split, make_settings: Any
) -> None:
    settings = make_settings()
    point = Measure(waves, split, settings, split.test)(4, 0, seed=3)
    part = nested(split.train, 4, 3, 0)
    surrogate = fit(
        waves, settings_of(settings, 4, 0), split=Split(part, split.validation, split.test)
    )
    scale = VariableScale.fit(waves.run(row) for row in range(8))
    fields = surrogate.predict(waves.conditions.select([10, 11]))["fields"].to_numpy()
    expected = [
        relative_l2(field, waves.run(row), scale)[0]
        for row, field in zip((10, 11), fields, strict=True)
    ]
    np.testing.assert_allclose(np.array(point.errors["prediction"]), expected, rtol=1e-4)
    assert (point.runs, point.repeat, point.seed) == (4, 0, 3)


def test_more_runs_lower_the_error_of_the_gaussian_processes(
    waves: Any, split: Split, make_settings: Any
) -> None:
    measure = Measure(waves, split, make_settings(steps=1), split.test)
    few, many = (np.mean(measure(runs, 0, seed=0).errors["pod_gpr"]) for runs in (3, 8))
    assert many < 0.5 * few


def test_a_failing_training_says_with_how_many_runs(waves: Any, make_settings: Any) -> None:
    waves_of_one_speed = type(waves).from_arrays(
        np.stack([waves.run(row) for row in range(12)]),
        type(waves.conditions)(waves.ids, ("speed",), np.repeat([1.0, 2.0], [11, 1])[:, None]),
        times=waves.times,
    )
    split = Split(waves.ids[:8] + waves.ids[11:], (), waves.ids[8:10])
    seed = next(seed for seed in range(50) if waves.ids[11] not in nested(split.train, 4, seed, 0))
    with pytest.raises(UserError, match="With 4 of 9 training runs: constant parameter 'speed'"):
        Measure(waves_of_one_speed, split, make_settings(), split.test)(4, 0, seed)
