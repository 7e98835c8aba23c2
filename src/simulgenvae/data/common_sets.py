"""Named sets of nodes that all runs have in common.

Tested in tests/data/test_common_sets.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulgenvae.data.names import listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulgenvae.mesh.node_sets import NodeSets

_MOST_SHOWN = 10


class OtherSets(NamedTuple):
    """Sets of another run or file.

    Attributes
    ----------
    name
        Name of the run or file, for messages.
    sets
        Its sets.
    same_nodes
        Whether its nodes have the same numbers; where not, only names are compared.
    """

    name: str
    sets: NodeSets
    same_nodes: bool = True


def common_sets(own: NodeSets, others: Iterable[OtherSets]) -> tuple[NodeSets, list[str]]:
    """Return the sets that all others have too, with the same nodes, and remarks on all others."""
    differs: dict[str, str] = {}
    for other in others:
        missing = own.names_without(other.sets) + other.sets.names_without(own)
        changed = [
            name
            for name in own
            if other.same_nodes
            and name in other.sets
            and not np.array_equal(own[name], other.sets[name])
        ]
        for name in (*missing, *changed):
            differs.setdefault(name, other.name)
    kept = own.only(own.names_without(differs))
    if not differs:
        return kept, []
    shown = [f"{name!r} ({where})" for name, where in list(differs.items())[:_MOST_SHOWN]]
    more = f" and {len(differs) - _MOST_SHOWN} more" if len(differs) > _MOST_SHOWN else ""
    return kept, [
        "sets of nodes that are not the same in all runs are left out, with the first run that "
        f"differs: {', '.join(shown)}{more}"
    ]


def cut_sets(whole: NodeSets, part: NodeSets) -> list[str]:
    """Return remarks on the sets that have no nodes in a part of the mesh."""
    lost = whole.names_without(part)
    if not lost:
        return []
    return [f"sets without nodes in the part that is read are left out: {listed(lost)}"]
