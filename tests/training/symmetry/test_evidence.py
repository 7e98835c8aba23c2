"""The test of a symmetry: exact where it holds, and sure of what the runs contradict."""

from __future__ import annotations

import numpy as np

from simulgenvae.data.images import GREY, ImageFormat, Images
from simulgenvae.training.symmetry.designs import MirroredDesigns
from simulgenvae.training.symmetry.evidence import explain, probability_of_symmetry
from simulgenvae.training.symmetry.sample import Part, Parts

RUNS = 16


def probability(random: np.random.Generator, shift: float) -> float:
    """Return the probability of a symmetry that a ``shift`` of the odd part breaks."""
    pixels = random.integers(0, 256, (RUNS, 4, 4, 1), dtype=np.uint8)
    designs = MirroredDesigns.of(
        Images(pixels, ImageFormat(4, 4, GREY, 4)), np.zeros((RUNS, 0)), ("x",)
    )
    even = random.normal(size=(RUNS, 6)) + 5  # its mean says that the variable is even
    odd = random.normal(size=(RUNS, 5)) + shift
    energy = float(np.square(even).sum() + np.square(odd).sum())
    parts = Parts(Part.of(even, energy), Part.of(odd, energy))
    return probability_of_symmetry(explain(designs, [parts]))


def test_probabilities_of_symmetric_runs_are_uniform() -> None:
    found = [probability(np.random.default_rng(seed), 0.0) for seed in range(25)]
    # Standard deviation of the mean of 25 uniform numbers: 0.058.
    assert 0.33 < np.mean(found) < 0.67
    assert sum(each < 0.05 for each in found) <= 5


def test_a_mean_that_the_mirror_turns_around_is_improbable() -> None:
    found = [probability(np.random.default_rng(seed), 1.0) for seed in range(5)]
    assert max(found) <= 0.01
