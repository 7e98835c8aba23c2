"""The methods that are compared on runs with meshes of their own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.contents import GEOMETRY, digest, package_files
from benchmarks.geometry.case import GeometryCase
from benchmarks.geometry.ours import ours, ours_on_one_mesh
from benchmarks.geometry.peers.grid_pod import grid_floor, grid_gpr, grid_rbf, nearest
from benchmarks.geometry.peers.mmgp import mmgp

Predict = Callable[[GeometryCase], list[NDArray[np.float32]]]
"""Function that learns from the training runs of a case and predicts its test runs.

It gives ``[T, M, V]`` for each, at the nodes of its own mesh."""


class Method(NamedTuple):
    """A method, and what its results depend on."""

    predict: Predict
    title: str
    files: list[Path]

    def key(self, case: GeometryCase) -> str:
        """Return a hash of everything that its results depend on."""
        text = {
            "problem": case.source,
            "names": case.names,
            "train": len(case.train),
            "method": digest(self.files),
            "libraries": {name: version(name) for name in ("numpy", "scipy", "scikit-learn")},
        }
        return hashlib.sha256(json.dumps(text).encode()).hexdigest()


_OWN = [*package_files("**/*.py"), GEOMETRY / "ours.py", GEOMETRY / "study_files.py"]
_COMMON = [GEOMETRY / "case.py", GEOMETRY / "measure.py"]
_PEERS = [*(GEOMETRY / "peers").glob("*.py"), *_COMMON]
_GRID = [*_PEERS, *package_files("baselines/*.py")]
METHODS = {
    "ours": Method(ours, "SimulGenVAE", [*_OWN, *_COMMON]),
    "ours_on_one_mesh": Method(ours_on_one_mesh, "SimulGenVAE on one mesh", [*_OWN, *_COMMON]),
    "mmgp": Method(mmgp, "MMGP", _PEERS),
    "grid_gpr": Method(grid_gpr, "POD + GPR on a grid", _GRID),
    "grid_rbf": Method(grid_rbf, "POD + RBF on a grid", _GRID),
    "nearest": Method(nearest, "Nearest shape", _PEERS),
    "grid_floor": Method(grid_floor, "To the grid and back", _PEERS),
}
"""Methods by name, in the order of the columns of tables. The last one is no prediction."""
OURS = ("ours", "ours_on_one_mesh")
FLOOR = "grid_floor"
