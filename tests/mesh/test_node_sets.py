"""Named sets of nodes: checks, other numberings, and what of a stranger's file is kept."""

from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.errors import UserError
from simulgenvae.mesh import node_sets
from simulgenvae.mesh.cells import Ragged
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.node_mask import NodeMask
from simulgenvae.mesh.node_sets import NodeSets, described, usable


def _as_lists(sets: NodeSets) -> dict[str, list[int]]:
    return {name: numbers.tolist() for name, numbers in sets.items()}


def test_numbers_are_sorted_and_each_occurs_once() -> None:
    sets = NodeSets.of({"inlet": [4, 1, 4], "empty": [], "wall": np.array([2], np.int32)})
    assert _as_lists(sets) == {"inlet": [1, 4], "wall": [2]}
    assert sets.sizes() == {"inlet": 2, "wall": 1}
    assert described(sets.sizes()) == "inlet (2 nodes), wall (1 node)"


def test_sets_go_through_arrays() -> None:
    sets = NodeSets.of({"inlet": [1, 4], "wall": [0]})
    assert _as_lists(NodeSets.from_arrays(sets.names, sets.arrays())) == _as_lists(sets)
    assert NodeSets.none().arrays() == {}
    with pytest.raises(UserError, match="'nodes' of the sets"):
        NodeSets.from_arrays(["inlet"], {"offsets": np.array([0, 1])})
    with pytest.raises(UserError, match="missing or damaged"):
        NodeSets.from_arrays(["inlet"], {"offsets": np.array([0, 1]), "nodes": np.array([0.0])})


def test_part_of_a_mesh_has_the_sets_in_its_numbering() -> None:
    mesh = Mesh(np.arange(6.0), sets={"inlet": np.array([1, 4]), "wall": np.array([0, 2])})
    assert _as_lists(mesh.at(np.array([5, 4, 1])).sets) == {"inlet": [1, 2]}
    assert _as_lists(mesh.with_unit("m").sets) == _as_lists(mesh.sets)
    valued = np.array([True, True, True, True, False, True])
    assert _as_lists(NodeMask(mesh, valued).part().sets) == {"inlet": [1], "wall": [0, 2]}


@pytest.mark.parametrize(
    ("names", "offsets", "nodes", "message"),
    [
        (("a",), [0, 1], [5], "the set 'a' has the node 5: but there are 5 nodes"),
        (("a", "b"), [0, 1, 2], [3, -1], "the set 'b' has the node -1"),
        (("a",), [0, 2], [3, 3], "the set 'a' has the node 3: not sorted"),
        (("a",), [0, 2], [3], "do not fit"),
        (("a", "b"), [0, 1, 1], [3], "do not fit"),
        (("a",), [0, 1, 2], [3, 4], "do not fit"),
        (("a", "a"), [0, 1, 2], [3, 4], "same name"),
        (("a" * 10_000,), [0, 1], [3], "has the name 'aaaa"),
        (("a\x1b[31m",), [0, 1], [3], "names are printable"),
        (("",), [0, 1], [3], "names are printable"),
    ],
)
def test_damaged_sets_are_refused(
    names: tuple[str, ...], offsets: list[int], nodes: list[int], message: str
) -> None:
    sets = NodeSets(names, Ragged(np.array(offsets), np.array(nodes)))
    with pytest.raises(UserError, match=message):
        Mesh(np.arange(5.0), sets=sets).check(5)


def test_too_many_sets_are_refused() -> None:
    sets = NodeSets.of({str(k): [0] for k in range(node_sets.MOST_SETS + 1)})
    with pytest.raises(UserError, match="10001 sets of nodes, more than 10000"):
        sets.check(5)


def test_numbers_must_be_whole() -> None:
    with pytest.raises(UserError, match="'inlet' holds float64, not numbers of nodes"):
        NodeSets.of({"inlet": [0.5]})


def test_what_of_a_file_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_sets, "MOST_SETS", 3)
    monkeypatch.setattr(node_sets, "MOST_NUMBERS", 5)
    given = {
        " inlet ": [1, 2],
        "empty": [],
        "x" * 10_000: [1],
        "inlet": [3],
        "all": [0, 1, 2, 3],
        "outlet": [3],
        "wall": [0],
        "one more": [4],
    }
    sets, remarks = usable(given)
    assert list(sets) == ["inlet", "outlet", "wall"]
    assert remarks == [
        "sets without nodes are left out: 'empty'",
        "sets whose names are empty, not printable or of more than 200 characters are left out: "
        f"'{'x' * 40}'",
        "sets whose names differ in blanks only are left out: 'inlet'",
        "sets with more than 5 nodes together are left out: 'all'",
        "sets beyond the first 3 are left out: 'one more'",
    ]
