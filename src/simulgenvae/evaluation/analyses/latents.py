"""Information in the latents: active dimensions of every level, maps of the runs, use of a level.

A level is judged in three ways that can disagree. Its KL divergence from the prior says how much
the encoder writes into it; its active dimensions say how many numbers of it differ between runs;
and the reconstruction with the level switched off says whether the decoder reads it. A level that
changes nothing when it is switched off is dead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from simulgenvae.distributed import collectives
from simulgenvae.evaluation.analyses.latent_encoding import Array, EncodedRuns, Rows, encode_runs
from simulgenvae.evaluation.metrics import FieldErrors, VariableScale
from simulgenvae.evaluation.results.base import OverRuns
from simulgenvae.evaluation.results.latents import (
    LatentLevel,
    LatentR2,
    LatentResults,
    LatentRuns,
    LevelsOff,
    Parity,
    Principal,
)
from simulgenvae.evaluation.results.study import compared_split
from simulgenvae.models import Latents
from simulgenvae.models.latent_levels import level_priors, with_level

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.surrogate.surrogate import Surrogate

ACTIVE_VARIANCE = 0.01
"""Variance of the posterior mean over the runs above which a dimension is active (Burda et al.
2016)."""
ACTIVE_KL = 0.01
"""Mean KL divergence in nats above which a dimension is active by the other criterion."""
DEAD_CHANGE = 0.01
"""Relative rise of the error up to which a level that is switched off is dead."""
PARITY_PANELS = 6
TSNE_LEAST_RUNS = 5
_WHOLE = "all levels"


def steps(rows: Rows) -> int:
    """Return how often :func:`latent_analysis` calls ``advance``, on this rank."""
    # Each run is encoded once; runs of the compared split are read again to switch levels off.
    own = {split: len(collectives.local_rows(chosen)) for split, chosen in rows.items()}
    return sum(own.values()) + own[compared_split(rows)]


def latent_analysis(
    surrogate: Surrogate,
    dataset: Dataset,
    rows: Rows,
    advance: Callable[[str], None] = lambda _: None,
) -> LatentResults:
    """Return the latents of the runs, and the use of each level.

    One run is in memory at a time; ranks share the runs.

    Parameters
    ----------
    surrogate, dataset
        What encodes, and the runs.
    rows
        Rows of the data set by split (``train``, ``validation``, ``test``).
    advance
        Function that is called with a description after every run that was read.
    """
    # Scale and latents come from one pass, because reading the runs takes most of the time.
    encoded, scale = encode_runs(surrogate, dataset, rows, advance)
    reconstruction = _switch_off(surrogate, dataset, rows, encoded, scale, advance)
    return LatentResults(
        runs=LatentRuns(
            ids=tuple(dataset.ids[row] for row in encoded.row),
            split=tuple(encoded.split.tolist()),
        ),
        levels={name: _level(encoded, part, rows) for name, part in encoded.levels().items()},
        pca=_pca(encoded.mean),
        tsne=_tsne(encoded.mean),
        parity=_parity(encoded),
        reconstruction=reconstruction,
    )


def _level(encoded: EncodedRuns, part: slice, rows: Rows) -> LatentLevel:
    training = encoded.split == "train"
    # Active units: Cov_x(E[z|x]) > 0.01 (Burda et al. 2016, section 5.2). A latent that the encoder
    # ignores has the same posterior mean for all runs.
    variance = encoded.mean[training, part].var(axis=0)
    kl = encoded.kl[training, part].mean(axis=0)
    mean_kl: dict[str, float | None] = {}
    r2 = {}
    for split in rows:
        chosen = encoded.split == split
        mean_kl[split] = None
        if chosen.any():
            # The divergence of a level is the sum over its latents, as they are independent given
            # the level above.
            mean_kl[split] = float(encoded.kl[chosen, part].sum(1).mean())
        r2[split] = _r2(encoded.mean[chosen, part], encoded.predicted[chosen, part])
    return LatentLevel(
        size=len(kl),
        kl=mean_kl,
        kl_per_latent=tuple(kl.tolist()),
        variance_per_latent=tuple(variance.tolist()),
        active=int((variance > ACTIVE_VARIANCE).sum()),
        active_by_kl=int((kl > ACTIVE_KL).sum()),
        r2=r2,
    )


def _r2(truth: Array, predicted: Array) -> LatentR2:
    """Return R² of each latent over the runs ``[n, latents]``, and of all together.

    It is None where the truth does not vary.
    """
    if len(truth) < 2:
        return LatentR2(all=None, per_latent=(None,) * truth.shape[1])
    # R² = 1 − Σ (prediction − truth)² / Σ (truth − mean)². The mean is that of the same runs, so a
    # split with few runs can have a negative value.
    error = np.square(predicted - truth).sum(axis=0)
    total = np.square(truth - truth.mean(axis=0)).sum(axis=0)

    def explained(part: float, whole: float) -> float | None:
        return 1.0 - part / whole if whole > 0 else None

    each = zip(error.tolist(), total.tolist(), strict=True)
    return LatentR2(
        all=explained(float(error.sum()), float(total.sum())),
        per_latent=tuple(explained(part, whole) for part, whole in each),
    )


def _pca(means: Array) -> Principal:
    """Return the principal components of the runs' latents ``[n, F]``."""
    # The rows of `axes` are the components; `left · size` are the positions of the runs along them.
    left, size, axes = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)
    # The sign of a component is arbitrary: one rule for it draws the same map again for the same
    # latents.
    sign = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])
    scores = left * (size * sign)
    # Squared singular values are in proportion to the variance of each component.
    total = np.square(size).sum()
    explained = np.square(size) / total if total > 0 else np.zeros_like(size)
    return Principal(
        explained=tuple(explained.tolist()),
        scores=tuple(tuple(point) for point in scores[:, :2].tolist()),
    )


def _tsne(means: Array) -> tuple[tuple[float, ...], ...] | None:
    """Return a map of the runs ``[n, 2]`` that keeps neighbours together.

    It is None for few runs, or when all are encoded alike (van der Maaten & Hinton 2008).
    """
    if len(means) < TSNE_LEAST_RUNS or not (means.std(axis=0) > 0).any():
        return None
    # Imported here, as scikit-learn is slow to load and only this function needs it.
    from sklearn.manifold import TSNE

    # At most 30 neighbours, the usual choice, and few enough to tell near from far among few runs.
    perplexity = min(30.0, (len(means) - 1) / 3)
    # From the principal components instead of random positions: the large structure is kept, and
    # the map is the same each time.
    found = TSNE(perplexity=perplexity, init="pca", random_state=0).fit_transform(means)
    return tuple(tuple(point) for point in found.tolist())


def _parity(encoded: EncodedRuns) -> tuple[Parity, ...]:
    """Return encoded and predicted values of the latents that carry most information."""
    # Latents with little information vary by noise, so a bad prediction of them would mean nothing.
    information = encoded.kl[encoded.split == "train"].mean(axis=0)
    names = []
    for name, part in encoded.levels().items():
        names += [(name, k) for k in range(part.stop - part.start)]
    found = []
    for column in np.argsort(-information, kind="stable")[:PARITY_PANELS].tolist():
        level, dimension = names[column]
        found.append(
            Parity(
                level=level,
                dimension=dimension,
                encoded=tuple(encoded.mean[:, column].tolist()),
                predicted=tuple(encoded.predicted[:, column].tolist()),
            )
        )
    return tuple(found)


def _switch_off(
    surrogate: Surrogate,
    dataset: Dataset,
    rows: Rows,
    encoded: EncodedRuns,
    scale: VariableScale,
    advance: Callable[[str], None],
) -> LevelsOff:
    """Return the error of the reconstruction of unseen runs, whole and with each level off.

    The latents of a level that is off are the mean of their prior given the levels above.
    """
    split = compared_split(rows)
    names = list(encoded.levels())
    errors = {name: FieldErrors(dataset.variables, scale) for name in (_WHOLE, *names)}
    for position in collectives.local_rows(np.flatnonzero(encoded.split == split)):
        truth = dataset.run(int(encoded.row[position]))
        latents = Latents(encoded.latents.z[[position]], encoded.latents.h[[position]])
        with torch.inference_mode():
            priors = level_priors(surrogate.networks.vae.hierarchy, latents)
        # The prior of a level depends on the latents above it. It is taken from the encoded
        # latents, also where another level is off, so that each bar changes one level only.
        errors[_WHOLE].add(surrogate.decode(latents)[0], truth)
        for level, (name, prior) in enumerate(zip(names, priors, strict=True)):
            errors[name].add(surrogate.decode(with_level(latents, level, prior.mean))[0], truth)
        advance(f"Switching levels off, {split} runs")
    errors, *others = collectives.all_gather(errors)
    for part in others:
        for name, counted in part.items():
            errors[name].merge(counted)
    means = {name: OverRuns.of(counted.joint).mean for name, counted in errors.items()}
    whole = means.pop(_WHOLE)
    return LevelsOff(
        split=split, relative_l2=whole, level_off=means, dead_levels=_dead(whole, means)
    )


def _dead(whole: float | None, off: dict[str, float | None]) -> tuple[str, ...]:
    """Return the levels without which the error does not rise noticeably."""
    if whole is None:
        return ()
    # An error may even fall slightly when a level is off, which is why only a rise counts.
    limit = (1 + DEAD_CHANGE) * whole
    return tuple(name for name, error in off.items() if error is not None and error <= limit)
