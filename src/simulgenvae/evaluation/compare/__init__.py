"""Errors of the surrogate and of every baseline on every split, streamed over the runs."""

from simulgenvae.evaluation.compare.comparison import Comparison
from simulgenvae.evaluation.compare.run import compare, steps

__all__ = ["Comparison", "compare", "steps"]
