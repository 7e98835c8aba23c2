"""Results of the analysis of the latents.

Tested in tests/evaluation/analyses/test_latents.py.
"""

from __future__ import annotations

from simulgenvae.evaluation.results.base import Number, Numbers, Record


class LatentR2(Record):
    """R² of the conditioner's latents against the encoder's; None where these never vary."""

    all: Number
    """R² over all latents of the level together."""
    per_latent: Numbers


class LatentLevel(Record):
    """One level of the latents: the main latent ``z``, or a hierarchical one such as ``h_1``."""

    size: int
    kl: dict[str, Number]
    """Mean divergence from the prior in nats, by split."""
    kl_per_latent: Numbers
    """Mean KL divergence of each latent over the training runs."""
    variance_per_latent: Numbers
    """Variance of the posterior mean over the training runs."""
    active: int
    """Number of latents whose variance is above 0.01 (Burda et al. 2016)."""
    active_by_kl: int
    """Number of latents whose divergence is above 0.01 nats."""
    r2: dict[str, LatentR2]
    """R² of the conditioner's prediction, by split."""


class Principal(Record):
    """Principal components of all latents."""

    explained: Numbers
    """Fraction of the variance of each component."""
    scores: tuple[tuple[float, ...], ...]
    """First two scores of each run."""


class Parity(Record):
    """Encoded and predicted values of one latent, for all runs."""

    level: str
    dimension: int
    encoded: Numbers
    predicted: Numbers


class LevelsOff(Record):
    """Error of the reconstruction with all levels, and with each of them switched off."""

    split: str
    relative_l2: Number
    level_off: dict[str, Number]
    dead_levels: tuple[str, ...]
    """Levels whose absence does not raise the error noticeably."""


class LatentRuns(Record):
    """Runs in the order of all lists over runs."""

    ids: tuple[str, ...]
    split: tuple[str, ...]


class LatentResults(Record):
    """Information in the latents and its use."""

    runs: LatentRuns
    levels: dict[str, LatentLevel]
    pca: Principal
    tsne: tuple[tuple[float, ...], ...] | None
    """Map of the runs (van der Maaten & Hinton 2008); None for fewer than five runs."""
    parity: tuple[Parity, ...]
    """Latents with the largest divergence from the prior."""
    reconstruction: LevelsOff
