"""Third piece of the networks in a page: coefficients to states, by one product with the modes.

Tested in tests/explorer/test_onnx_file.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.explorer.onnx_file import IR_VERSION, OPSET

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LARGEST = 2**15 - 1


def basis_file(basis: NDArray[np.float32] | None, rank: int, *, in_16_bits: bool = False) -> bytes:
    """Return the ONNX file of a network from ``rows`` ``[n, r]`` to ``states`` ``[n, M·V]``.

    Parameters
    ----------
    basis
        Modes ``[M·V, r]``; None for the identity.
    rank
        Number of coefficients, r.
    in_16_bits
        Whether modes are stored as whole numbers of 16 bits, in units of their largest entry. That
        is ten times as accurate as float16, which has 11 bits for the digits.
    """
    from onnx import TensorProto, helper

    if basis is None:
        return _file([helper.make_node("Identity", ["rows"], ["states"])], {}, rank, rank)
    if not in_16_bits:
        product = helper.make_node("MatMul", ["rows", "modes"], ["states"])
        return _file([product], {"modes": basis.T}, rank, len(basis))
    unit = np.abs(basis).max(axis=0) / _LARGEST
    unit = np.where(unit > 0, unit, 1.0).astype(np.float32)
    whole = np.empty(basis.shape[::-1], np.int16)
    # Mode by mode: a copy of all of them would take the memory once more.
    for mode in range(rank):
        np.rint(basis[:, mode] / unit[mode], out=whole[mode], casting="unsafe")
    nodes = [
        # Computed once, when the file is loaded: it is a constant.
        helper.make_node("Cast", ["whole"], ["modes"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["rows", "unit"], ["scaled"]),
        helper.make_node("MatMul", ["scaled", "modes"], ["states"]),
    ]
    return _file(nodes, {"whole": whole, "unit": unit}, rank, len(basis))


def _file(nodes: list[Any], arrays: dict[str, NDArray[Any]], rank: int, size: int) -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    constants = [
        numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in arrays.items()
    ]
    rows = helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", rank])
    states = helper.make_tensor_value_info("states", TensorProto.FLOAT, ["n", size])
    graph = helper.make_graph(nodes, "basis", [rows], [states], constants)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    return bytes(model.SerializeToString())
