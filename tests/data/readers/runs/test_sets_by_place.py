"""Sets of nodes by their positions."""

from __future__ import annotations

import numpy as np

from simulgenvae.data.readers.runs.sets_by_place import with_sets_at
from simulgenvae.mesh.mesh import Mesh


def test_nodes_at_the_positions_are_in_the_set() -> None:
    coords = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 0, 0], [0.1, 0, 0]], np.float32)
    places = {
        "inlet": np.array([[0, 1, -0.0], [-0.0, 0, 0], [5, 5, 5]], np.float32),
        "crack": np.array([[1.0, 0, 0]]),
        "narrow": np.array([[0.1, 0, 0]], np.float32),
        "elsewhere": np.array([[0.1, 0, 0]]),
    }
    mesh = with_sets_at(Mesh(coords), places)
    assert {name: nodes.tolist() for name, nodes in mesh.sets.items()} == {
        "inlet": [0, 2],
        "crack": [1, 3],
        "narrow": [4],
    }
    assert mesh.remarks == ("sets without nodes are left out: 'elsewhere'",)


def test_without_positions_there_are_no_sets() -> None:
    assert not with_sets_at(Mesh(), {"inlet": np.zeros((1, 3))}).sets
