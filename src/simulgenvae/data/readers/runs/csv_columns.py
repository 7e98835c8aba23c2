"""Header of a CSV file with one row for each node: what its columns are.

Tested in tests/data/readers/runs/test_csv_files.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_AXIS = re.compile(
    r"(?:coord(?:inate)?s?|coor|points?|pos(?:ition)?|nodes?|location)?[\s:_.-]*([xyz]|[0-3])"
    r"(?:[\s_.-]*(?:coord(?:inate)?s?|location|pos(?:ition)?))?"
)
"""Names of coordinates: x, X Location, x-coordinate, Points:0, COOR1; without their units."""
_PLAIN_DIGIT = re.compile(r"[\s:_.-]*[0-3]")
_NODE = re.compile(r"(?:point|node|nodal|vertex)[\s_.-]*(?:id|ids|label|number|no\.?|num|nr)?")
"""Names of a column with the numbers of the nodes: Point ID, PointID, Node Label, nodenumber."""
_INDEX = re.compile(r"|id|index|row id|unnamed: \d+|vtkoriginalpointids")
_TIME = re.compile(r"time|timevalue|time value")
_UNIT = re.compile(r"(.+?)\s*(?:\[\s*([^\]]*?)\s*\]|\(([^()]*)\))\s*")
_AT_TIME = re.compile(r"(.+?)\s*@\s*(?:t|time)\s*=\s*([-+\d.eE]+)\s*(?:\w*)")


class Column(NamedTuple):
    """Column with values of a field.

    Attributes
    ----------
    position
        Number of the column, from 0.
    field, component
        Name of the field and number of the component.
    unit
        Unit, or no text.
    time
        Time in the header, as COMSOL writes it for several timesteps in one file; None elsewhere.
    """

    position: int
    field: str
    component: int = 0
    unit: str = ""
    time: float | None = None


@dataclass(frozen=True)
class Columns:
    """Meaning of the columns of a file.

    Attributes
    ----------
    axes
        Positions of the columns with x, y and z, as far as there are such.
    nodes
        Position of the column with the numbers of the nodes; None without.
    time
        Position of the column with the time; None without.
    values
        All other columns.
    names_nodes
        Whether the column of numbers says that they are of nodes.
    """

    axes: tuple[int, ...]
    nodes: int | None
    time: int | None
    values: tuple[Column, ...]
    names_nodes: bool

    @property
    def is_listing_of_nodes(self) -> bool:
        """Return whether a file with these columns has values of nodes, and is no other table."""
        return bool(self.values) and (bool(self.axes) or self.names_nodes)


def read_columns(names: Sequence[str]) -> Columns:
    """Return the meaning of columns by their names."""
    axes: dict[int, int] = {}
    nodes: int | None = None
    names_nodes = False
    time: int | None = None
    values: list[Column] = []
    for position, name in enumerate(names):
        stem, unit = split_unit(name)
        key = stem.lower()
        axis = _AXIS.fullmatch(key)
        # A digit by itself fits the pattern of axes, but names none.
        if axis and not _PLAIN_DIGIT.fullmatch(key):
            axes.setdefault(_axis_number(axis[1], names), position)
        elif _NODE.fullmatch(key) or _INDEX.fullmatch(key):
            # A number of the node counts more than a number of the row.
            if nodes is None or (_NODE.fullmatch(key) and not names_nodes):
                nodes = position
            names_nodes = names_nodes or _NODE.fullmatch(key) is not None
        elif _TIME.fullmatch(key):
            time = position
        # ParaView adds the lengths of the position vectors, which are no field.
        elif key != "points_magnitude":
            values.append(_value(position, name, stem, unit))
    ordered = tuple(axes[axis] for axis in sorted(axes))
    return Columns(ordered, nodes, time, _with_components(values), names_nodes)


def split_unit(name: str) -> tuple[str, str]:
    """Return the name of a column without its unit, and the unit.

    >>> split_unit("Equivalent (von-Mises) Stress (Pa)"), split_unit("X [ m ]")
    (('Equivalent (von-Mises) Stress', 'Pa'), ('X', 'm'))
    """
    found = _UNIT.fullmatch(name)
    if found is None:
        return name.strip(), ""
    return found[1].strip(), (found[2] if found[2] is not None else found[3]).strip()


def _axis_number(text: str, names: Sequence[str]) -> int:
    if text in "xyz":
        return "xyz".index(text)
    # ParaView counts from 0, Abaqus from 1.
    counts_from_1 = not any(re.fullmatch(r"\D+0", split_unit(name)[0]) for name in names)
    return int(text) - counts_from_1


def _value(position: int, name: str, stem: str, unit: str) -> Column:
    timed = _AT_TIME.fullmatch(name.strip())
    if timed is None:
        return Column(position, stem, unit=unit)
    stem, unit = split_unit(timed[1])
    return Column(position, stem, unit=unit, time=float(timed[2]))


def _with_components(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Return the columns with ``U:0``, ``U:1`` and so on, or ``U_0`` …, as components of ``U``."""
    parts: dict[str, dict[int, Column]] = {}
    for column in columns:
        found = re.fullmatch(r"(.+)[:_](\d)", column.field)
        if found:
            parts.setdefault(found[1], {})[int(found[2])] = column
    taken = {column.field for column in columns}
    renamed: dict[int, Column] = {}
    for field, members in parts.items():
        # Any other numbers are part of a name, such as numbers of species.
        is_whole = sorted(members) == list(range(len(members))) and len(members) in {2, 3, 6, 9}
        if is_whole and field not in taken:
            for component, column in members.items():
                renamed[column.position] = column._replace(field=field, component=component)
    return tuple(renamed.get(column.position, column) for column in columns)
