from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.mesh.mesh import Mesh


@given(nodes=st.permutations(range(12)), count=st.integers(1, 12), seed=st.integers(0, 99))
def test_the_mesh_of_some_nodes_is_that_part_of_the_whole(
    nodes: list[int], count: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    mesh = Mesh(
        rng.random((12, 2)),
        {"triangle": rng.integers(0, 12, (20, 3)), "line": rng.integers(0, 12, (9, 2))},
    )
    chosen = np.array(nodes[:count])
    part = mesh.at(chosen)
    part.check(count)
    np.testing.assert_array_equal(part.coords, mesh.coords[chosen])
    for name, cells in mesh.cells.items():
        inside = cells[np.isin(cells, chosen).all(axis=1)]
        found = part.cells.get(name, np.empty((0, cells.shape[1]), int))
        np.testing.assert_array_equal(chosen[found], inside)


def test_all_nodes_are_the_whole_mesh() -> None:
    mesh = Mesh(None, {"line": np.array([[0, 2], [1, 2]])})
    assert mesh.at(np.arange(3)).coords is None
    np.testing.assert_array_equal(mesh.at(np.arange(3)).cells["line"], mesh.cells["line"])
