"""Input files of Abaqus and CalculiX."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulgenvae.data.ingest.coordinates import read_mesh
from simulgenvae.data.mesh_files.abaqus_elements import cell_kind
from simulgenvae.errors import UserError
from simulgenvae.mesh import node_sets

FLAT = """** A strip of three quads.
*HEADING
 sets, and more
*Node, nset=ALL
 10, 0., 0.
 20, 1., 0.
 30, 2., 0.
 40, 3., 0.
 11, 0., 1.
 21, 1., 1.
 31, 2., 1.
 41, 3., 1.
*ELEMENT, TYPE=CPS4R, ELSET=plate
1, 10, 20, 21, 11
2, 20, 30,
31, 21
*ELEMENT, TYPE=CPS4R,
ELSET=plate
3, 30, 40, 41, 31
*ELEMENT, TYPE=MASS, ELSET=masses
77, 10
*NSET, NSET=Inlet
10, 11,
*NSET, NSET=bottom, GENERATE
10, 40, 10
*NSET, NSET="Out let"
40
41
*NSET, NSET=ends
INLET, Out let
*NSET, NSET=inlet
21
*ELSET, ELSET=last
3
*ELSET, ELSET=BOTTOM
3
*ELSET, ELSET=some, GENERATE
1, 2
*NSET, NSET=around, ELSET=last
*NSET, NSET=_Picked, INTERNAL
10
*NSET, NSET=empty
*STEP
*STATIC
*END STEP
"""


def _sets(path: Path) -> dict[str, list[int]]:
    return {name: nodes.tolist() for name, nodes in read_mesh(path).sets.items()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "job.inp"


def test_a_flat_file(path: Path) -> None:
    path.write_text(FLAT)
    mesh = read_mesh(path)
    mesh.check(8)
    assert mesh.coords is not None
    assert mesh.coords[5].tolist() == [1, 1, 0]
    assert mesh.cells["quad"].tolist() == [[0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6]]
    assert _sets(path) == {
        "ALL": list(range(8)),
        "Inlet": [0, 4, 5],
        "bottom": [0, 1, 2, 3],
        "Out let": [3, 7],
        "ends": [0, 3, 4, 5, 7],
        "around": [2, 3, 6, 7],
        "plate": list(range(8)),
        "last": [2, 3, 6, 7],
        "some": [0, 1, 2, 4, 5, 6],
    }
    assert mesh.remarks == (
        "elements of the type 'MASS' are left out",
        "sets without nodes are left out: 'empty'",
    )


CAE = """*Part, name=Part-1
*Node
1, 0., 0., 0.
2, 1., 0., 0.
3, 0., 1., 0.
*Element, type=S3
1, 1, 2, 3
*Nset, nset=half
1, 2
*End Part
*Assembly, name=Assembly
*Instance, name=Part-1-1, part=Part-1
{moved}*End Instance
*Node
1, 5., 5., 5.
*Nset, nset=Set-1, instance=Part-1-1
2, 3
*Nset, nset=reference
1
*End Assembly
"""


def test_a_file_of_abaqus_cae_with_one_part(path: Path) -> None:
    path.write_text(CAE.format(moved=""))
    assert _sets(path) == {"half": [0, 1], "Set-1": [1, 2]}
    assert [*read_mesh(path).remarks] == [
        "nodes of the assembly (reference points) are left out",
        "sets of nodes and elements of the assembly itself are left out",
    ]


NODE = "*NODE\n1, 0, 0\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"no nodes \(\*NODE\)"),
        ("1, 2, 3\n", "line 1 comes before any keyword"),
        (CAE.format(moved="1., 0., 0.\n"), "line 12: a part is moved in its assembly"),
        (CAE.format(moved="") + CAE.format(moved=""), "several instances"),
        (f"*PART, NAME=a\n{NODE}*END PART\n*PART, NAME=b\n{NODE}", "several parts"),
        ("*INCLUDE, INPUT=/etc/passwd\n", "line 1: .INCLUDE refers to another file"),
        ("*NODE, INPUT=/etc/passwd\n", "line 1: .NODE refers to another file"),
        (f"{NODE}*NGEN\n1, 5\n", "line 3: .NGEN makes or moves nodes"),
        ("*NODE, SYSTEM=C\n1, 0, 0\n", "other than Cartesian"),
        (f"{NODE}1, 1, 1\n", "the node 1 more than once"),
        ("*NODE\n99999999999999999999, 0, 0\n", "cannot be read as an input file"),
        ("*NODE\nx, 0, 0\n", "cannot be read as an input file"),
        (f"{NODE}*ELEMENT, TYPE=T3D2\n1, 1, 2\n", "the node 2, which does not exist"),
        (f"{NODE}*ELEMENT, TYPE=T3D2\n1, 1\n", "cannot be read as an input file"),
        (f"{NODE}*NSET, NSET=a\nb\n*NSET, NSET=b\na\n", "in a circle"),
        (f"{NODE}*NSET, NSET=a\n99999999999999999999\n", "cannot be read as an input file"),
    ],
)
def test_what_is_refused(text: str, message: str, path: Path) -> None:
    path.write_text(text)
    with pytest.raises(UserError, match=rf"job\.inp.*{message}"):
        read_mesh(path)


def test_members_that_do_not_exist_are_named(path: Path) -> None:
    sets = "*NSET, NSET=a\n1, 5, -3\n*NSET, NSET=b, GENERATE\n-5, 999999999999999\n*NSET, NSET=c\n1, d\n"
    path.write_text(NODE + sets)
    assert _sets(path) == {"a": [0], "b": [0], "c": [0]}
    assert [*read_mesh(path).remarks] == [
        "2 members of the set 'a' are not in the mesh",
        "sets name members that are not known: 'D'",
    ]


def test_huge_sets_take_no_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"*NSET, NSET=s{k}, GENERATE\n1, 1" for k in range(20_000)]
    path.write_text(NODE + "\n".join([*names, f"*NSET, NSET={'n' * 10_000}", "1"]))
    mesh = read_mesh(path)
    assert len(mesh.sets) == node_sets.MOST_SETS
    assert mesh.remarks == ("of 20001 sets only the first 10000 are read",)
    monkeypatch.setattr("simulgenvae.data.mesh_files.abaqus_sets.MOST_NUMBERS", 9_000)
    with pytest.raises(UserError, match="more than 9000 members together"):
        read_mesh(path)


@pytest.mark.parametrize(
    ("element", "kind"),
    [
        ("C3D8R", "hexahedron"),
        ("c3d10m", "tetra10"),
        ("DC3D20", "hexahedron20"),
        ("C3D15", "wedge15"),
        ("F3D6", "wedge"),
        ("SC8R", "hexahedron"),
        ("S4R", "quad"),
        ("S8R5", "quad8"),
        ("STRI65", "triangle6"),
        ("CPE4RH", "quad"),
        ("CAX8", "quad8"),
        ("DC2D4", "quad"),
        ("M3D3", "triangle"),
        ("B31", "line"),
        ("B32", "line3"),
        ("T3D2", "line"),
        ("SPRINGA", None),
        ("S9R5", None),
        ("COH3D8", None),
    ],
)
def test_types_of_elements(element: str, kind: str | None) -> None:
    found = cell_kind(element)
    assert (None if found is None else found.name) == kind


def test_the_middle_of_a_beam_is_its_second_node(path: Path) -> None:
    text = "*NODE\n1, 0\n2, 1\n3, 2\n*ELEMENT, TYPE=B32, ELSET=beam\n1, 1, 2, 3\n"
    path.write_text(text)
    np.testing.assert_array_equal(read_mesh(path).cells["line3"], [[0, 2, 1]])
