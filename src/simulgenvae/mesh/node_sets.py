"""Named sets of nodes: inlets, walls, physical groups and other parts that solver files name.

Tested in tests/mesh/test_node_sets.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.mesh.cells import Ragged
from simulgenvae.utils.formatting import count

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

ARRAYS = ("offsets", "nodes")
"""Names of the arrays of :meth:`NodeSets.arrays`; both are int64 and have one dimension."""
MOST_SETS = 10_000
"""Most sets of a mesh: files that name every element would make every message unreadable."""
MOST_NUMBERS = 50_000_000
"""Most nodes of all sets together, 400 MB: a short file can list all nodes many times."""
_LONGEST = 200
_MOST_SHOWN = 20
_RULE = f"names are printable, at most {_LONGEST} characters, without blanks around them"


@dataclass(frozen=True, eq=False)
class NodeSets(Mapping[str, "NDArray[np.int64]"]):
    """Named sets of nodes; as a mapping, the numbers of the nodes of each set by its name.

    Numbers count from 0, increase within a set, and no set is empty.

    Attributes
    ----------
    names
        Names of the sets.
    nodes
        Numbers of the nodes of each set.
    """

    names: tuple[str, ...]
    nodes: Ragged

    @classmethod
    def none(cls) -> Self:
        """Return no sets."""
        return cls((), Ragged.empty())

    @classmethod
    def of(cls, sets: Mapping[str, Any]) -> Self:
        """Return sets of numbers in any order, each of which may occur several times.

        Sets without nodes are left out. Raises UserError for what are no whole numbers.
        """
        found: dict[str, NDArray[np.int64]] = {}
        for name, numbers in sets.items():
            array = np.asarray(numbers)
            if array.size and array.dtype.kind not in "iu":
                raise UserError(f"the set {name!r} holds {array.dtype}, not numbers of nodes")
            found[name] = np.unique(array).astype(np.int64)
        return cls._of_sorted(found)

    @classmethod
    def _of_sorted(cls, sets: Mapping[str, NDArray[np.int64]]) -> Self:
        filled = {name: numbers for name, numbers in sets.items() if len(numbers)}
        if not filled:
            return cls.none()
        offsets = np.cumsum([0, *map(len, filled.values())]).astype(np.int64)
        return cls(tuple(filled), Ragged(offsets, np.concatenate(list(filled.values()))))

    @classmethod
    def from_arrays(cls, names: Iterable[str], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the sets of arrays as :meth:`arrays` returns them; :meth:`check` checks the rest.

        Raises UserError for missing arrays and other types of numbers.
        """
        names = tuple(names)
        if not names:
            return cls.none()
        for name in ARRAYS:
            array = arrays.get(name)
            if array is None or array.dtype != np.int64 or array.ndim != 1:
                raise UserError(f"the array {name!r} of the sets of nodes is missing or damaged")
        return cls(names, Ragged(arrays["offsets"], arrays["nodes"]))

    def arrays(self) -> dict[str, NDArray[np.int64]]:
        """Return the numbers of all sets as arrays, by their names; none where there are no sets.

        Set k has the entries ``offsets[k]`` to ``offsets[k + 1]`` of ``nodes``.
        """
        return {"offsets": self.nodes.offsets, "nodes": self.nodes.values} if self.names else {}

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self.names)}

    def __getitem__(self, name: str) -> NDArray[np.int64]:
        row = self._rows[name]
        return self.nodes.values[self.nodes.offsets[row] : self.nodes.offsets[row + 1]]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def sizes(self) -> dict[str, int]:
        """Return the number of nodes of each set."""
        return dict(zip(self.names, self.nodes.counts.tolist(), strict=True))

    def check(self, nodes: int) -> None:
        """Raise UserError unless the sets are valid for a mesh of ``nodes`` nodes."""
        if len(self) > MOST_SETS:
            raise UserError(f"{len(self)} sets of nodes, more than {MOST_SETS}")
        for name in self.names:
            if not _is_name(name):
                raise UserError(f"a set of nodes has the name {name[:40]!r}: {_RULE}")
        if len(self._rows) < len(self):
            raise UserError("two sets of nodes have the same name")
        offsets, values = self.nodes
        if (
            offsets.shape != (len(self) + 1,)
            or offsets[0] != 0
            or offsets[-1] != len(values)
            or (np.diff(offsets) <= 0).any()
        ):
            raise UserError("the offsets of the sets of nodes do not fit their numbers: damaged")
        if not len(values):
            return
        wrong = (values < 0) | (values >= nodes)
        # Between two sets the numbers may decrease.
        falling = np.concatenate([[False], values[1:] <= values[:-1]])
        falling[offsets[:-1]] = False
        for bad, what in ((wrong, f"but there are {nodes} nodes, from 0"), (falling, "not sorted")):
            if bad.any():
                at = int(np.argmax(bad))
                name = self.names[int(np.searchsorted(offsets, at, side="right")) - 1]
                raise UserError(f"the set {name!r} has the node {values[at]}: {what}")

    def renumbered(self, place: NDArray[np.int64]) -> NodeSets:
        """Return the sets in another numbering.

        Node k becomes ``place[k]``, or leaves its sets where that is negative. Sets that lose all
        nodes are left out.
        """
        if not self.names:
            return self
        moved = {name: place[numbers] for name, numbers in self.items()}
        return NodeSets._of_sorted({n: np.sort(each[each >= 0]) for n, each in moved.items()})

    def names_without(self, others: Mapping[str, object]) -> list[str]:
        """Return the names that are not among ``others``."""
        return [name for name in self if name not in others]

    def only(self, names: Iterable[str]) -> NodeSets:
        """Return the sets of some names."""
        wanted = set(names)
        return NodeSets._of_sorted({name: self[name] for name in self if name in wanted})


def described(sizes: Mapping[str, int]) -> str:
    """Return the first sets with their numbers of nodes, such as ``inlet (5 nodes)``."""
    first = list(sizes.items())[:_MOST_SHOWN]
    more = f" and {len(sizes) - len(first)} more" if len(sizes) > len(first) else ""
    return ", ".join(f"{name} ({count(size, 'node')})" for name, size in first) + more


def usable(sets: Mapping[str, Any]) -> tuple[NodeSets, list[str]]:
    """Return the sets of a stranger's file that can be kept, and remarks on all others.

    Blanks around names are removed. Sets without nodes, with names that are too long or not
    printable or that occur already, and those beyond :data:`MOST_SETS` or :data:`MOST_NUMBERS`,
    are left out.
    """
    found: dict[str, Any] = {}
    reasons: dict[str, list[str]] = {}
    total = 0
    for given, numbers in sets.items():
        name = given.strip()
        total += len(numbers)
        reason = _problem(name, numbers, found, total)
        if reason:
            reasons.setdefault(reason, []).append(given)
            total -= len(numbers)
        else:
            found[name] = numbers
    remarks = [f"sets {reason} are left out: {_shown(names)}" for reason, names in reasons.items()]
    return NodeSets.of(found), remarks


def _is_name(name: str) -> bool:
    """Return whether a name can be shown and written in a quantity."""
    return 0 < len(name) <= _LONGEST and name.isprintable() and name == name.strip()


def _problem(name: str, numbers: Any, found: Mapping[str, Any], total: int) -> str:
    """Return why a set cannot be kept, as words after *sets*; no text where it can."""
    if not len(numbers):
        return "without nodes"
    if not _is_name(name):
        return f"whose names are empty, not printable or of more than {_LONGEST} characters"
    if name in found:
        return "whose names differ in blanks only"
    if len(found) >= MOST_SETS:
        return f"beyond the first {MOST_SETS}"
    return f"with more than {MOST_NUMBERS} nodes together" if total > MOST_NUMBERS else ""


def _shown(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(repr(name[:40]) for name in names[:5]) + more
