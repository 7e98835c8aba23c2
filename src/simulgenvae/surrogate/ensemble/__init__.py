"""Ensemble: several networks and Gaussian processes that predict, and their uncertainty.

The modules, in the order in which a prediction passes through them:

1. ``ensemble``: every member and the Gaussian processes (``pod_gp``) predict coefficients, of each
   design and of its mirror images where the problem is symmetric (``mirror_views``). The weighted
   mean is the prediction; the single predictions are samples of what it might have been
   (``coefficient_prediction``).
2. ``spread``: the standard deviation of these samples, as fields.
3. ``calibration``: factors from that spread to the standard deviation of the error and to an
   interval, from validation runs; ``interval_text`` says in words what few runs leave open.
4. ``expected_error``: the relative error of whole fields that follows from the samples.

``build`` makes an ensemble from trained networks; ``file_content`` turns it into the tensors of a
file and back. ``build`` needs training and is not imported here, because predictions import this
package.
"""

from simulgenvae.surrogate.ensemble.calibration import Calibration
from simulgenvae.surrogate.ensemble.coefficient_prediction import (
    CoefficientPrediction,
    SeparatePredictions,
)
from simulgenvae.surrogate.ensemble.ensemble import Ensemble
from simulgenvae.surrogate.ensemble.expected_error import (
    expected_squares,
    uniform_field_coefficients,
)
from simulgenvae.surrogate.ensemble.interval_text import interval_label, interval_warning

__all__ = [
    "Calibration",
    "CoefficientPrediction",
    "Ensemble",
    "SeparatePredictions",
    "expected_squares",
    "interval_label",
    "interval_warning",
    "uniform_field_coefficients",
]
