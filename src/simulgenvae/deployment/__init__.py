"""A surrogate as one file that runs without this package: from conditions to fields, in ONNX or as
a torch program."""

from simulgenvae.deployment.write import check_model_target, write_model

__all__ = ["check_model_target", "write_model"]
