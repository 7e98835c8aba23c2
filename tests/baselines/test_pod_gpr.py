"""Gaussian processes of all modes: choices, growth of the deviation, and files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simulgenvae.baselines import gp, pod_gpr
from simulgenvae.baselines.kernels import kernel_values
from simulgenvae.baselines.pod_gpr import PodGpr
from simulgenvae.baselines.pod_regression import RunModes

RNG = np.random.default_rng(0)
X = RNG.uniform(-1.7, 1.7, (16, 2))


def smooth_runs(x: np.ndarray) -> np.ndarray:
    """Return runs ``[n, T, r]`` that depend on the first column much and on the second a little."""
    t, k = np.linspace(0, 1, 12)[None, :, None], np.arange(3)[None, None, :]
    first, second = x[:, 0, None, None], x[:, 1, None, None]
    return (np.exp(0.3 * first) * np.sin(3 * t + k + 0.5 * first) + 0.05 * second).astype(
        np.float32
    )


def fitted(x: np.ndarray = X, components: int = 0) -> PodGpr:
    found = PodGpr("squared_exponential")
    found.fit(x, smooth_runs(x), components)
    return found


@pytest.fixture(scope="module")
def processes() -> PodGpr:
    return fitted()


def test_hyperparameters_from_a_subset_still_use_all_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    train, test = rng.uniform(-1.7, 1.7, (24, 2)), rng.uniform(-1.5, 1.5, (10, 2))
    monkeypatch.setattr(PodGpr, "likelihood_runs", 8)
    error = fitted(train).predict(test) - smooth_runs(test)
    assert np.linalg.norm(error) < 0.01 * np.linalg.norm(smooth_runs(test))


def test_many_runs_are_learned_through_inducing_points(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    train, test = rng.uniform(-1.7, 1.7, (60, 2)), rng.uniform(-1.5, 1.5, (10, 2))
    whole = fitted(train)
    monkeypatch.setattr(PodGpr, "likelihood_runs", 20)
    monkeypatch.setattr(PodGpr, "inducing_runs", 30)
    sparse = fitted(train)
    truth = smooth_runs(test)
    assert sparse.arrays()["x"].shape == (30, 2)
    assert np.linalg.norm(sparse.predict(test) - truth) < 0.01 * np.linalg.norm(truth)
    # The deviation is that of knowing fewer runs: never smaller.
    assert (sparse.relative_posterior_std(test) > whole.relative_posterior_std(test)).all()
    assert len(sparse.leave_one_out_relative_std()) == 30
    restored = PodGpr.restore(sparse.arrays(), (1, 1), 0)
    assert np.array_equal(restored.predict(test), sparse.predict(test))
    noise = rng.standard_normal((3, sparse.modes))
    assert np.array_equal(samples(restored, test, noise), samples(sparse, test, noise))


def samples(processes: PodGpr, x: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Return draws from the posterior, ``[s, m, T, r]``."""
    mean, deviation = processes.posterior(x)
    weights = [processes.run_weights(mean + deviation * each) for each in noise]
    return np.stack([processes.combination(each) for each in weights])


def test_factors_are_kept_as_memory_allows(
    processes: PodGpr, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = np.zeros((2, processes.modes))
    samples(processes, X, noise)
    calls = []
    factor = gp.GaussianProcess.factor

    def counted(process: gp.GaussianProcess, among: np.ndarray) -> gp.Factor:
        calls.append(1)
        return factor(process, among)

    monkeypatch.setattr(gp.GaussianProcess, "factor", counted)
    first = samples(processes, X, noise)
    assert not calls, "factored once"
    monkeypatch.setattr(pod_gpr, "_FACTOR_BYTES", 0)
    again = PodGpr.restore(processes.arrays(), (1, 1), 0)
    assert np.array_equal(samples(again, X, noise), first)
    assert len(calls) == processes.modes


def test_same_data_same_answer(processes: PodGpr) -> None:
    assert np.array_equal(fitted().predict(X + 0.1), processes.predict(X + 0.1))


def test_leave_one_out_errors_are_those_of_processes_without_the_run() -> None:
    """Equation 5.12 of Rasmussen & Williams, against processes that never saw the run."""
    noise = 0.1 * np.random.default_rng(5).normal(size=(16, 12, 3))
    runs = (smooth_runs(X) + noise).astype(np.float32)
    processes = PodGpr("squared_exponential")
    processes.fit(X, runs)
    amplitudes = RunModes.of(runs.reshape(16, -1)).amplitudes
    arrays = processes.arrays()
    squared = processes.groups.squared_distances(X, X)
    others = np.arange(16) != 5
    # The mean and the scale of the values are those of all runs.
    mean, scale = arrays["mean"][0], arrays["scale"][0]
    kernel = kernel_values("squared_exponential", squared, arrays["theta"][0])[1]
    kernel = np.exp(arrays["theta"][0, 0]) * kernel
    variance = np.exp(arrays["theta"][0, -1]) * np.eye(15)
    weights = np.linalg.solve(
        kernel[np.ix_(others, others)] + variance, (amplitudes[others, 0] - mean) / scale
    )
    predicted = mean + scale * kernel[5, others] @ weights
    rows, errors, _ = processes.leave_one_out()
    assert rows.tolist() == list(range(16))
    found = errors[5, 0]
    assert found == pytest.approx(amplitudes[5, 0] - predicted, rel=1e-4)


def test_as_many_components_as_predict_best() -> None:
    """Eight of the first components make three modes so likely that the others hardly count."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(100, 40))
    values = np.column_stack(
        [[9.0, 7.0, 5.0] * x[:, :3], np.sin(x @ rng.normal(size=(40, 3)) / 12)]
    )
    found = PodGpr()
    found.fit(x, values[:, None].astype(np.float32), 40)
    assert float(found.describe()["image_components"]) >= 32


def test_relative_posterior_std_grows_away_from_the_training_runs(processes: PodGpr) -> None:
    way = np.column_stack([np.linspace(1.7, 60, 30), np.full(30, 0.0)])
    deviation = processes.relative_posterior_std(way)
    assert (np.diff(deviation) > -1e-9).all()
    assert ((deviation >= 0) & (deviation <= 1)).all()
    assert deviation[-1] > 0.9
    assert (processes.relative_posterior_std(X) < 0.1).all()


def test_a_design_is_less_known_without_itself(processes: PodGpr) -> None:
    alone = processes.leave_one_out_relative_std()
    assert alone.shape == (16,)
    assert (alone >= processes.relative_posterior_std(X)).all()
    assert alone.max() <= 1


def test_draws_are_around_the_prediction_and_wider_where_less_is_known(processes: PodGpr) -> None:
    noise = np.random.default_rng(0).standard_normal((400, processes.modes))
    at = np.array([X[0], [4.0, 4.0]])
    drawn = samples(processes, at, noise)
    assert drawn.shape == (400, 2, 12, 3)
    near, far = drawn.std(axis=0).max(axis=(1, 2))
    assert far > 10 * near
    mean = processes.predict(at)
    np.testing.assert_allclose(drawn.mean(axis=0)[1], mean[1], atol=4 * far / 20)
    np.testing.assert_allclose(
        samples(processes, at, np.zeros((1, processes.modes)))[0], mean, rtol=1e-5, atol=1e-5
    )
    np.testing.assert_allclose(
        samples(processes, at[1:], noise)[:, 0], drawn[:, 1], rtol=1e-4, atol=1e-4
    )


FEATURES = [(X, 0), (X, 2), (np.column_stack([X, RNG.normal(size=(16, 9))]), 10)]
"""Two parameters, two components, and one parameter beside ten components, which share a length."""


@pytest.mark.parametrize(("x", "components"), FEATURES)
def test_arrays_give_the_same_answers_again(x: np.ndarray, components: int) -> None:
    before = fitted(x, components)
    after = PodGpr.restore(before.arrays(), (1,) * (x.shape[1] - components), components)
    new = x + 0.2
    assert np.array_equal(after.predict(new), before.predict(new))
    assert np.array_equal(after.relative_posterior_std(new), before.relative_posterior_std(new))
    assert np.array_equal(after.leave_one_out_relative_std(), before.leave_one_out_relative_std())
    assert after.describe() == before.describe()
    assert after.trajectory == before.trajectory == (12, 3)


@pytest.mark.parametrize(
    "change",
    [
        *(
            {name: None}
            for name in (
                "coefficients",
                "left",
                "singular",
                "x",
                "view",
                "theta",
                "alpha",
                "mean",
                "scale",
            )
        ),
        *(
            {name: np.zeros(3)}
            for name in ("coefficients", "left", "singular", "x", "view", "theta", "alpha")
        ),
        {"view": np.array([3, 0, 0])},
        {"view": np.array([2, 1, 0])},
        {"view": np.array([2, 0, 7])},
        {"coefficients": np.full((16, 12, 3), np.nan, np.float32)},
    ],
)
def test_damaged_arrays_are_refused(processes: PodGpr, change: dict[str, Any]) -> None:
    arrays = {
        name: value for name, value in (processes.arrays() | change).items() if value is not None
    }
    with pytest.raises((LookupError, TypeError, ValueError)):
        PodGpr.restore(arrays, (1, 1), 0)


@pytest.mark.parametrize(
    ("name", "value"), [("left", np.nan), ("singular", 0.0), ("theta", 700.0), ("theta", -50.0)]
)
def test_damaged_numbers_are_refused(processes: PodGpr, name: str, value: float) -> None:
    arrays = processes.arrays()
    changed = arrays[name].copy()
    changed.flat[0] = value
    with pytest.raises(ValueError, match="Gaussian processes"):
        PodGpr.restore(arrays | {name: changed}, (1, 1), 0)


def test_no_modes_are_refused(processes: PodGpr) -> None:
    empty = {
        name: processes.arrays()[name][:0]
        for name in ("singular", "theta", "alpha", "mean", "scale")
    }
    arrays = processes.arrays() | empty | {"left": np.zeros((16, 0))}
    with pytest.raises(ValueError, match="0 modes"):
        PodGpr.restore(arrays, (1, 1), 0)


def test_processes_belong_to_the_modes_of_the_runs(processes: PodGpr) -> None:
    assert processes.modes == RunModes.of(smooth_runs(X).reshape(16, -1)).amplitudes.shape[1]


def test_a_category_is_learned_and_survives_a_file() -> None:
    random = np.random.default_rng(0)
    number = random.uniform(-1, 1, 30)
    code = random.integers(0, 3, 30)
    x = np.column_stack([number, np.eye(3)[code]])
    factor = np.array([1.0, 2.0, -0.5])[code]
    runs = (factor * np.sin(2 * number))[:, None, None] * np.linspace(1, 2, 6).reshape(3, 2)
    found = PodGpr()
    found.fit(x[:24], np.asarray(runs[:24], np.float32), 0, (1, 3))
    error = np.linalg.norm(found.predict(x[24:]) - runs[24:]) / np.linalg.norm(runs[24:])
    assert error < 0.1
    assert found.arrays()["theta"].shape[1] == 2 + 2
    again = PodGpr.restore(found.arrays(), (1, 3), 0)
    assert again.predict(x).tolist() == found.predict(x).tolist()
    with pytest.raises(ValueError, match="theta"):
        PodGpr.restore(found.arrays(), (1, 1, 1, 1), 0)
