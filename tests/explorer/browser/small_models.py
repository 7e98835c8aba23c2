"""Small models of which every value is known: networks of a few operators, and the same in NumPy."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

RANK = 4
TIMES = np.array([0.0, 0.5, 1.0, 2.0, 4.0])
DEVIATIONS = 2
SAMPLES = 3
STD_FACTOR = 1.5
INTERVAL_FACTOR = 2.5
FLOOR = 0.1

Array = NDArray[Any]


@dataclass(frozen=True)
class Drawn:
    """Mesh as it is drawn."""

    points: Array
    triangles: Array
    lines: Array
    edges: Array
    dimension: int


@dataclass
class SmallModel:
    """Model whose coefficients are linear in the inputs and in time.

    Attributes
    ----------
    mesh
        Drawn mesh, whose points are the nodes.
    variables
        Name and unit of each variable; all but the first are the components of a displacement.
    image_size
        Pixels on each side of the images that it reads instead of a table; 0 for none.
    image_bits
        8, or 16 for images with values from 0 to 1.
    image_runs
        Training runs whose images the page has.
    """

    mesh: Drawn
    variables: tuple[tuple[str, str], ...] = (("T", "K"), ("u_x", "m"), ("u_y", "m"))
    image_size: int = 0
    image_bits: int = 8
    image_runs: tuple[int, int, int] = (0, 1, 2)
    rank: int = RANK
    changes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(0)
        nodes = len(self.mesh.points)
        width = nodes * len(self.variables)
        inputs = self.image_size**2 if self.image_size else 2
        self.from_inputs = rng.normal(size=(inputs, self.rank)).astype(np.float32) / inputs
        self.drift = rng.normal(size=self.rank).astype(np.float32)
        self.deviations = 0.1 * rng.normal(size=(DEVIATIONS, 1, self.rank)).astype(np.float32)
        # Smooth fields, so that pictures look like fields.
        places = self.mesh.points.astype(np.float64)
        waves = [
            np.cos(places @ rng.normal(size=3) * 2 + phase)
            for phase in np.linspace(0, 6, self.rank * len(self.variables))
        ]
        basis = np.stack(waves).reshape(self.rank, len(self.variables), nodes)
        self.basis = basis.transpose(0, 2, 1).reshape(self.rank, width).astype(np.float32)
        scales = np.array([20.0] + [0.02] * (len(self.variables) - 1), np.float32)
        self.factor = scales
        self.mean = np.tile(np.array([300.0] + [0.0] * (len(scales) - 1)), nodes).astype(np.float32)
        self.uniform = rng.normal(size=self.rank).astype(np.float32)
        self.samples = 0.1 * rng.normal(size=(SAMPLES, 1, self.rank)).astype(np.float32)

    def coefficients(self, inputs: Array) -> tuple[Array, Array]:
        """Return the mean ``[T, r]`` and the deviations ``[D, T, r]`` of a design."""
        at = (TIMES / TIMES[-1]).astype(np.float32)[:, None]
        latents = np.asarray(inputs, np.float32).reshape(1, -1) @ self.from_inputs
        return latents + at * self.drift, self.deviations * (1 + at)[None]

    def fields(self, inputs: Array) -> Array:
        """Return the fields of a design, ``[T, M, V]``."""
        mean, _ = self.coefficients(inputs)
        return self._fields(mean) + self.mean.reshape(-1, len(self.variables))

    def fields_of_samples(self, inputs: Array) -> Array:
        """Return the fields of the samples of a design, ``[K, T, M, V]``."""
        mean, _ = self.coefficients(inputs)
        mean_field = self.mean.reshape(-1, len(self.variables))
        return np.stack([self._fields(mean + each) + mean_field for each in self.samples])

    def spread(self, inputs: Array) -> Array:
        """Return the uncalibrated standard deviation, ``[T, M, V]``."""
        _, deviations = self.coefficients(inputs)
        variance = sum(np.square(self._fields(each).astype(np.float64)) for each in deviations)
        return np.sqrt(variance + FLOOR * np.asarray(variance).mean(axis=(0, 1)))

    def expected_error(self, inputs: Array) -> float:
        """Return the expected error of a design."""
        mean, deviations = self.coefficients(inputs)
        total = (1 + FLOOR) * np.square(deviations.astype(np.float64)).sum()
        return float(STD_FACTOR * np.sqrt(total / np.square(mean - self.uniform).sum()))

    def _fields(self, coefficients: Array) -> Array:
        states = (coefficients @ self.basis).reshape(len(coefficients), -1, len(self.variables))
        return np.asarray(states * self.factor)

    def description(self) -> dict[str, Any]:
        """Return the description of the container."""
        corners = [self.fields(self._corner(k)) for k in range(4)]
        low, high = (f(np.stack(corners), axis=(0, 1, 2)) for f in (np.min, np.max))
        components = list(range(1, len(self.variables)))
        about = {
            "format": 1, "study": "small study", "model": "model-1", "version": "1.0",
            "created": "2026-01-01", "data_fingerprint": "00", "evaluation": None,
            "inputs": [] if self.image_size else [
                {"kind": "number", "name": "a", "unit": "mm", "lower": -1.0, "upper": 1.0, "logarithm": False},
                {"kind": "category", "name": "kind", "values": ["zero", "one", "two"]},
            ],
            "image": {"size": self.image_size, "channels": 1, "bits": self.image_bits} if self.image_size else None,
            "times": TIMES.tolist(), "time_unit": "s", "continuous_in_time": True, "length_unit": "m",
            "variables": [
                {"name": name, "unit": unit, "range": [float(low[v]), float(high[v])]}
                for v, (name, unit) in enumerate(self.variables)
            ],
            "vectors": [{"name": "u", "components": components, "is_displacement": True}] if components else [],
            "dimension": self.mesh.dimension, "node_count": len(self.mesh.points),
            "training_ids": ["first", "second", "third"],
            "calibration": {
                "std_factor": STD_FACTOR, "interval_factor": INTERVAL_FACTOR, "level": 0.9,
                "label": "90 % interval", "runs": 20, "warning": None,
            },
            "variance_floor": FLOOR, "variance_left_out": 0.0, "novelty_limit": 1.0, "quantities": [],
            "left_out_quantities": [], "bands": None,
        }  # fmt: skip
        return about | self.changes

    @property
    def _white(self) -> float:
        return 255.0 if self.image_bits == 8 else 1.0

    def _corner(self, k: int) -> Array:
        if self.image_size:
            return np.full(self.image_size**2, self._white * k / 3, np.float32)
        return np.array([[-1.0, 0.0], [1.0, 0.0], [-1.0, 2.0], [1.0, 2.0]][k])

    def images(self) -> Array:
        """Return the training images, ``[3, S, S, 1]``."""
        rng = np.random.default_rng(1)
        shape = (3, self.image_size, self.image_size, 1)
        pixels = rng.integers(0, 256, shape).astype(np.uint8)
        return pixels if self.image_bits == 8 else (pixels / 255).astype(np.float32)

    def arrays(self) -> dict[str, Array]:
        """Return the arrays of the container."""
        nodes = len(self.mesh.points)
        modes = self.basis.reshape(self.rank, nodes, -1) * self.factor
        table = np.array([[-1.0, 0.0], [0.2, 1.0], [1.0, 2.0]])
        return {
            "training.table": table[:, : 0 if self.image_size else 2],
            **(self._training_images() if self.image_size else {}),
            "mesh.points": self.mesh.points.astype(np.float32),
            "mesh.rows": np.arange(nodes, dtype=np.uint32),
            "mesh.triangles": self.mesh.triangles.astype(np.uint32),
            "mesh.lines": self.mesh.lines.astype(np.uint32),
            "mesh.edges": self.mesh.edges.astype(np.uint32),
            "state.mean": self.mean,
            "state.factor": self.factor,
            "state.gram": np.einsum("amv,bmv->vab", modes, modes).astype(np.float32) / nodes,
            "state.uniform": self.uniform,
            "model.design": _bytes(self._design_network()),
            "model.coefficients": _bytes(self._coefficient_network()),
            "model.basis": _bytes(self._basis_network()),
        }

    def _training_images(self) -> dict[str, Array]:
        runs = np.array(self.image_runs, np.uint32)
        return {"training.images": self.images(), "training.image_runs": runs}

    def container(self) -> bytes:
        """Return the container of the page."""
        return packed(self.description(), self.arrays())

    def _design_network(self) -> onnx.ModelProto:
        if self.image_size:
            kind = TensorProto.UINT8 if self.image_bits == 8 else TensorProto.FLOAT
            given = value_info("images", kind, [1, self.image_size, self.image_size, 1])
        else:
            given = value_info("parameters", TensorProto.DOUBLE, [1, 2])
        nodes = [
            helper.make_node("Cast", [given.name], ["single"], to=TensorProto.FLOAT),
            helper.make_node("Flatten", ["single"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["latents"]),
            # The novelty is the size of the first input.
            helper.make_node("Slice", ["flat", "zero", "one", "axis"], ["first"]),
            helper.make_node("Abs", ["first"], ["size"]),
            helper.make_node("Reshape", ["size", "one"], ["sizes"]),
            helper.make_node("Cast", ["sizes"], ["novelty"], to=TensorProto.DOUBLE),
            # The spread grows with the square outside of the trained range of the first input.
            helper.make_node("Max", ["novelty", "unit"], ["reach"]),
            helper.make_node("Mul", ["reach", "reach"], ["square"]),
            helper.make_node("Identity", ["unit" if self.image_size else "square"], ["widening"]),
        ]
        weights = {
            "weights": self.from_inputs,
            "zero": np.array([0]), "one": np.array([1]), "axis": np.array([1]),
            "unit": np.array([1.0]),
        }  # fmt: skip
        outputs = [
            value_info("latents", TensorProto.FLOAT, [1, self.rank]),
            value_info("novelty", TensorProto.DOUBLE, [1]),
            value_info("widening", TensorProto.DOUBLE, [1]),
        ]
        return model_file(nodes, [given], outputs, weights)

    def _coefficient_network(self) -> onnx.ModelProto:
        nodes = [
            helper.make_node("Unsqueeze", ["times", "last"], ["column"]),
            helper.make_node("Mul", ["column", "drift"], ["moved"]),
            helper.make_node("Add", ["latents", "moved"], ["mean"]),
            helper.make_node("Add", ["column", "unit"], ["grown"]),
            helper.make_node("Cast", ["widening"], ["wide"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["grown", "wide"], ["scale"]),
            helper.make_node("Mul", ["shifts", "scale"], ["deviations"]),
            helper.make_node("Add", ["mean", "sampled"], ["samples"]),
        ]
        weights = {
            "last": np.array([1]),
            "drift": self.drift[None],
            "unit": np.ones((1, 1), np.float32),
            "shifts": self.deviations,
            "sampled": self.samples,
        }
        inputs = [
            value_info("latents", TensorProto.FLOAT, [1, self.rank]),
            value_info("widening", TensorProto.DOUBLE, [1]),
            value_info("times", TensorProto.FLOAT, ["t"]),
        ]
        outputs = [
            value_info("mean", TensorProto.FLOAT, ["t", self.rank]),
            value_info("deviations", TensorProto.FLOAT, [DEVIATIONS, "t", self.rank]),
            value_info("samples", TensorProto.FLOAT, [SAMPLES, "t", self.rank]),
        ]
        return model_file(nodes, inputs, outputs, weights)

    def _basis_network(self) -> onnx.ModelProto:
        nodes = [helper.make_node("MatMul", ["rows", "basis"], ["states"])]
        inputs = [value_info("rows", TensorProto.FLOAT, ["n", self.rank])]
        outputs = [value_info("states", TensorProto.FLOAT, ["n", self.basis.shape[1]])]
        return model_file(nodes, inputs, outputs, {"basis": self.basis})


def value_info(name: str, kind: int, shape: list[int | str]) -> onnx.ValueInfoProto:
    """Return the description of an input or output of a network."""
    return helper.make_tensor_value_info(name, kind, shape)


def model_file(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    weights: Mapping[str, Array],
) -> onnx.ModelProto:
    """Return a network of some operators."""
    constants = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "small", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    return model


def _bytes(model: onnx.ModelProto) -> Array:
    return np.frombuffer(model.SerializeToString(), np.uint8)


def packed(description: Mapping[str, Any], arrays: Mapping[str, Array]) -> bytes:
    """Return a container."""
    headers = {}
    parts = []
    offset = 0
    for name, array in arrays.items():
        headers[name] = {"dtype": str(array.dtype), "shape": list(array.shape), "offset": offset}
        parts.append(array.tobytes() + bytes(-array.nbytes % 8))
        offset += len(parts[-1])
    header = json.dumps({"description": description, "arrays": headers}).encode()
    start = b"SGVTWIN1" + struct.pack("<I", len(header)) + header
    return start + bytes(-len(start) % 8) + b"".join(parts)


def _none(width: int) -> Array:
    return np.zeros((0, width), np.uint32)


def plate(columns: int = 13, rows: int = 9) -> Drawn:
    """Return a rectangle of triangles."""
    x, y = np.meshgrid(np.linspace(0, 1.5, columns), np.linspace(0, 1, rows))
    points = np.column_stack([x.ravel(), y.ravel(), np.zeros(columns * rows)])
    first = np.array([i for i in range(columns * (rows - 1)) if i % columns < columns - 1])
    corners = np.column_stack([first, first + 1, first + columns + 1, first + columns])
    triangles = np.vstack([corners[:, [0, 1, 2]], corners[:, [0, 2, 3]]])
    edges = np.vstack([corners[:, [0, 1]], corners[:, [1, 2]]])
    return Drawn(points, triangles, _none(2), edges, 2)


def box() -> Drawn:
    """Return the six faces of a box."""
    points = np.array([[x, y, z] for x in (0, 3) for y in (0, 1) for z in (0, 1)], float)
    faces = [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
    triangles = np.array([[f[a], f[b], f[c]] for f in faces for a, b, c in ((0, 1, 2), (0, 2, 3))])
    edges = np.array(
        sorted(
            {(min(a, b), max(a, b)) for f in faces for a, b in zip(f, f[1:] + f[:1], strict=True)}
        )
    )
    return Drawn(points, triangles, _none(2), edges, 3)


def cloud() -> Drawn:
    """Return single points."""
    return replace(plate(), triangles=_none(3), edges=_none(2))


def frame() -> Drawn:
    """Return beams in space."""
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0.5], [0.5, 0.5, 1]], float)
    lines = np.array([[0, 1], [1, 2], [2, 3], [3, 0], [0, 4], [1, 4], [2, 4], [3, 4]])
    return Drawn(points, _none(3), lines, _none(2), 3)


def rod() -> Drawn:
    """Return a line along x, whose nodes are not in order."""
    order = np.random.default_rng(2).permutation(30)
    points = np.zeros((30, 3))
    points[order, 0] = np.linspace(0, 2, 30)
    return Drawn(points, _none(3), np.column_stack([order[:-1], order[1:]]), _none(2), 1)


MESHES: dict[str, Callable[[], Drawn]] = {
    "plate": plate, "box": box, "cloud": cloud, "frame": frame, "rod": rod,
}  # fmt: skip


def small_model(mesh: str, **changes: Any) -> SmallModel:
    """Return a model on one of the meshes; ``changes`` are those of the description."""
    drawn = MESHES[mesh]()
    names = (("T", "K"), *((f"u_{c}", "m") for c in "xyz"[: drawn.dimension]))
    return SmallModel(drawn, names if drawn.dimension > 1 else names[:1], changes=changes)
