"""Reconstruction of a run by all networks of a surrogate, each from latents of its own.

One network has the encoder. Its latents of a run, refined, are mapped to those of the other
networks, and refined there too: the mean over networks reconstructs better than any one of them,
as it predicts better.

Tested in tests/surrogate/ensemble/test_reconstruct.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.interpolate import RBFInterpolator

from simulgenvae.models.networks import Networks
from simulgenvae.models.refinement import refined
from simulgenvae.surrogate.ensemble.stacking import best_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from simulgenvae.models.latents import Latents
    from simulgenvae.surrogate.parts import Parts

SMOOTHING = 1e-3
"""Smoothing of the map between latents, with which runs of equal parameters can be mapped too."""


def refined_latents(parts: Parts, coefficients: Tensor) -> Latents:
    """Return the first network's latents of a run with coefficients ``[T, r]``, refined.

    They start from the encoder's answer, or from those of a training run that is nearer.
    """
    vae = parts.networks.vae
    known = None if parts.ensemble is None else parts.ensemble.predicted_latents
    others = None if known is None else torch.from_numpy(known[0])
    with torch.inference_mode():
        # [None]: a batch of one run.
        return refined(vae, vae.encode(coefficients[None])[0], coefficients, others)


def reconstructed(parts: Parts, coefficients: Tensor) -> NDArray[np.float32]:
    """Return the coefficients ``[T, r]`` of a run as the networks make them from its latents.

    They are a mean over the networks, with the weights that suit this run best: a network that
    cannot make it has none. A model that does not know how their latents belong together (one of an
    earlier version) uses the first network only.

    Parameters
    ----------
    parts
        The networks, and their ensemble where they are trained to predict.
    coefficients
        The run's coefficients at the training times, ``[T, r]``.
    """
    with torch.inference_mode():
        latents = refined_latents(parts, coefficients)
        decoded = [parts.networks.vae.decode(latents).numpy()]
        ensemble = parts.ensemble
        if ensemble is not None and ensemble.predicted_latents is not None:
            known = ensemble.predicted_latents
            starts = latents_of_others(known, latents.flat().numpy())
            for member, start, others in zip(ensemble.members[1:], starts, known[1:], strict=True):
                assert isinstance(member, Networks), "an ensemble of torch's networks"
                vae = member.vae
                mapped = vae.latents_from_flat(torch.from_numpy(start))
                found = refined(vae, mapped, coefficients, torch.from_numpy(others))
                decoded.append(vae.decode(found).numpy())
    weights = best_weights(decoded, coefficients[None].numpy(), np.ones(1))
    return np.average(np.concatenate(decoded), axis=0, weights=weights).astype(np.float32)


def latents_of_others(
    predicted: NDArray[np.float32], first: NDArray[np.float32]
) -> list[NDArray[np.float32]]:
    """Return the latents ``[1, F]`` of each further network that belong to the first one's.

    They are interpolated between training runs.

    Parameters
    ----------
    predicted
        Latents that the networks predict for n training runs, ``[members, n, F]``.
    first
        Latents of the first network, ``[1, F]``.
    """
    if len(predicted) == 1:
        return []
    of_others = np.concatenate(list(predicted[1:]), axis=1)
    found = RBFInterpolator(predicted[0], of_others, kernel="linear", smoothing=SMOOTHING)(first)
    return np.split(found.astype(np.float32), len(predicted) - 1, axis=1)
