"""Networks as ONNX files in memory.

Tested in tests/explorer/test_onnx_file.py.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from simulgenvae.deployment.write import quiet
from simulgenvae.errors import UserError
from simulgenvae.utils.install import install_command

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from torch import Tensor, nn

OPSET = 20
"""Version of ONNX's operators, which all runtimes of the last years know."""
IR_VERSION = 10
"""Version of ONNX's file format, likewise."""
_LAST = "_of_the_network"
SMALLEST_HALF = 256
"""Numbers of an array from which on it is worth storing as float16."""


def require_onnx(what: str) -> None:
    """Raise UserError, which begins with ``what``, unless the packages of ONNX are installed."""
    # torch needs onnxscript, and says so less clearly.
    for package in ("onnx", "onnxruntime", "onnxscript"):
        if find_spec(package) is None:
            raise UserError(f"{what} needs the package {package}: {install_command(package)}")


def exported(
    network: nn.Module,
    inputs: Mapping[str, Tensor],
    outputs: Sequence[str],
    dynamic: Mapping[str, Mapping[int, str]] | None = None,
) -> bytes:
    """Return a network as an ONNX file.

    Parameters
    ----------
    network
        The network.
    inputs
        Examples of its inputs, by the names of the arguments.
    outputs
        Names of its outputs.
    dynamic
        Names of the dimensions of inputs that may have any size.
    """
    dimensions: dict[str, Any] = {name: {} for name in inputs}
    for name, sizes in (dynamic or {}).items():
        dimensions[name] = {place: torch.export.Dim(size) for place, size in sizes.items()}
    # Without gradients, following the tensors takes a tenth less time.
    with quiet(), torch.no_grad():
        program = torch.onnx.export(
            network.eval(),
            kwargs=dict(inputs),
            input_names=list(inputs),
            # Values in between may have the names that are wanted: these are given afterwards.
            output_names=[f"{name}{_LAST}" for name in outputs],
            dynamic_shapes=dimensions if dynamic else None,
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None, "only torch's older exporter returns none"
    return _named(program.model_proto, outputs)


def _named(model: Any, outputs: Sequence[str]) -> bytes:
    """Return a model's file with its outputs named, and without places of source code."""
    names = {name: f"{name}_inside" for name in outputs}
    names |= {f"{name}{_LAST}": name for name in outputs}
    for node in model.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
        del node.metadata_props[:]
        node.doc_string = ""
    # An output that does not depend on the inputs is a constant.
    for constant in model.graph.initializer:
        constant.name = names.get(constant.name, constant.name)
    for output, name in zip(model.graph.output, outputs, strict=True):
        output.name = name
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    del model.graph.value_info[:]
    return bytes(model.SerializeToString())


def with_half_weights(file: bytes) -> bytes:
    """Return a file whose large arrays of float32 are stored as float16, and cast when loaded."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load_from_string(file)
    graph = model.graph
    casts = []
    for weights in graph.initializer:
        if weights.data_type != TensorProto.FLOAT or np.prod(weights.dims) < SMALLEST_HALF:
            continue
        name = weights.name
        half = numpy_helper.to_array(weights).astype(np.float16)
        if not np.isfinite(half).all():
            continue
        weights.CopyFrom(numpy_helper.from_array(half, f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return bytes(model.SerializeToString())


class Session:
    """An ONNX file that runs: inputs by name to outputs by name."""

    def __init__(self, file: bytes) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            file, options, providers=["CPUExecutionProvider"]
        )
        self.inputs = [each.name for each in self._session.get_inputs()]
        self.outputs = [each.name for each in self._session.get_outputs()]

    def __call__(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return the outputs; inputs of other names are not looked at."""
        known = {name: array for name, array in inputs.items() if name in self.inputs}
        found = self._session.run(self.outputs, known)
        return {name: np.asarray(array) for name, array in zip(self.outputs, found, strict=True)}
