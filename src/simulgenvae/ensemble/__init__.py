"""Several answers to one question: their mean is the prediction, how far they are apart says how certain it is."""

from simulgenvae.ensemble.build import build_ensemble
from simulgenvae.ensemble.calibration import Calibration
from simulgenvae.ensemble.ensemble import LATENTS, Answer, Ensemble
from simulgenvae.ensemble.expected import expected_squares, uniform_state

__all__ = ["LATENTS", "Answer", "Calibration", "Ensemble", "build_ensemble", "expected_squares", "uniform_state"]
