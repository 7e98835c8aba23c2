"""Measuring a surrogate: metrics, baselines, figures and the report."""

from simulgenvae.evaluation.evaluate import evaluate

__all__ = ["evaluate"]
