"""What peers learn from, and their training time."""

import time
from collections.abc import Callable

import numpy as np
import pytest
import torch

from benchmarks.accuracy.cases import case_of
from benchmarks.accuracy.peers.training import PeerData, train_until, unit_range
from benchmarks.accuracy.problem import Problem


def test_inputs_and_fields_are_scaled_and_come_back(tiny: Callable[..., Problem]) -> None:
    case = case_of(tiny(), "burgers", seed=0)
    data = PeerData.of(case)
    rows = case.rows["train"]
    fields = data.fields(rows)
    np.testing.assert_allclose(fields.mean(axis=(0, 1, 2)), 0.0, atol=1e-5)
    np.testing.assert_allclose(fields.std(axis=(0, 1, 2)), 1.0, rtol=1e-4)
    np.testing.assert_allclose(data.inputs(rows).std(axis=0), 1.0, rtol=1e-4)
    truth = np.stack([case.dataset.run(int(row)) for row in rows])
    np.testing.assert_allclose(data.physical(fields), truth, rtol=1e-4, atol=1e-4)


def test_positions_are_scaled_axis_by_axis() -> None:
    scaled = unit_range(np.array([[0.0, 5.0, 2.0], [4.0, 15.0, 2.0], [1.0, 10.0, 2.0]]))
    np.testing.assert_allclose(scaled, [[-1.0, -1.0, -1.0], [1.0, 1.0, -1.0], [-0.5, 0.0, -1.0]])


def test_training_takes_its_time_and_keeps_the_best_weights() -> None:
    network = torch.nn.Linear(1, 1, bias=False)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    errors = iter([3.0, 1.0, *[2.0] * 1000])
    rates = []

    def steps() -> float:
        rates.append(optimizer.param_groups[0]["lr"])
        time.sleep(0.01)
        with torch.no_grad():
            network.weight[:] = float(len(rates))
        return 1.0 / len(rates)

    seen = []

    def validate() -> float:
        seen.append(network.weight.item())
        return next(errors)

    start = time.perf_counter()
    about = train_until(start, 0.3, network, optimizer, steps, validate)
    assert 0.3 <= time.perf_counter() - start < 2.0
    assert network.weight.item() == seen[1]
    assert about["validation_error"] == 1.0
    assert about["first_loss"] > about["last_loss"]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.05 * rates[0]


def test_there_is_one_round_where_preparing_took_all_the_time() -> None:
    network = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    start = time.perf_counter() - 5.0
    about = train_until(start, 1.0, network, optimizer, lambda: 1.0, lambda: 0.5)
    assert about["rounds"] == 1
    assert about["validation_error"] == pytest.approx(0.5)
