"""Expected errors of designs: the calibrated spread of their predictions over their fields' size.

Nothing is decoded: distances of coefficients are distances of fields whose variables were
divided by their standard deviation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.reduction import Reduction
    from simulgenvae.surrogate.ensemble.calibration import Calibration
    from simulgenvae.surrogate.ensemble.coefficient_prediction import CoefficientPrediction


def uniform_field_coefficients(reduction: Reduction) -> NDArray[np.float32]:
    """Return the coefficients ``[1, r]`` of a field that has each variable's mean at every node.

    The modes hold such a field only approximately; the coefficients are of the nearest field that
    they hold.
    """
    # Coefficients of zero are the mean field.
    mean_field = reduction.decode(np.zeros((1, reduction.rank), np.float32))
    uniform = np.broadcast_to(mean_field.mean(axis=1, keepdims=True), mean_field.shape)
    return reduction.encode(uniform)


def expected_squares(
    prediction: CoefficientPrediction,
    calibration: Calibration | None,
    uniform: NDArray[np.float32],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the expected squared error of n designs and the squared size of their fields.

    Both are ``[n]``; the root of their quotient is the expected joint ``relative_l2``.

    Parameters
    ----------
    prediction
        Prediction of the designs, with samples.
    calibration
        Factors of the spread; the spread is taken as it is where there are none.
    uniform
        Field from which the size is measured, by :func:`uniform_field_coefficients`. Without it, a
        variable with a large mean, such as an absolute temperature, would have no relative error.
    """
    # The calibrated standard deviation is the root of the expected squared error.
    factor = 1.0 if calibration is None else calibration.std_factor
    deviation = (prediction.mean - uniform).astype(np.float64)
    squared_sizes: NDArray[np.float64] = np.square(deviation).sum(axis=(1, 2))
    return factor**2 * prediction.total_variance(), squared_sizes
