"""Surrogates as one file that runs without this package: conditions to fields, in ONNX or torch."""

from simulgenvae.deployment.write import check_model_target, write_model

__all__ = ["check_model_target", "write_model"]
