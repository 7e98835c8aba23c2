"""Learning curve: the error against the number of training runs, and its extrapolation."""

from simulgenvae.design.learning_curve.curve import SHARES, learning_curve

__all__ = ["SHARES", "learning_curve"]
