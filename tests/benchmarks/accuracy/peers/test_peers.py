"""Peers learn a field that is linear in the parameters, each where its package is installed."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from benchmarks.accuracy import cases, fitted, run
from benchmarks.accuracy.peers.registry import PEERS, REQUIREMENTS
from benchmarks.accuracy.problem import Problem, grid_positions
from benchmarks.accuracy.results import Results

PACKAGES = {"deeponet": "deepxde", "pod_nn": "pina", "fno": "neuralop"}


def require(peer: str) -> None:
    if importlib.util.find_spec(PACKAGES[peer]) is None:
        pytest.skip(f"{PACKAGES[peer]} is not installed: see {REQUIREMENTS}")


def gridded(problem: Problem) -> Problem:
    """Return the problem on a grid of 4 x 3 nodes, with smooth shapes of 5 timesteps."""
    coords = grid_positions(np.linspace(0.0, 2.0, 4), np.linspace(0.0, 1.0, 3))
    times = np.linspace(0.0, 1.0, 5)[:, np.newaxis]
    waves = np.sin(coords[:, 0] + times), np.cos(coords[:, 1] - times)
    first, second = (
        np.stack([wave, 10.0 * other], axis=-1) for wave, other in (waves, waves[::-1])
    )
    table = np.random.default_rng(0).uniform(-1.0, 1.0, (len(problem.ids), 2))
    fields = table[:, :1, None, None] * first + table[:, 1:, None, None] * second
    images = problem.images
    return problem._replace(
        coords=coords,
        times=times[:, 0],
        fields=fields.astype(np.float32),
        table=problem.table if images is not None else table,
    )


@pytest.mark.parametrize("peer", PACKAGES)
def test_learns(peer: str, tiny: Callable[..., Problem]) -> None:
    require(peer)
    case = cases.case_of(gridded(tiny(40)), "steady", seed=0)
    (found,) = PEERS[peer].fit(case, 3.0)
    assert found.name == peer
    assert found.predict(case.rows["test"]).shape == (4, 5, 12, 2)
    assert found.about["last_loss"] < 0.5 * found.about["first_loss"]
    mean_run = fitted.measure(
        fitted.Fitted("mean", 0.0, lambda rows: np.zeros((len(rows), *case.dataset.shape[1:])), {}),
        case,
    )
    assert fitted.measure(found, case)["test"]["mean"] < 0.5 * mean_run["test"]["mean"]


@pytest.mark.parametrize("peer", PACKAGES)
def test_reads_images(peer: str, tiny: Callable[..., Problem]) -> None:
    require(peer)
    case = cases.case_of(gridded(tiny(images=True)), "plate", seed=0)
    (found,) = PEERS[peer].fit(case, 0.5)
    assert np.isfinite(found.predict(case.rows["test"])).all()


def test_a_mesh_that_is_no_grid_is_left_out(
    tiny: Callable[..., Problem], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    require("fno")
    case = cases.case_of(tiny(), "steady", seed=0)
    results = Results(tmp_path, cases.PROBLEMS)
    run.run_case(case, ["fno"], [], results, Console(soft_wrap=True), peer_seconds=1.0)
    assert "left out, its nodes are no regular grid" in capsys.readouterr().out
    assert results.records == []
