"""Third piece of the networks in a page: coefficients to states, by one product with the modes.

Tested in tests/explorer/test_onnx_file.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.explorer.onnx_file import IR_VERSION, OPSET

if TYPE_CHECKING:
    from numpy.typing import NDArray


def basis_file(basis: NDArray[np.float32] | None, rank: int, single: int) -> bytes:
    """Return the ONNX file of a network from ``rows`` ``[n, r]`` to ``states`` ``[n, M·V]``.

    Parameters
    ----------
    basis
        Modes ``[M·V, r]``; None for the identity.
    rank
        Number of coefficients, r.
    single
        Number of leading modes, whose coefficients are largest, that are stored as float32; the
        others are float16.
    """
    from onnx import helper

    if basis is None:
        return _file([helper.make_node("Identity", ["rows"], ["states"])], [], rank, rank)
    nodes: list[Any] = []
    arrays: list[Any] = []
    products = []
    parts = {"single": slice(0, single), "half": slice(single, rank)}
    for name, part in parts.items():
        if part.start == part.stop:
            continue
        data_type = np.float32 if name == "single" else np.float16
        modes = np.ascontiguousarray(basis[:, part].T, data_type)
        arrays += [_tensor(f"{name}_stored", modes)]
        arrays += [_tensor(f"{name}_{end}", np.array([getattr(part, end)])) for end in _ENDS]
        # Computed once, when the file is loaded: it is a constant.
        nodes += [
            helper.make_node("Cast", [f"{name}_stored"], [f"{name}_modes"], to=1),
            helper.make_node(
                "Slice",
                ["rows", f"{name}_start", f"{name}_stop", "columns"],
                [f"{name}_rows"],
            ),
            helper.make_node("MatMul", [f"{name}_rows", f"{name}_modes"], [f"{name}_states"]),
        ]
        products.append(f"{name}_states")
    arrays.append(_tensor("columns", np.array([1])))
    nodes.append(helper.make_node("Sum", products, ["states"]))
    return _file(nodes, arrays, rank, len(basis))


_ENDS = ("start", "stop")


def _tensor(name: str, array: NDArray[Any]) -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(array, name)


def _file(nodes: list[Any], arrays: list[Any], rank: int, size: int) -> bytes:
    from onnx import TensorProto, helper

    rows = helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", rank])
    states = helper.make_tensor_value_info("states", TensorProto.FLOAT, ["n", size])
    graph = helper.make_graph(nodes, "basis", [rows], [states], arrays)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    return bytes(model.SerializeToString())
