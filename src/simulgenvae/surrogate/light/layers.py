"""Layers of networks, evaluated with NumPy from named weights.

Tested in tests/surrogate/test_light.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

# x · P(x²) / Q(x²), from the highest power down: the approximation of erf in single precision of
# Eigen 3.4 (generic_fast_erf_float), within 1e-6. SciPy's erf is exact to the last digit of double
# precision and takes thirty times as long.
_ERF_NUMERATOR = (
    -2.72614225801306e-10,
    2.77068142495902e-08,
    -2.10102402082508e-06,
    -5.69250639462346e-05,
    -7.34990630326855e-04,
    -2.95459980854025e-03,
    -1.60960333262415e-02,
)
_ERF_DENOMINATOR = (
    -1.45660718464996e-05,
    -2.13374055278905e-04,
    -1.68282697438203e-03,
    -7.37332916720468e-03,
    -1.42647390514189e-02,
)
_ERF_RANGE = 4.0
"""Number from which on erf is 1 in single precision."""
_EPSILON = 1e-5
"""Variance that torch's LayerNorm adds, so that nothing is divided by zero."""


class Weights:
    """Named weights of one network, each checked when it is taken.

    Parameters
    ----------
    arrays
        Weights by their names in a model file.
    """

    def __init__(self, arrays: Mapping[str, NDArray[np.float32]]) -> None:
        self._arrays = dict(arrays)

    def take(self, name: str, *shape: int) -> NDArray[np.float32]:
        """Return a weight; KeyError or ValueError unless it is there, finite and of this shape."""
        array = self._arrays.pop(name)
        if array.dtype != np.float32 or array.shape != shape or not np.isfinite(array).all():
            raise ValueError(f"{name} does not hold finite numbers of 32 bits of shape {shape}")
        return array

    def linear(self, name: str, before: int, after: int, *, bias: bool = True) -> Linear:
        """Return a linear layer."""
        matrix = self.take(f"{name}.weight", after, before)
        return Linear(matrix, self.take(f"{name}.bias", after) if bias else None)

    def halving(self, name: str, before: int, after: int, dimension: int) -> Halving:
        """Return a convolution of stride two along ``dimension`` axes."""
        weight = self.take(f"{name}.weight", after, before, *(3,) * dimension)
        return Halving(weight, self.take(f"{name}.bias", after))

    def require_empty(self) -> None:
        """Raise ValueError where weights are left over, which belong to another network."""
        if self._arrays:
            raise ValueError(f"weights that the network does not have: {min(self._arrays)}")


class Linear:
    """Linear layer.

    Parameters
    ----------
    matrix
        Weights, ``[after, before]``.
    bias
        Bias, ``[after]``, where there is one.
    """

    def __init__(self, matrix: NDArray[np.float32], bias: NDArray[np.float32] | None) -> None:
        self.matrix = matrix
        self.bias = bias

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the layer of ``x``, from ``[..., before]`` to ``[..., after]``."""
        # One product of matrices: NumPy's own broadcasting would make many small ones.
        rows = x.reshape(-1, x.shape[-1]) @ self.matrix.T
        if self.bias is not None:
            rows += self.bias
        return rows.reshape(*x.shape[:-1], -1)


class Halving:
    """Convolution over three places along each of d axes that halves the resolution.

    Parameters
    ----------
    weight
        Weights, ``[after, before, 3, …]``.
    bias
        Bias, ``[after]``.
    """

    def __init__(self, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
        self.weight = weight
        self.bias = bias

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the layer of ``x``, from ``[n, before, s, …]`` to ``[n, after, s / 2, …]``."""
        axes = tuple(range(2, x.ndim))
        padded = np.pad(x, [(0, 0), (0, 0), *[(1, 1)] * len(axes)])
        windows = sliding_window_view(padded, (3,) * len(axes), axis=axes)
        windows = windows[(slice(None), slice(None), *[slice(None, None, 2)] * len(axes))]
        summed = (1, *range(x.ndim, windows.ndim))
        values = np.tensordot(windows, self.weight, (summed, tuple(range(1, x.ndim))))
        return np.moveaxis(values + self.bias, -1, 1)


def averaged(x: NDArray[np.float32], cells: int) -> NDArray[np.float32]:
    """Return means of ``x`` ``[n, C, s, …]`` in ``cells`` parts along each axis of places."""
    for axis in range(2, x.ndim):
        count = x.shape[axis]
        # The parts of torch's AdaptiveAvgPool, which overlap where they do not divide the axis.
        ends = [(cell * count // cells, -(-(cell + 1) * count // cells)) for cell in range(cells)]
        parts = [x.take(range(*end), axis).mean(axis) for end in ends]
        x = np.stack(parts, axis)
    return x


def layer_norm(
    x: NDArray[np.float32], weight: NDArray[np.float32], bias: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return features ``[..., F]`` with mean 0 and variance 1, then scaled and shifted."""
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = np.square(centred).mean(axis=-1, keepdims=True)
    normal: NDArray[np.float32] = centred / np.sqrt(variance + np.float32(_EPSILON))
    return normal * weight + bias


def gelu(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return x · Φ(x), with Φ the distribution function of the standard normal distribution."""
    scaled = np.clip(x * np.float32(np.sqrt(0.5)), -_ERF_RANGE, _ERF_RANGE)
    square = scaled * scaled
    erf = _polynomial(square, _ERF_NUMERATOR)
    erf *= scaled
    erf /= _polynomial(square, _ERF_DENOMINATOR)
    erf += 1.0
    erf *= x
    erf *= np.float32(0.5)
    return erf


def _polynomial(x: NDArray[np.float32], coefficients: tuple[float, ...]) -> NDArray[np.float32]:
    """Return a polynomial, by Horner's scheme in place."""
    value = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        value *= x
        value += np.float32(coefficient)
    return value
