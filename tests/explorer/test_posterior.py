from __future__ import annotations

import numpy as np
import pytest
import torch

from simulgenvae.baselines.pod_gpr import PodGpr
from simulgenvae.deployment.gp_module import KernelModule
from simulgenvae.explorer import posterior
from simulgenvae.explorer.posterior import PosteriorVariance, shared_modes


@pytest.fixture(scope="module")
def fitted() -> PodGpr:
    random = np.random.default_rng(0)
    x = random.normal(size=(20, 2))
    runs = np.stack([np.sin(x[:, :1] + k * x[:, 1:]) for k in range(4)], axis=1)
    runs = (runs + 0.01 * random.normal(size=runs.shape)).astype(np.float32)
    found = PodGpr()
    found.fit(x, runs, 0, (1, 1))
    return found


def variances(fitted: PodGpr, network: PosteriorVariance, x: np.ndarray) -> np.ndarray:
    values = KernelModule(fitted).values(torch.from_numpy(x))
    return network(values).numpy()


def test_variances_are_those_of_the_processes(fitted: PodGpr) -> None:
    x = np.random.default_rng(1).normal(size=(5, 2))
    network = PosteriorVariance(fitted, fitted.modes)
    assert network.is_exact
    squared = fitted.groups.squared_distances(x, fitted.arrays()["x"])
    for mode, column in enumerate(variances(fitted, network, x).T):
        process = fitted._processes[mode]
        factor = fitted.covariance_factor(mode)
        expected = process.relative_posterior_variance(factor, squared)
        np.testing.assert_allclose(column, expected, atol=1e-9)


def test_matrices_that_are_too_large_are_shared(
    fitted: PodGpr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posterior, "MATRIX_BYTES", 2 * 8 * 200)
    network = PosteriorVariance(fitted, fitted.modes)
    assert not network.is_exact
    assert network.get_buffer("whitening").shape == (2, 20, 20)
    assert variances(fitted, network, np.zeros((1, 2))).shape == (1, fitted.modes)


def test_single_precision_only_where_it_suffices(
    fitted: PodGpr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posterior, "DOUBLE_BYTES", 0)
    for allowed, data_type in ((1.0, torch.float32), (0.0, torch.float64)):
        monkeypatch.setattr(posterior, "_SINGLE_DIFFERENCE", allowed)
        network = PosteriorVariance(fitted, fitted.modes)
        assert network.get_buffer("whitening").dtype == data_type


def test_modes_share_with_the_most_similar_one() -> None:
    deviations = np.array([[0.1, 0.1], [0.5, 0.5], [0.11, 0.1], [0.5, 0.52]])
    own, place = shared_modes(deviations, 2)
    assert own.tolist() in ([0, 1], [0, 3])
    assert place.tolist() == [0, 1, 0, 1]
    own, place = shared_modes(deviations, 9)
    assert own.tolist() == place.tolist() == [0, 1, 2, 3]
