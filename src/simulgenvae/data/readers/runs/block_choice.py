"""Blocks of a mesh that are read: those that the user names, or all that are parts of one mesh.

Tested in tests/data/readers/runs/test_block_choice.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.names import listed
from simulgenvae.data.readers.runs.blocks import leaves
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


_Grids = Mapping[str, Any]
"""Grids of PyVista by the names of their blocks."""


class BlockChoice:
    """Choice among the blocks of a run, made at the first timestep that is read.

    Without a choice of the user, blocks of fewer dimensions whose nodes all lie on nodes of the
    blocks with the most dimensions are boundaries, and left out; all others are read.

    Parameters
    ----------
    path
        File or folder of the run, for messages.
    wanted
        Names of blocks, ``*`` and ``?`` standing for any letters; None for the rule above.

    Attributes
    ----------
    notes
        Lines for the user, once a timestep has been read.
    """

    def __init__(self, path: Path, wanted: Sequence[str] | None = None) -> None:
        self.notes: list[str] = []
        self._path = path
        self._wanted = wanted
        self._names: list[str] | None = None

    def __call__(self, data: Any) -> Any:
        """Return data with the chosen blocks only; data without blocks as they are.

        Raises UserError when a block is missing, or several lie on the same nodes.
        """
        if not (hasattr(data, "combine") and hasattr(data, "n_blocks")):
            if self._wanted is not None:
                raise UserError(f"{self._path}: has no blocks to choose from (--block)")
            return data
        found = dict(leaves(data))
        if not found:
            raise UserError(f"{self._path}: has no block with nodes: is it a mesh without content?")
        if self._names is None:
            self._names = self._named(found) if self._wanted is not None else self._by_rule(found)
        missing = [name for name in self._names if name not in found]
        if missing:
            raise UserError(
                f"{self._path}: has no block {listed(missing)} at some timesteps; choose others "
                f"with --block: {listed(list(found))}"
            )
        return _blocks({name: found[name] for name in self._names})

    def _named(self, found: _Grids) -> list[str]:
        patterns = self._wanted
        assert patterns is not None

        def is_wanted(name: str) -> bool:
            return any(fnmatchcase(name, pattern) for pattern in patterns)

        names = [name for name in found if is_wanted(name)]
        if not names:
            raise UserError(
                f"{self._path}: has no block {listed(list(patterns))} (--block); its blocks "
                f"are {listed(_shown(found))}"
            )
        left_out = [name for name in found if name not in names]
        if left_out:
            self.notes.append(f"blocks that are not read (--block): {listed(left_out)}")
        return names

    def _by_rule(self, found: _Grids) -> list[str]:
        dimensions = {name: block.GetMaxSpatialDimension() for name, block in found.items()}
        most = max(dimensions.values())
        inner = _points([block for name, block in found.items() if dimensions[name] == most])
        # Patches of a boundary: their nodes are nodes of the volume too, and would count twice.
        boundaries = [
            name
            for name, block in found.items()
            if dimensions[name] < most and np.isin(_points([block]), inner).all()
        ]
        names = [name for name in found if name not in boundaries]
        if boundaries:
            self.notes.append(
                f"blocks on the boundary of others, which are not read: {listed(boundaries)} "
                "(--block takes what it names)"
            )
        self._require_other_nodes({name: found[name] for name in names})
        if len(names) > 1:
            shown = listed(_shown({name: found[name] for name in names}))
            self.notes.append(f"blocks are read one after another: {shown} (--block chooses)")
        return names

    def _require_other_nodes(self, blocks: _Grids) -> None:
        """Raise UserError when blocks lie on top of each other: frames, or one mesh many times."""
        seen: dict[bytes, str] = {}
        for name, block in blocks.items():
            points = np.asarray(block.points)
            key = repr((points.shape, block.n_cells)).encode() + points.tobytes()
            if key in seen:
                raise UserError(
                    f"{self._path}: the blocks {seen[key]!r} and {name!r} are the same mesh: "
                    "timesteps without a time inside (TimeValue), or fields in files of their own? "
                    "Name the block to read with --block (--block '*' reads all as one mesh)"
                )
            seen[key] = name


def _shown(blocks: _Grids) -> list[str]:
    return [f"{name} ({block.n_points} nodes)" for name, block in blocks.items()]


def _points(blocks: Sequence[Any]) -> NDArray[Any]:
    """Return the positions of all nodes as single values that can be compared."""
    points = np.concatenate([np.asarray(block.points, dtype=np.float64) for block in blocks])
    # Adding 0 makes -0 and 0 the same bytes.
    return np.ascontiguousarray(points + 0.0).view(np.dtype((np.void, 24))).ravel()


def _blocks(chosen: _Grids) -> Any:
    import pyvista

    return pyvista.MultiBlock(chosen)
