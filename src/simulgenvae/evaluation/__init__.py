"""Measuring a surrogate: metrics, references, figures and the report."""

from simulgenvae.evaluation.evaluate import evaluate

__all__ = ["evaluate"]
