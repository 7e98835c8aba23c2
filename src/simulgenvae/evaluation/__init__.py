"""Measuring a surrogate: metrics, references, figures and the report."""
