"""Points and regions: nodes, weights, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.node_mask import NodeMask
from simulgenvae.mesh.node_sets import NodeSets
from simulgenvae.quantities import FieldDomain, read_quantities
from simulgenvae.quantities.point import at_point
from simulgenvae.quantities.regions import REGIONS, Region
from tests.quantities.conftest import square_domain, square_mesh


def test_a_point_in_a_cell_is_interpolated() -> None:
    found = at_point(square_mesh(), np.array([0.3, 0.1]))
    coords = square_mesh().coords
    assert coords is not None
    np.testing.assert_allclose(found.weights @ coords[found.nodes], [0.3, 0.1])
    assert (len(found.nodes), found.distance) == (4, 0.0)


def test_a_point_at_a_node_needs_that_one_only() -> None:
    found = at_point(square_mesh(), np.array([0.5, 0.25]))
    assert (found.nodes.tolist(), found.weights.tolist()) == ([7], [1.0])


def test_a_point_on_a_line_is_interpolated() -> None:
    found = at_point(Mesh(np.array([1.0, 0.0, 2.0])), np.array([1.25]))
    assert dict(zip(found.nodes.tolist(), found.weights.tolist(), strict=True)) == {
        0: 0.75,
        2: 0.25,
    }


def test_without_cells_the_nearest_node_is_taken_and_named() -> None:
    group = read_quantities({"p": "max(u, point=(0.3, 0.1))"}, square_domain(cells=False))
    region = group.quantities[0].region
    assert region.nodes.tolist() == [1]
    assert "nearest node, 1, at a distance of 0.112" in region.note


@pytest.mark.parametrize("cells", [True, False])
def test_a_point_outside_the_mesh(cells: bool) -> None:
    with pytest.raises(UserError, match=r"\(1.5, 0.5\) is outside the mesh, at a distance of 0.5"):
        at_point(square_mesh(cells=cells), np.array([1.5, 0.5]))


def test_nodes_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "wall.txt").write_text("3\n1\n2\n")
    group = read_quantities({"q": 'max(u, nodes="wall.txt")'}, square_domain(), tmp_path)
    assert group.nodes.tolist() == [1, 2, 3]


def test_nodes_are_counted_in_the_whole_mesh() -> None:
    valued = np.ones(25, bool)
    valued[:5] = False
    mask = NodeMask(square_mesh(), valued)
    whole = square_domain()
    domain = FieldDomain(whole.variables, whole.units, whole.times, mask.part(), 20, mask)
    group = read_quantities({"q": "max(u, node=7)"}, domain)
    assert group.nodes.tolist() == [2]
    with pytest.raises(UserError, match="node 3 has no values"):
        read_quantities({"q": "max(u, node=3)"}, domain)


def _with_sets(domain: FieldDomain, sets: dict[str, list[int]]) -> FieldDomain:
    return replace(domain, mesh=domain.mesh.with_sets(NodeSets.of(sets)))


def test_a_set_is_its_nodes(domain: FieldDomain) -> None:
    named = _with_sets(domain, {"inlet": [5, 0, 10], "it's <b>": [7]})
    assert read_quantities({"q": "mean(u, set='inlet')"}, named).nodes.tolist() == [0, 5, 10]
    quantity = 'max(u, set="it\'s <b>", times=(0, 1)) < 3'
    assert read_quantities({"q": quantity}, named).nodes.tolist() == [7]


def test_a_set_counts_its_nodes_with_values_only() -> None:
    valued = np.ones(25, bool)
    valued[:5] = False
    sets = NodeSets.of({"inlet": [0, 5, 10], "solid": [1, 2]})
    mask = NodeMask(square_mesh().with_sets(sets), valued)
    whole = square_domain()
    domain = FieldDomain(whole.variables, whole.units, whole.times, mask.part(), 20, mask)
    assert read_quantities({"q": "mean(u, set='inlet')"}, domain).nodes.tolist() == [0, 5]
    with pytest.raises(UserError, match="no node of the set 'solid' has values"):
        read_quantities({"q": "mean(u, set='solid')"}, domain)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "max(u, set='inlet2')",
            "no set 'inlet2': did you mean 'inlet'[?] The sets are inlet, wall",
        ),
        ("max(u, nodes='wall')", "no file 'wall', but a set of nodes: write set='wall'"),
        ("max(u, set=inlet)", "set is inlet: give the name of one set in quotation marks, such as"),
        ("max(u, set=(1, 2))", "give the name of one set in quotation marks"),
        ("max(u, set='wall', node=3)", "set and node are given: give one place only"),
        ("value(u, set='wall', time=0)", "give one place, point="),
    ],
)
def test_refused_sets(text: str, message: str, domain: FieldDomain) -> None:
    named = _with_sets(domain, {"wall": [1], "inlet": [0]})
    with pytest.raises(UserError, match=f"^quantity 'q': .*{message}"):
        read_quantities({"q": text}, named)


def test_without_sets_there_is_another_way_out(domain: FieldDomain) -> None:
    with pytest.raises(UserError, match="no named sets of nodes: ingest files that have some"):
        read_quantities({"q": "max(u, set='inlet')"}, domain)


def test_of_many_sets_only_some_are_listed(domain: FieldDomain) -> None:
    named = _with_sets(domain, {f"part {k}": [1] for k in range(10_000)})
    with pytest.raises(UserError, match=r"mean 'part 777'\?.*part 19, 9979 more$") as caught:
        read_quantities({"q": "max(u, set='part_777')"}, named)
    assert len(str(caught.value)) < 400


def test_a_region_of_another_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def above(numbers: tuple[float, ...], domain: FieldDomain) -> Region:
        return Region(np.flatnonzero(domain.coords("a half")[:, 1] > numbers[0]))

    monkeypatch.setitem(REGIONS, "above", above)
    group = read_quantities({"q": "mean(u, above=0.6)"}, square_domain())
    assert group.nodes.tolist() == list(range(15, 25))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mean(u, box=(2, 2, 3, 3))", r"the box holds no node: the mesh is from \(0, 0\) to"),
        ("mean(u, box=(0, 0, 0, 1, 1, 1))", "a box of this mesh has 4 numbers"),
        ("mean(u, box=(1, 1, 0, 0))", "lower corner first"),
        ("mean(u, sphere=(0.4, 0.4, 0.01))", "the sphere holds no node"),
        ("mean(u, sphere=(0.4, 0.4))", "2 coordinates of its centre and a radius"),
        ("max(u, node=25)", "there is no node 25: the 25 nodes are numbered from 0 to 24"),
        ("max(u, node=1.5)", "nodes are whole numbers"),
        ("max(u, nodes=(1, 1))", "node 1 is given twice"),
        ("max(u, point=(1, 2, 3))", "a point of this mesh has 2 coordinates"),
        ('max(u, nodes="none.txt")', "none.txt: no such file"),
        ('max(u, box="none.txt")', "give numbers"),
    ],
)
def test_refused_regions(text: str, message: str, domain: FieldDomain) -> None:
    with pytest.raises(UserError, match=f"^quantity 'q': .*{message}"):
        read_quantities({"q": text}, domain)
