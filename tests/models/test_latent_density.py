"""Latents drawn like those of the training runs."""

from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.models.latent_density import NEIGHBOURS, drawn_latents


@pytest.mark.parametrize("runs", [2, 3, 40])
def test_draws_are_between_neighbours(runs: int) -> None:
    """On a circle, where the middle of all runs is far from each of them."""
    angles = 2 * np.pi * np.arange(runs) / runs
    latents = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    drawn = drawn_latents(latents, 300, np.random.default_rng(0))
    assert drawn.shape == (300, 2)
    assert drawn.dtype == np.float32
    # The ends of the longest line are as many steps apart as half the neighbours are.
    steps = (min(NEIGHBOURS, runs - 1) + 1) // 2
    assert np.linalg.norm(drawn, axis=1).min() >= np.cos(np.pi * steps / runs) - 1e-6
    assert len(np.unique(drawn, axis=0)) > 290


def test_a_single_run_is_drawn_as_it_is() -> None:
    latents = np.array([[1.0, 2.0, 3.0]], np.float32)
    np.testing.assert_array_equal(
        drawn_latents(latents, 2, np.random.default_rng(0)), [[1, 2, 3], [1, 2, 3]]
    )


def test_runs_that_are_all_the_same_are_no_fault() -> None:
    latents = np.ones((8, 4), np.float32)
    assert (drawn_latents(latents, 5, np.random.default_rng(0)) == 1).all()
