"""Errors on own meshes."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.geometry.case import GeometryCase
from benchmarks.geometry.measure import joint_errors, summary

Make = Callable[..., GeometryCase]


def test_the_mean_of_the_training_runs_has_an_error_of_one(ovals: Make) -> None:
    case = ovals(4, 2)
    every = np.concatenate([run.fields.reshape(-1, 2) for run in case.training_runs])
    means = [np.zeros_like(run.fields) + every.mean(axis=0) for run in case.test_runs]
    np.testing.assert_allclose(joint_errors(case, means), 1.0, rtol=1e-5)
    exact = [run.fields for run in case.test_runs]
    assert summary(case, exact, 2.0)["mean"] == 0.0


def test_nodes_count_by_their_volume(ovals: Make) -> None:
    case = ovals(4, 1)
    run = case.test_runs[0]
    volumes = case.volumes(run)
    # One node more that belongs to no cell changes nothing, however wrong its value is.
    more = replace(
        run,
        points=np.vstack([run.points, [[9.0, 9.0]]]),
        fields=np.pad(run.fields, ((0, 0), (0, 1), (0, 0))),
    )
    off = run.fields.copy()
    off[:, np.argmax(volumes)] += 1.0
    padded = np.pad(off, ((0, 0), (0, 1), (0, 0)), constant_values=50.0)
    padded_case = replace(case, runs=(*case.runs[:-1], more))
    assert joint_errors(padded_case, [padded]) == pytest.approx(joint_errors(case, [off]))
    small = run.fields.copy()
    small[:, np.argmin(volumes)] += 1.0
    ratio = joint_errors(case, [off])[0] / joint_errors(case, [small])[0]
    assert ratio == pytest.approx(np.sqrt(volumes.max() / volumes.min()), rel=1e-3)


def test_wrong_answers_are_refused(ovals: Make) -> None:
    case = ovals(2, 1)
    fields = case.test_runs[0].fields
    with pytest.raises(ValueError, match="test_000"):
        joint_errors(case, [fields[:, 1:]])
    with pytest.raises(ValueError, match="finite"):
        joint_errors(case, [np.full_like(fields, np.inf)])
