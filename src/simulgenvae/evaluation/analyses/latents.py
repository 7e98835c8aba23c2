"""What the latents know: information and active dimensions of every level, maps of the runs, and
what a level is for.

A level is judged in three ways that can disagree. Its KL divergence from the prior says how much
the encoder writes into it; its active dimensions say how many numbers of it differ between runs;
and the reconstruction with the level switched off says whether the decoder reads it. A level that
changes nothing when it is switched off is dead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from simulgenvae.distributed import collectives
from simulgenvae.evaluation.metrics import FieldErrors, VariableScale, over_runs
from simulgenvae.evaluation.presentation import compared_split
from simulgenvae.models import Gaussian, Latents, kl_divergence
from simulgenvae.models.latent_levels import level_names, level_priors, level_values, with_level
from simulgenvae.models.networks import network_inputs

if TYPE_CHECKING:
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.surrogate.surrogate import Surrogate

ACTIVE_VARIANCE = 0.01
"""Variance of the posterior mean over the runs above which a dimension is active (Burda et al.
2016)."""
ACTIVE_KL = 0.01
"""Mean KL divergence in nats above which a dimension is active by the other criterion."""
DEAD_CHANGE = 0.01
"""A level is dead when the error with it switched off is larger by no more than this share."""
PARITY_PANELS = 6
TSNE_LEAST_RUNS = 5

Array = NDArray[np.float64]
Rows = dict[str, NDArray[np.intp]]


def steps(rows: Rows) -> int:
    """How often :func:`latent_analysis` calls ``advance``, on this rank."""
    own = {split: len(collectives.local_rows(chosen)) for split, chosen in rows.items()}
    return sum(own.values()) + own[compared_split(rows)]


def latent_analysis(
    surrogate: Surrogate,
    dataset: Dataset,
    rows: Rows,
    advance: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Latents of the runs in ``rows`` (keys train, validation, test) and what they are worth, ready
    for JSON.

    ``advance`` is called with a description after every run that was read. One run is in memory at
    a time; ranks share the runs.

    Returns
    ------- ``runs`` (ids and split), in whose order all lists over runs are; ``levels`` by name;
    ``pca`` and ``tsne`` of all posterior means (``tsne`` is null for fewer than five runs, or when
    all are encoded alike); ``parity`` of the latents with the largest KL divergence;
    ``reconstruction`` with all levels and with each switched off in turn: its latents are replaced
    by the mean of their prior given the levels above.
    """
    encoded, scale = _encode(surrogate, dataset, rows, advance)
    reconstruction = _switched_off(surrogate, dataset, rows, encoded, scale, advance)
    return {
        "runs": {"ids": [dataset.ids[row] for row in encoded.row], "split": encoded.split.tolist()},
        "levels": {name: _level(encoded, part, rows) for name, part in encoded.parts().items()},
        "pca": _pca(encoded.mean),
        "tsne": _tsne(encoded.mean),
        "parity": _parity(encoded),
        "reconstruction": reconstruction,
    }


@dataclass(frozen=True)
class _Encoded:
    """n runs, grouped by split: their row in the data set and split, and of each latent ``[n, D +
    L·d]`` the posterior mean, the KL divergence from its prior, and the mean that the conditioner
    predicts."""

    row: NDArray[np.intp]
    split: NDArray[np.str_]
    latents: Latents
    mean: Array
    kl: Array
    predicted: Array

    def parts(self) -> dict[str, slice]:
        """Columns of every level."""
        names = level_names(self.latents.h.shape[1])
        sizes = [level_values(self.latents, level).shape[1] for level in range(len(names))]
        ends = np.cumsum(sizes).tolist()
        return {
            name: slice(end - size, end) for name, size, end in zip(names, sizes, ends, strict=True)
        }


def _encode(
    surrogate: Surrogate, dataset: Dataset, rows: Rows, advance: Callable[[str], None]
) -> tuple[_Encoded, VariableScale]:
    """Latents of every run, and the scale of the variables in the training runs, from one pass over
    the runs."""
    order = ["train", *(split for split in rows if split != "train")]
    found: dict[str, list[tuple[Latents, NDArray[np.float32]]]] = {split: [] for split in order}

    def read(split: str) -> Iterator[NDArray[np.float32]]:
        for row in collectives.local_rows(rows[split]):
            run = dataset.run(int(row))
            found[split].append(_posterior(surrogate, run))
            advance(f"Encoding {split} runs")
            yield run

    scale = VariableScale.fit_shared(read("train"))
    for split in order[1:]:
        for _ in read(split):
            pass
    shares = collectives.all_gather(found)
    means, kl = zip(
        *(each for split in order for share in shares for each in share[split]), strict=True
    )
    row = np.concatenate([rows[split] for split in order])
    latents = Latents(torch.cat([each.z for each in means]), torch.cat([each.h for each in means]))
    with torch.inference_mode():
        inputs = network_inputs(dataset.conditions.select(row), surrogate.condition_scaler)
        predicted = surrogate.networks.conditioner(inputs).mean
    encoded = _Encoded(
        row=row,
        split=np.repeat(order, [len(rows[split]) for split in order]),
        latents=latents,
        mean=latents.flat().numpy().astype(np.float64),
        kl=np.stack(kl).astype(np.float64),
        predicted=predicted.numpy().astype(np.float64),
    )
    return encoded, scale


def _posterior(
    surrogate: Surrogate, run: NDArray[np.float32]
) -> tuple[Latents, NDArray[np.float32]]:
    """Posterior means of one run, and the KL divergence of each latent ``[D + L·d]``."""
    vae = surrogate.networks.vae
    with torch.inference_mode():
        latents, _, log_std = vae.encode(torch.from_numpy(surrogate.reduction.encode(run))[None])
        kl = []
        for level, prior in enumerate(level_priors(vae.hierarchy, latents)):
            # Each latent as a distribution of its own: the divergence is summed over the last
            # dimension.
            mean, spread = (
                level_values(latents, level)[0, :, None],
                level_values(log_std, level)[0, :, None],
            )
            kl.append(
                kl_divergence(
                    Gaussian(mean, spread),
                    Gaussian(prior.mean[0, :, None], prior.log_std[0, :, None]),
                )
            )
    return latents, torch.cat(kl).numpy()


def _level(encoded: _Encoded, part: slice, rows: Rows) -> dict[str, Any]:
    chosen = {split: encoded.split == split for split in rows}
    variance = encoded.mean[chosen["train"], part].var(axis=0)
    kl = encoded.kl[chosen["train"], part].mean(axis=0)
    return {
        "size": len(kl),
        "kl": {
            split: float(encoded.kl[at, part].sum(1).mean()) if at.any() else None
            for split, at in chosen.items()
        },
        "kl_per_latent": kl.tolist(),
        "variance_per_latent": variance.tolist(),
        "active": int((variance > ACTIVE_VARIANCE).sum()),
        "active_by_kl": int((kl > ACTIVE_KL).sum()),
        "r2": {
            split: _r2(encoded.mean[at, part], encoded.predicted[at, part])
            for split, at in chosen.items()
        },
    }


def _r2(truth: Array, predicted: Array) -> dict[str, Any]:
    """R² of each latent over the runs ``[n, latents]``, and of all together; null where the truth
    does not vary."""
    if len(truth) < 2:
        return {"all": None, "per_latent": [None] * truth.shape[1]}
    error = np.square(predicted - truth).sum(axis=0)
    total = np.square(truth - truth.mean(axis=0)).sum(axis=0)

    def ratio(part: float, whole: float) -> float | None:
        return 1.0 - part / whole if whole > 0 else None

    return {
        "all": ratio(float(error.sum()), float(total.sum())),
        "per_latent": [
            ratio(float(part), float(whole)) for part, whole in zip(error, total, strict=True)
        ],
    }


def _pca(means: Array) -> dict[str, Any]:
    """Principal components of the runs' latents ``[n, F]``: shares of the variance and the first
    two scores."""
    left, size, axes = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)
    sign = np.sign(
        axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)]
    )  # the same map again for the same latents
    scores = left * (size * sign)
    total = np.square(size).sum()
    shares = np.square(size) / total if total > 0 else np.zeros_like(size)
    return {"explained": shares.tolist(), "scores": scores[:, :2].tolist()}


def _tsne(means: Array) -> list[list[float]] | None:
    """Map of the runs ``[n, 2]`` that keeps neighbours together (van der Maaten & Hinton 2008)."""
    if len(means) < TSNE_LEAST_RUNS or not (means.std(axis=0) > 0).any():
        return None
    from sklearn.manifold import TSNE

    # At most 30 neighbours, the usual choice, and few enough to tell near from far among few runs.
    perplexity = min(30.0, (len(means) - 1) / 3)
    found: list[list[float]] = (
        TSNE(perplexity=perplexity, init="pca", random_state=0).fit_transform(means).tolist()
    )
    return found


def _parity(encoded: _Encoded) -> list[dict[str, Any]]:
    """Encoded and predicted values of the latents that carry most information, over all runs."""
    information = encoded.kl[encoded.split == "train"].mean(axis=0)
    names = [
        (name, k) for name, part in encoded.parts().items() for k in range(part.stop - part.start)
    ]
    return [
        {
            "level": names[column][0],
            "dimension": names[column][1],
            "encoded": encoded.mean[:, column].tolist(),
            "predicted": encoded.predicted[:, column].tolist(),
        }
        for column in np.argsort(-information, kind="stable")[:PARITY_PANELS].tolist()
    ]


def _switched_off(
    surrogate: Surrogate,
    dataset: Dataset,
    rows: Rows,
    encoded: _Encoded,
    scale: VariableScale,
    advance: Callable[[str], None],
) -> dict[str, Any]:
    """Mean joint relative error of the reconstruction of unseen runs, whole and with each level
    switched off."""
    split, names = compared_split(rows), list(encoded.parts())
    errors = {name: FieldErrors(dataset.variables, scale) for name in ("", *names)}
    for position in collectives.local_rows(np.flatnonzero(encoded.split == split)):
        truth = dataset.run(int(encoded.row[position]))
        latents = Latents(encoded.latents.z[[position]], encoded.latents.h[[position]])
        with torch.inference_mode():
            priors = level_priors(surrogate.networks.vae.hierarchy, latents)
        errors[""].add(surrogate.decode(latents)[0], truth)
        for level, (name, prior) in enumerate(zip(names, priors, strict=True)):
            errors[name].add(surrogate.decode(with_level(latents, level, prior.mean))[0], truth)
        advance(f"Switching levels off, {split} runs")
    errors, *shares = collectives.all_gather(errors)
    for share in shares:
        for name, counted in share.items():
            errors[name].merge(counted)
    whole = over_runs(errors[""].joint)["mean"]
    off = {name: over_runs(errors[name].joint)["mean"] for name in names}
    return {
        "split": split,
        "relative_l2": whole,
        "level_off": off,
        "dead_levels": _dead(whole, off),
    }


def _dead(whole: float | None, off: dict[str, float | None]) -> list[str]:
    """Levels without which the error is not larger by a noticeable share."""
    if whole is None:
        return []
    return [
        name
        for name, error in off.items()
        if error is not None and error <= (1 + DEAD_CHANGE) * whole
    ]
