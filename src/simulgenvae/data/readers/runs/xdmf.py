"""XDMF as FEniCS, dolfinx and meshio write it, brought into the form that VTK's reader knows.

These programs list the mesh once and include it at each timestep, with namespaces at which VTK's
reader crashes (``https://www.w3.org/2001/XInclude``), and once more outside of the timesteps.

Tested in tests/data/readers/runs/test_xdmf.py.
"""

from __future__ import annotations

import copy
import json
import re
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree

from simulgenvae.data.names import listed
from simulgenvae.data.prediction_labels import LABELS, PredictionLabels
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree.ElementTree import Element

_MESH = ("Topology", "Geometry")
_INCLUDE = "}include"
_POINTER = re.compile(
    r"xpointer\((?P<path>/{1,2}.+?)/\*\[self::Topology or self::Geometry\]\)"
    r"|xpointer\((?P<single>/{1,2}.+?)\)"
)


class PlainXdmf(NamedTuple):
    """XML in which the mesh is no longer included, and lines for the user."""

    text: str
    notes: list[str]
    labels: PredictionLabels | None


def plain_xdmf(path: Path) -> PlainXdmf:
    """Return the content of an XDMF file for VTK's reader, with the full paths of its values.

    Entities and files elsewhere have been refused before
    (:func:`~simulgenvae.data.readers.runs.external_files.check_xdmf`).

    Raises
    ------
    UserError
        For a file without grids, an include that names no mesh, and functions of finite elements.
    """
    root = ElementTree.parse(path).getroot()
    for parent in list(root.iter()):
        _resolve_includes(path, root, parent)
    domain = root.find("Domain")
    if domain is None or domain.find("Grid") is None:
        raise UserError(f"{path}: has no grids: no mesh and no timesteps")
    for attribute in root.iter("Attribute"):
        if attribute.get("ItemType") == "FiniteElementFunction":
            raise UserError(
                f"{path}: {attribute.get('Name')!r} is a checkpoint of FEniCS "
                "(FiniteElementFunction), which is not read: write the function with "
                "XDMFFile.write, which gives values at nodes"
            )
    labels = _labels(path, domain)
    notes = _one_collection(path, domain)
    for item in root.iter("DataItem"):
        if item.get("Format", "XML").upper() != "XML" and item.text:
            name, colon, inside = item.text.strip().partition(":")
            item.text = f"{(path.parent / name.strip()).absolute()}{colon}{inside}"
    return PlainXdmf(ElementTree.tostring(root, encoding="unicode"), notes, labels)


def _labels(path: Path, domain: Element) -> PredictionLabels | None:
    """Return the labels of a prediction."""
    found = domain.find(f"Grid/Information[@Name='{LABELS}']")
    if found is None:
        return None
    try:
        arrays = json.loads(found.get("Value", ""))
        return PredictionLabels.of_arrays(arrays)
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: its labels are damaged: {error}") from error


def _resolve_includes(path: Path, root: Element, parent: Element) -> None:
    """Put the elements that an include points to in its place."""
    # From the end, so that what is put in does not move the places that are still to come.
    for place, child in reversed(list(enumerate(parent))):
        tag = str(child.tag)
        if not tag.endswith(_INCLUDE):
            continue
        pointer = child.get("xpointer", "")
        source = root if "href" not in child.attrib else _included(path, child.attrib["href"])
        found = _pointed_to(source, pointer) if pointer or source is root else [source]
        if not found:
            raise UserError(f"{path}: includes {pointer!r}, which names no mesh in the file")
        # Includes of includes could grow without end.
        inner = chain.from_iterable(element.iter() for element in found)
        if any(str(element.tag).endswith(_INCLUDE) for element in inner):
            raise UserError(f"{path}: includes {pointer!r}, which includes others itself")
        parent[place : place + 1] = [copy.deepcopy(element) for element in found]


def _included(path: Path, name: str) -> Element:
    # Names of values in the file would be relative to another folder.
    if "/" in name:
        raise UserError(f"{path}: includes {name}: only files in its own folder are included")
    return ElementTree.parse(path.parent / name).getroot()


def _pointed_to(root: Element, pointer: str) -> list[Element]:
    match = _POINTER.fullmatch(pointer.strip())
    if match is None:
        return []
    where = match["path"] or match["single"]
    # ElementTree's paths begin below the root.
    relative = f".{where}" if where.startswith("//") else re.sub(r"^/[^/]+", ".", where)
    try:
        found = root.findall(relative)
    except (SyntaxError, KeyError):
        return []
    if match["single"]:
        return found
    return [element for element in found[0] if element.tag in _MESH] if found else []


def _one_collection(path: Path, domain: Element) -> list[str]:
    """Leave one collection of timesteps, each with its mesh; return notes on what was decided."""
    collections = [
        grid
        for grid in domain.findall("Grid")
        if grid.get("GridType") == "Collection" and grid.get("CollectionType") == "Temporal"
    ]
    if not collections:
        return []
    notes: list[str] = []
    static = [grid for grid in domain.findall("Grid") if grid not in collections]
    for grid in static:
        domain.remove(grid)
        if grid.find(".//Attribute") is not None:
            notes.append(f"the grid {grid.get('Name')!r} has no time, and is not read")
    for collection in collections:
        _complete(collection, static)
        notes += _later_count(collection)
    first = collections[0]
    for other in collections[1:]:
        if not _join(first, other):
            # VTK reads these as blocks, among which the user can choose.
            continue
        domain.remove(other)
        notes.append(
            f"fields of {listed([str(first.get('Name')), str(other.get('Name'))])} "
            "are taken together"
        )
    return notes


def _complete(collection: Element, static: list[Element]) -> None:
    """Give each timestep its time and mesh, where the collection or the first one has it."""
    grids = collection.findall("Grid")
    time = collection.find("Time")
    if time is not None and time.get("TimeType") in {"List", "HyperSlab"}:
        item = time.find("DataItem")
        values = [float(word) for word in ((item.text if item is not None else "") or "").split()]
        # Start, step and number of the times.
        if time.get("TimeType") == "HyperSlab" and len(values) == 3:
            values = [values[0] + values[1] * step for step in range(int(values[2]))]
        collection.remove(time)
        for grid, value in zip(grids, values, strict=False):
            if grid.find("Time") is None:
                ElementTree.SubElement(grid, "Time", Value=repr(value))
    for tag in _MESH:
        known = next(
            (found for grid in (*grids, *static) if (found := grid.find(tag)) is not None), None
        )
        if known is None:
            continue
        for grid in grids:
            if grid.get("GridType", "Uniform") == "Uniform" and grid.find(tag) is None:
                grid.insert(0, copy.deepcopy(known))


def _time(grid: Element) -> str:
    time = grid.find("Time")
    return "" if time is None else time.get("Value", "").strip()


def _later_count(collection: Element) -> list[str]:
    """Remove timesteps whose time comes again later."""
    seen: set[float] = set()
    again: list[str] = []
    for grid in reversed(collection.findall("Grid")):
        if not (text := _time(grid)):
            continue
        if float(text) in seen:
            collection.remove(grid)
            again.append(f"{float(text):g}")
        seen.add(float(text))
    if not again:
        return []
    return [
        "timesteps that occur more than once (a restart): the later one counts, at "
        f"{listed(again[::-1])}"
    ]


def _join(first: Element, other: Element) -> bool:
    """Move the fields of a collection to another one at the same times on the same mesh."""
    ours = first.findall("Grid")
    theirs = other.findall("Grid")
    if [_time(grid) for grid in ours] != [_time(grid) for grid in theirs]:
        return False
    if any(_mesh_text(a) != _mesh_text(b) for a, b in zip(ours, theirs, strict=True)):
        return False
    for a, b in zip(ours, theirs, strict=True):
        names = {attribute.get("Name") for attribute in a.findall("Attribute")}
        if any(attribute.get("Name") in names for attribute in b.findall("Attribute")):
            return False
    for a, b in zip(ours, theirs, strict=True):
        a.extend(b.findall("Attribute"))
    return True


def _mesh_text(grid: Element) -> list[str]:
    return [
        ElementTree.tostring(part, encoding="unicode").strip()
        for part in grid.iter()
        if part.tag in _MESH
    ]
