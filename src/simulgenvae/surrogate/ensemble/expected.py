"""What error to expect of designs: how far their answers are apart, calibrated, against the size of
their fields.

Nothing is decoded: distances of coefficients are those of states whose variables have unit
variance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulgenvae.reduction import Reduction
from simulgenvae.surrogate.ensemble.calibration import Calibration
from simulgenvae.surrogate.ensemble.ensemble import Answer


def uniform_state(reduction: Reduction) -> NDArray[np.float32]:
    """Coefficients ``[1, r]`` of each variable's mean everywhere, as far as the modes have that
    field."""
    mean_field = reduction.decode(np.zeros((1, reduction.rank), np.float32))
    return reduction.encode(
        np.broadcast_to(mean_field.mean(axis=1, keepdims=True), mean_field.shape)
    )


def expected_squares(
    answer: Answer, calibration: Calibration | None, uniform: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Expected squared error of n designs and squared size of their fields, each ``[n]``.

    The root of their ratio is the expected joint ``relative_l2``. The size is that of the deviation
    from ``uniform`` (:func:`uniform_state`). Without a calibration the spread is taken as it is.
    """
    factor = 1.0 if calibration is None else calibration.std
    sizes: NDArray[np.float64] = np.square((answer.mean - uniform).astype(np.float64)).sum(
        axis=(1, 2)
    )
    return factor**2 * answer.total_variance(), sizes
