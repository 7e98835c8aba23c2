"""Density of the latents of training runs, from which new fields are drawn.

The latents of a trained VAE are not distributed as its prior: samples of that are far from all
runs. Drawing from a density of the training runs' latents, estimated after the training, is the
remedy of Ghosh et al. 2020 ("From variational to deterministic autoencoders", section 4). Theirs
is a mixture of normal distributions; for some dozens of runs that lie on a curved surface in 64
dimensions, the distance to a neighbour is a better estimate.

Tested in tests/models/test_latent_density.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEIGHBOURS = 5
"""Number of nearest runs of which one is chosen."""


def drawn_latents(
    latents: NDArray[np.float32], count: int, random: np.random.Generator
) -> NDArray[np.float32]:
    """Draw latents like those of n runs, ``[count, F]``.

    Each is on the line between a random run and one of its nearest ones, at a random place (SMOTE,
    Chawla et al. 2002, section 4.2).

    Parameters
    ----------
    latents
        Latents of the runs, ``[n, F]``, with n at least 1.
    count
        Number of draws.
    random
        Source of the random numbers.
    """
    runs = len(latents)
    chosen = random.integers(runs, size=count)
    place = random.random((count, 1), dtype=np.float32)
    which = random.integers(min(NEIGHBOURS, runs - 1), size=count) if runs > 1 else None
    start = latents[chosen]
    if which is None:
        return start
    end = np.empty_like(start)
    for draw, run in enumerate(chosen):
        distance = np.square(latents - latents[run]).sum(1)
        distance[run] = np.inf
        end[draw] = latents[np.argsort(distance, kind="stable")[which[draw]]]
    return start + place * (end - start)
