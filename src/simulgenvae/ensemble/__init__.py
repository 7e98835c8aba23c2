"""Several answers to one question: their mean is the prediction, how far they are apart says how certain it is."""

from simulgenvae.ensemble.build import build_ensemble
from simulgenvae.ensemble.calibration import Calibration
from simulgenvae.ensemble.certainty import interval_doubt, interval_label
from simulgenvae.ensemble.ensemble import Answer, Ensemble, SeparateAnswers
from simulgenvae.ensemble.expected import expected_squares, uniform_state

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
