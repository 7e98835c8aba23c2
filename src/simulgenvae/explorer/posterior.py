"""Relative posterior variance of Gaussian processes as a network, in a bounded size.

It needs a matrix of the squared number of runs for each mode. It does not depend on the values that
a process has learned, but only on its hyper-parameters: where the matrices of all modes are too
large for a page, modes with similar variances share one.

Tested in tests/explorer/test_posterior.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import solve_triangular
from torch import Tensor, nn

from simulgenvae.baselines.kernels import kernel_values
from simulgenvae.deployment.buffers import hold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.baselines.pod_gpr import PodGpr

MATRIX_BYTES = 24 * 2**20
"""Bytes of the matrices of all kernels in a page, in which zeros take no space."""
DOUBLE_BYTES = 2 * 2**20
"""Bytes of the matrices of a kernel up to which they are double precision in any case."""
_SINGLE_DIFFERENCE = 1e-5
"""Largest difference that single precision may make to a mode's deviation, in units of the standard
deviation of the runs."""


class PosteriorVariance(nn.Module):
    """Posterior over prior variance of the leading modes, from 0 to 1.

    Parameters
    ----------
    pod_gpr
        The processes of one kernel.
    modes
        Number of leading modes.
    kernels
        Number of kernels, which share :data:`MATRIX_BYTES`.
    """

    def __init__(self, pod_gpr: PodGpr, modes: int, kernels: int = 1) -> None:
        super().__init__()
        matrices = [_whitening(pod_gpr, mode) for mode in range(modes)]
        probes = [_variance_between_runs(pod_gpr, mode, matrices[mode]) for mode in range(modes)]
        # Half of each matrix is zeros.
        entries = matrices[0].size // 2
        data_type: type[np.floating] = np.float64
        if 8 * entries * modes > DOUBLE_BYTES and _single_suffices(pod_gpr, matrices, probes):
            data_type = np.float32
        affordable = MATRIX_BYTES // kernels // (np.dtype(data_type).itemsize * max(1, entries))
        own, place = shared_modes(np.sqrt(probes), max(1, affordable))
        self.is_exact = len(own) == modes
        whitening = np.stack([matrices[mode] for mode in own]).astype(data_type)
        hold(self, whitening=whitening, own=own, place=place)

    def forward(self, kernel: Tensor) -> Tensor:
        """Return the variances ``[m, k]`` for values of the kernel ``[m, modes, n]``."""
        own = kernel.index_select(1, self.get_buffer("own")).unsqueeze(-1)
        whitened = self.get_buffer("whitening").double() @ own
        explained = whitened.squeeze(-1).square().sum(-1)
        return (1 - explained).clamp(0, 1).index_select(1, self.get_buffer("place"))


def shared_modes(
    deviations: NDArray[np.float64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the modes that have a matrix, and the place among them of that of each mode.

    Parameters
    ----------
    deviations
        Relative deviations of each mode at some points, ``[k, n]``.
    count
        Number of modes that have their own matrix; all where there are no more of them.
    """
    modes = len(deviations)
    if count >= modes:
        return np.arange(modes), np.arange(modes)
    # The first modes matter most; then always the one that is worst represented (Gonzalez 1985).
    chosen = list(range((count + 1) // 2))
    apart = np.array([np.square(deviations - each).mean(axis=1) for each in deviations])
    while len(chosen) < count:
        chosen.append(int(apart[:, chosen].min(axis=1).argmax()))
    own = np.sort(np.array(chosen))
    return own, apart[:, own].argmin(axis=1)


def _whitening(pod_gpr: PodGpr, mode: int) -> NDArray[np.float64]:
    """Return the matrix ``[n, n]`` whose product with a kernel has the explained variance."""
    lower = np.tril(pod_gpr.covariance_factor(mode)[0])
    prior = np.exp(0.5 * pod_gpr.arrays()["theta"][mode, 0])
    inverse: NDArray[np.float64] = solve_triangular(lower, np.eye(len(lower)), lower=True)
    return np.asarray(prior * inverse)


def _variance_between_runs(
    pod_gpr: PodGpr, mode: int, whitening: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return the relative variance of a mode half-way between neighbouring training runs."""
    arrays = pod_gpr.arrays()
    x = arrays["x"]
    squared = pod_gpr.groups.squared_distances((x[1:] + x[:-1]) / 2, x)
    kernel = kernel_values(pod_gpr.kernel, squared, arrays["theta"][mode])[1]
    explained = np.square(kernel @ whitening.T.astype(np.float64)).sum(axis=1)
    return np.asarray(np.clip(1 - explained, 0.0, 1.0))


def _single_suffices(
    pod_gpr: PodGpr, matrices: list[NDArray[np.float64]], exact: list[NDArray[np.float64]]
) -> bool:
    """Return whether matrices in single precision give the same deviations."""
    amplitudes = pod_gpr.arrays()["singular"]
    size = amplitudes / np.linalg.norm(amplitudes)
    for mode, matrix in enumerate(matrices):
        rounded = _variance_between_runs(pod_gpr, mode, matrix.astype(np.float32))
        difference = np.abs(np.sqrt(rounded) - np.sqrt(exact[mode])).max()
        if not size[mode] * difference <= _SINGLE_DIFFERENCE:
            return False
    return True
