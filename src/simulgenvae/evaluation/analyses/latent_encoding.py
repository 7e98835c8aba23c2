"""Latents of all runs of a study, as the encoder finds and the conditioner predicts them.

Tested in tests/evaluation/analyses/test_latents.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from simulgenvae.distributed import collectives
from simulgenvae.evaluation.metrics import VariableScale
from simulgenvae.models import Gaussian, Latents, kl_divergence
from simulgenvae.models.latent_levels import level_names, level_priors, level_values
from simulgenvae.models.networks import network_inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.surrogate.surrogate import Surrogate

Array = NDArray[np.float64]
Rows = dict[str, NDArray[np.intp]]
"""Rows of the data set by split."""


@dataclass(frozen=True)
class EncodedRuns:
    """Latents of n runs, grouped by split; F = D + L·d numbers per run."""

    row: NDArray[np.intp]
    """Row of each run in the data set, ``[n]``."""
    split: NDArray[np.str_]
    """Split of each run, ``[n]``."""
    latents: Latents
    """Posterior means."""
    mean: Array
    """Posterior means of all levels side by side, ``[n, F]``."""
    kl: Array
    """KL divergence of each latent from its prior in nats, ``[n, F]``."""
    predicted: Array
    """Mean that the conditioner predicts, ``[n, F]``."""

    def levels(self) -> dict[str, slice]:
        """Return the columns of every level by its name."""
        columns = {}
        start = 0
        for level, name in enumerate(level_names(self.latents.h.shape[1])):
            end = start + level_values(self.latents, level).shape[1]
            columns[name] = slice(start, end)
            start = end
        return columns


def encode_runs(
    surrogate: Surrogate, dataset: Dataset, rows: Rows, advance: Callable[[str], None]
) -> tuple[EncodedRuns, VariableScale]:
    """Return the latents of every run, and the scale of the variables in the training runs.

    Both follow from one pass over the runs, which ranks share. ``advance`` is called with a
    description after every run.
    """
    # Training runs first: the scale is made while they are read.
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
    # By split first and then by rank: together these are the rows of the split in their order.
    by_rank = collectives.all_gather(found)
    posteriors: list[tuple[Latents, NDArray[np.float32]]] = []
    for split in order:
        for part in by_rank:
            posteriors += part[split]
    row = np.concatenate([rows[split] for split in order])
    latents = Latents(
        torch.cat([latents.z for latents, _ in posteriors]),
        torch.cat([latents.h for latents, _ in posteriors]),
    )
    with torch.inference_mode():
        inputs = network_inputs(dataset.conditions.select(row), surrogate.condition_scaler)
        predicted = surrogate.networks.conditioner(inputs).mean
    encoded = EncodedRuns(
        row=row,
        split=np.repeat(order, [len(rows[split]) for split in order]),
        latents=latents,
        mean=latents.flat().numpy().astype(np.float64),
        kl=np.stack([kl for _, kl in posteriors]).astype(np.float64),
        predicted=predicted.numpy().astype(np.float64),
    )
    return encoded, scale


def _posterior(
    surrogate: Surrogate, run: NDArray[np.float32]
) -> tuple[Latents, NDArray[np.float32]]:
    """Return the posterior means of one run, and the KL divergence of each latent, ``[F]``."""
    vae = surrogate.networks.vae
    with torch.inference_mode():
        latents, _, log_std = vae.encode(torch.from_numpy(surrogate.reduction.encode(run))[None])
        kl = []
        for level, prior in enumerate(level_priors(vae.hierarchy, latents)):
            # The divergence is summed over the last dimension. A dimension of length 1 is added, so
            # that there is one divergence for each latent.
            posterior = Gaussian(
                level_values(latents, level)[0, :, None],
                level_values(log_std, level)[0, :, None],
            )
            of_prior = Gaussian(prior.mean[0, :, None], prior.log_std[0, :, None])
            kl.append(kl_divergence(posterior, of_prior))
    return latents, torch.cat(kl).numpy()
