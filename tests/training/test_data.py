from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from simulgenvae.models.unit_times import unit_times
from simulgenvae.reduction.joint_norms import JointNorms
from tests.conftest import MakeSettings
from tests.training.conftest import MakeProblem


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20, unique=True))
def test_the_trained_span_becomes_the_unit_interval_and_steps_keep_their_ratios(
    times: list[float],
) -> None:
    trained = np.sort(np.array(times))
    unit = unit_times(trained, trained)
    assert unit.dtype == np.float32
    assert unit[0] == 0.0
    assert unit[-1] == 1.0
    np.testing.assert_allclose(
        np.diff(unit), np.diff(trained) / (trained[-1] - trained[0]), atol=1e-6
    )


def test_a_single_time_is_zero() -> None:
    np.testing.assert_array_equal(unit_times(np.array([3.0]), np.array([3.0])), [0.0])


@pytest.mark.parametrize(("validation", "expected"), [((9, 10), [9, 10]), ((), list(range(9)))])
def test_validation_falls_back_to_training_runs(
    make_problem: MakeProblem,
    make_settings: MakeSettings,
    validation: tuple[int, ...],
    expected: list[int],
) -> None:
    problem = make_problem(make_settings(), validation=validation)
    assert problem.data.validation_rows.tolist() == expected


@pytest.mark.parametrize(("validation", "count"), [((9, 10), 2), ((), 9)])
def test_as_many_training_runs_are_compared_as_there_are_validation_runs(
    make_problem: MakeProblem, make_settings: MakeSettings, validation: tuple[int, ...], count: int
) -> None:
    """They do not depend on a generator's state: a resumed training must measure the same."""
    data = make_problem(make_settings(), validation=validation).data
    torch.manual_seed(0)
    before = torch.get_rng_state()
    rows = data.train_error_rows.tolist()
    assert len(set(rows)) == count
    assert set(rows) <= set(range(9))
    assert data.train_error_rows.tolist() == rows
    assert torch.equal(torch.get_rng_state(), before)


def test_networks_fit_the_settings(make_problem: MakeProblem, make_settings: MakeSettings) -> None:
    problem = make_problem(make_settings(model={"filters": (16, 12, 8)}))
    predicted = problem.networks.conditioner(problem.data.conditions)
    latents = problem.networks.vae.latents_from_flat(predicted.mean)
    assert latents.z.shape == (12, 4)
    assert latents.h.shape == (12, 2, 2)


def test_field_loss_is_relative_to_the_training_variance(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    """1 is the error of the mean run."""
    problem = make_problem(make_settings())
    truth = problem.data.coefficients[torch.from_numpy(problem.data.rows["train"])]
    losses = problem.data.field_loss("mse", problem.reduction)(-truth)
    assert float(losses.mean()) == pytest.approx(1.0, rel=1e-5)


class Sizes(JointNorms):
    """Norms of runs that are given."""

    def __init__(self, norms: list[float]) -> None:
        self._norms = np.array(norms)

    def of(self, runs: Iterable[NDArray[np.float32]]) -> NDArray[np.float64]:
        return self._norms[: len(list(runs))]


def test_runs_without_a_joint_error_are_left_out_of_its_mean(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    data = make_problem(make_settings()).data
    rows = data.rows["train"][:3]
    relative = np.array([0.1, 0.2, 0.4])
    factors = replace(data, norms=Sizes([2.0, 0.0, 4.0])).joint_factors(rows)
    assert factors is not None
    # As in the report: the mean over the runs whose truth has a size.
    expected = np.sqrt(data.variance) * (0.1 / 2.0 + 0.4 / 4.0) / 2
    assert (relative * factors.numpy()).mean() == pytest.approx(expected)
    assert replace(data, norms=Sizes([0.0] * 3)).joint_factors(rows) is None
