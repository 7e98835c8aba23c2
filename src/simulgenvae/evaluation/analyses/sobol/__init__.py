"""Sobol indices: influence of each input on the predicted field over the trained range.

The indices (Sobol' 2001) divide the variance of the prediction among the inputs:
:mod:`.designs` draws what is predicted, :mod:`.outputs` makes numbers of fields, :mod:`.indices`
has the estimators, and :mod:`.analysis` puts them together.
"""

from simulgenvae.evaluation.analyses.sobol.analysis import (
    BUDGET,
    Predict,
    QuantityOutputs,
    sobol,
    without_quantities,
)

__all__ = ["BUDGET", "Predict", "QuantityOutputs", "sobol", "without_quantities"]
