"""Sets that runs have in common."""

from __future__ import annotations

from simulgenvae.data.common_sets import OtherSets, common_sets, cut_sets
from simulgenvae.mesh.node_sets import NodeSets

OWN = NodeSets.of({"inlet": [0, 1], "wall": [2, 3], "rotor": [4]})


def test_sets_of_all_runs_are_kept() -> None:
    sets, remarks = common_sets(OWN, [OtherSets("run_2", OWN)])
    assert (dict(sets.sizes()), remarks) == (OWN.sizes(), [])


def test_sets_that_differ_are_named_with_the_first_run_that_differs() -> None:
    others = [
        OtherSets("run_2", NodeSets.of({"inlet": [0, 1], "wall": [2], "rotor": [4]})),
        OtherSets("run_3", NodeSets.of({"inlet": [0, 1], "wall": [3], "new": [3]})),
    ]
    sets, remarks = common_sets(OWN, others)
    assert list(sets) == ["inlet"]
    assert remarks[0].endswith(": 'wall' (run_2), 'rotor' (run_3), 'new' (run_3)")


def test_on_other_meshes_only_names_are_compared() -> None:
    other = NodeSets.of({"inlet": [5], "wall": [6]})
    sets, remarks = common_sets(OWN, [OtherSets("run_2", other, same_nodes=False)])
    assert {name: nodes.tolist() for name, nodes in sets.items()} == {
        "inlet": [0, 1],
        "wall": [2, 3],
    }
    assert "'rotor' (run_2)" in remarks[0]


def test_sets_outside_of_the_part_are_named() -> None:
    assert cut_sets(OWN, OWN) == []
    assert cut_sets(OWN, OWN.only(["wall"])) == [
        "sets without nodes in the part that is read are left out: 'inlet', 'rotor'"
    ]
