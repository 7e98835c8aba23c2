"""Terms and errors that several stages share.

Tested in tests/training/stages/test_stages.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from simulgenvae.distributed.batch_shards import Shard
    from simulgenvae.training.data import TrainingData


def relative_errors(error: Tensor, data: TrainingData) -> Tensor:
    """Return the relative error of each run's trajectory, `[B]`.

    Parameters
    ----------
    error
        Difference of predicted and true coefficients, `[B, T, r]`.
    data
        Training data, whose standard deviation is the unit of the error.
    """
    # The root is taken run by run: one outlier among few validation runs must not choose the
    # weights on its own.
    return (error.square().sum(-1).mean(1) / data.variance).sqrt()


def kl_terms(kl: Tensor, shard: Shard) -> dict[str, Tensor]:
    """Return the mean KL divergence of each level of ``kl``, `[B, 1 + L]`, by its name in logs."""
    terms = {}
    for level, mean in enumerate(shard.mean(kl)):
        name = "z" if level == 0 else f"h_{level}"
        terms[f"kl/{name}"] = mean
    return terms


def std_loss(log_std: Tensor, expected: Tensor) -> Tensor:
    """Return the negative log-likelihood of squared deviations, up to a constant, `[B]`.

    Parameters
    ----------
    log_std
        Logarithm of the predicted standard deviation of each latent, `[B, D + L·d]`.
    expected
        Squared deviations of each run's latents, of the same shape.
    """
    return (log_std + 0.5 * expected * (-2 * log_std).exp()).mean(1)
