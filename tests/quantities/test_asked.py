"""Quantities before their nodes are known, and on meshes that differ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.node_mask import NodeMask
from simulgenvae.quantities import AskedQuantities, FieldDomain

from .conftest import square_mesh


def asked(domain: FieldDomain, **texts: str) -> AskedQuantities:
    return AskedQuantities.read(texts, domain, Path())


def stretched(factor: float) -> Mesh:
    mesh = square_mesh()
    assert mesh.coords is not None
    return Mesh(mesh.coords * [factor, 1.0], mesh.cells)


def test_nodes_and_volumes_are_those_of_each_mesh(domain: FieldDomain, fields: np.ndarray) -> None:
    texts = {"area": "integral(v)", "right": "mean(u, box=(1.5, 0, 9, 1))"}
    quantities = asked(domain, **texts)
    on_long = quantities.on(domain.on(stretched(2.0), numbered=True))
    assert on_long.of_run(fields).values[0] == pytest.approx(2 * 0.5)
    # The right column and that beside it, whose x of 1 and 0.75 is u at time 0.
    assert on_long.of_run(fields[:1].repeat(3, 0)).values[1] == pytest.approx((2 * 0.75 + 1) / 3)
    with pytest.raises(UserError, match=r"^quantity 'right': the box holds no node"):
        quantities.on(domain.on(stretched(1.0), numbered=True))


def test_digests_do_not_depend_on_the_mesh(domain: FieldDomain, tmp_path: Path) -> None:
    texts = {"a": "max(u)", "b": "max( u )", "c": "max(u, node=3)", "d": "max(u, node=4)"}
    texts |= {"e": "max(u, time=1)", "f": "min(u)", "g": "max(v)", "h": "max(u) < 3"}
    digests = {each.name: each.digest for each in asked(domain, **texts).quantities}
    assert digests["a"] == digests["b"] == digests["h"]
    assert len(set(digests.values())) == 6
    (tmp_path / "wall.txt").write_text("3\n4\n")
    of_file = {"a": "max(u, nodes='wall.txt')"}
    before = AskedQuantities.read(of_file, domain, tmp_path).quantities[0]
    first = before.digest
    (tmp_path / "wall.txt").write_text("3\n5\n")
    assert before.digest != first


def test_numbers_of_nodes_say_nothing_where_meshes_differ(domain: FieldDomain) -> None:
    quantities = asked(domain, q="max(u, node=3)")
    assert quantities.on(domain.on(stretched(2.0), numbered=True)).nodes.tolist() == [3]
    with pytest.raises(UserError, match="nodes of one number are elsewhere in each mesh"):
        quantities.on(domain.on(stretched(2.0), numbered=False))


def test_nodes_without_values_are_left_out_of_own_meshes_too(domain: FieldDomain) -> None:
    mask = NodeMask(domain.mesh, np.arange(25) >= 5)
    masked = FieldDomain(domain.variables, domain.units, domain.times, mask.part(), 20, mask)
    own = masked.on(stretched(2.0), numbered=True)
    assert own.nodes == 20
    assert asked(masked, q="max(u, node=7)").on(own).nodes.tolist() == [2]
    assert own.coords("")[2].tolist() == [1.0, 0.25]


def test_no_integral_without_cells(domain: FieldDomain) -> None:
    bare = domain.on(Mesh(domain.coords("")), numbered=True)
    with pytest.raises(UserError, match="no integral, as the mesh has no cells"):
        asked(bare, q="integral(u)")
