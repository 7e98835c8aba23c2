"""Several answers to one question: their mean is the prediction, how far they are apart says how
certain it is."""

from simulgenvae.surrogate.ensemble.build import build_ensemble
from simulgenvae.surrogate.ensemble.calibration import Calibration
from simulgenvae.surrogate.ensemble.certainty import interval_doubt, interval_label
from simulgenvae.surrogate.ensemble.ensemble import Answer, Ensemble, SeparateAnswers
from simulgenvae.surrogate.ensemble.expected import expected_squares, uniform_state

__all__ = [
    "Answer",
    "Calibration",
    "Ensemble",
    "SeparateAnswers",
    "build_ensemble",
    "expected_squares",
    "interval_doubt",
    "interval_label",
    "uniform_state",
]
