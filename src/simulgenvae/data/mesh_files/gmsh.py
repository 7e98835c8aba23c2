"""Meshes of Gmsh (``.msh``, versions 2.2 and 4.1, text or binary), and their physical groups.

Nodes keep the order of the file. Tested in tests/data/mesh_files/test_gmsh.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.mesh_files.gmsh_elements import BY_TYPE, POINT, ElementKind
from simulgenvae.data.mesh_files.gmsh_numbers import Numbers, sections
from simulgenvae.data.mesh_files.index import Index
from simulgenvae.data.names import prefix_errors
from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.node_sets import usable
from simulgenvae.utils.damage import damage_reported
from simulgenvae.utils.resources import require_memory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Group = tuple[int, int]
"""Dimension and number of a physical group."""
_UNNAMED = ("point", "curve", "surface", "volume")


class Elements(NamedTuple):
    """Elements of one type.

    Attributes
    ----------
    type
        Gmsh's number of the type.
    nodes
        Numbers of their nodes in the file, `[k, n]`.
    groups
        Physical groups that all of them belong to.
    """

    type: int
    nodes: NDArray[np.int64]
    groups: tuple[Group, ...]


def read_gmsh(path: Path) -> Mesh:
    """Read a mesh of Gmsh; its physical groups are the sets of the nodes of their elements.

    Raises UserError when it is damaged, or of another version.
    """
    # Measured: the numbers of a text take less than 20 times its size.
    require_memory(20 * path.stat().st_size, f"{path}: reading it", "is it the right file?")
    with prefix_errors(path), damage_reported(path, "cannot be read as a mesh of Gmsh"):
        content = path.read_bytes()
        if not content.lstrip().startswith(b"$MeshFormat"):
            raise UserError(
                "no mesh of Gmsh, which starts with $MeshFormat; meshes of Fluent have the same "
                "suffix: convert it to .vtu"
            )
        found = sections(content)
        format_line, _, mark = found["MeshFormat"].partition(b"\n")
        version, binary, size = (*format_line.split(), b"", b"", b"")[:3]
        read = {b"2.2": _version_2, b"4.1": _version_4}.get(version)
        if read is None or size != b"8" or "PartitionedEntities" in found:
            raise UserError(
                "not of version 4.1 or 2.2, or in partitions: save it as one of these "
                "(Mesh.MshFileVersion = 4.1), without partitions"
            )
        # In binary files the number 1 follows, which shows the order of the bytes.
        swapped = mark[:4] == b"\0\0\0\1"

        def opened(section: str) -> Numbers:
            return Numbers(found[section], binary=binary == b"1", swapped=swapped)

        numbers, coords, elements = read(opened, found)
        return _mesh(numbers, coords, elements, _names(found.get("PhysicalNames", b"")))


Read = tuple[NDArray[np.int64], NDArray[np.float64], list[Elements]]
"""Numbers of the nodes `[M]`, their positions `[M, 3]`, and the elements."""
Opened = Callable[[str], Numbers]


def _version_2(opened: Opened, found: Mapping[str, bytes]) -> Read:
    nodes = opened("Nodes")
    numbers, coords = nodes.nodes(nodes.first_line())
    section = opened("Elements")
    left = section.first_line()
    rows: dict[tuple[int, int], list[NDArray[np.int64]]] = {}
    while left > 0:
        # In text every element has a head of its own, in binary files many of them have one.
        if section.is_binary:
            kind, together, tags = section.whole(3, 4).tolist()
            table = _table(section, together, kind, tags, 4)
        else:
            _, kind, tags = section.whole(3).tolist()
            together = 1
            table = _table(section, 1, kind, tags - 1, 8)
        left -= max(1, together)
        # The first tag is the group.
        groups = table[:, 1 if section.is_binary else 0] if tags else np.zeros(together, np.int64)
        for group in np.unique(groups).tolist():
            rows.setdefault((kind, group), []).append(
                table[groups == group, -len(_kind(kind).order) :]
            )
    elements = []
    for (kind, group), tables in rows.items():
        own = ((_kind(kind).dimension, group),) if group else ()
        elements.append(Elements(kind, np.concatenate(tables), own))
    return numbers, coords, elements


def _version_4(opened: Opened, found: Mapping[str, bytes]) -> Read:
    groups = _groups_of_entities(opened("Entities")) if "Entities" in found else {}
    nodes = opened("Nodes")
    numbers: list[NDArray[np.int64]] = []
    coords: list[NDArray[np.float64]] = []
    for _ in range(nodes.whole(4)[0]):
        dimension, _, parametric = nodes.whole(3, 4).tolist()
        count = nodes.one()
        numbers.append(nodes.whole(count))
        width = 3 + (dimension if parametric else 0)
        coords.append(nodes.real(count * width).reshape(count, width)[:, :3])
    section = opened("Elements")
    elements = []
    for _ in range(section.whole(4)[0]):
        dimension, entity, kind = section.whole(3, 4).tolist()
        table = _table(section, section.one(), kind, 0, 8)
        elements.append(Elements(kind, table[:, 1:], groups.get((dimension, entity), ())))
    return np.concatenate(numbers), np.concatenate(coords), elements


def _groups_of_entities(section: Numbers) -> dict[tuple[int, int], tuple[Group, ...]]:
    """Return the physical groups of each entity, by its dimension and number."""
    groups: dict[tuple[int, int], tuple[Group, ...]] = {}
    for dimension, count in enumerate(section.whole(4).tolist()):
        for _ in range(count):
            entity = section.one(4)
            section.real(3 if dimension == 0 else 6)
            # A number below 0 means the other orientation.
            own = np.abs(section.whole(section.one(), 4)).tolist()
            groups[dimension, entity] = tuple((dimension, group) for group in own)
            if dimension > 0:
                section.whole(section.one(), 4)
    return groups


def _kind(number: int) -> ElementKind:
    if number not in BY_TYPE:
        raise UserError(
            f"it has elements of Gmsh's type {number}, which are not read: those of first and "
            "second order are"
        )
    return BY_TYPE[number]


def _table(section: Numbers, count: int, kind: int, tags: int, size: int) -> NDArray[np.int64]:
    """Return the numbers, tags and nodes of elements, `[count, 1 + tags + nodes]`."""
    nodes = len(_kind(kind).order)
    width = 1 + tags + nodes
    if width < nodes:
        raise ValueError("an element has less than no tags")
    return section.whole(count * width, size).reshape(count, width)


def _names(section: bytes) -> dict[Group, str]:
    """Return the names of the physical groups."""
    pattern = rb'^[ \t]*(\d{1,9})[ \t]+(\d{1,9})[ \t]+"([^"\n]*)"'
    return {
        (int(dimension), int(group)): name.decode("utf-8", "replace")
        for dimension, group, name in re.findall(pattern, section, re.MULTILINE)
    }


def _mesh(
    numbers: NDArray[np.int64],
    coords: NDArray[np.float64],
    elements: list[Elements],
    names: Mapping[Group, str],
) -> Mesh:
    index = Index(numbers, "node")
    tables: dict[str, list[NDArray[np.int64]]] = {}
    members: dict[str, list[NDArray[np.int64]]] = {}
    for each in elements:
        rows = index.places(each.nodes.ravel())
        if (rows < 0).any():
            unknown = each.nodes.ravel()[rows < 0][0]
            raise UserError(f"an element has the node {unknown}, which does not exist")
        kind = BY_TYPE[each.type]
        if each.type != POINT:
            table = rows.reshape(each.nodes.shape)[:, list(kind.order)]
            tables.setdefault(kind.name, []).append(table)
        for dimension, group in each.groups:
            name = names.get((dimension, group), f"{_UNNAMED[dimension]}_{group}")
            members.setdefault(name, []).append(rows)
    cells = {name: np.concatenate(parts) for name, parts in tables.items()}
    sets, remarks = usable(
        {name: np.unique(np.concatenate(rows)) for name, rows in members.items()}
    )
    return Mesh(coords, cells, tuple(remarks), sets=sets)
