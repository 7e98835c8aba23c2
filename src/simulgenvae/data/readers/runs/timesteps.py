"""Values of one timestep of a run after the other, each checked against the survey of the runs.

Tested in tests/data/readers/runs/test_field_choice.py, test_geometry.py and test_folder.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.motion import DISPLACEMENT
from simulgenvae.data.names import listed
from simulgenvae.data.readers.runs.geometry import (
    farthest,
    motion_message,
    same_nodes,
)
from simulgenvae.data.readers.runs.survey import require_finite_positions, require_nodes
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from simulgenvae.data.readers.runs.field_choice import FieldChoice
    from simulgenvae.data.readers.runs.series import Series, Snapshot, Values

_TAKE_OTHERS = "leave it out with --fields, or these timesteps with --start and --end"


class Timesteps:
    """Reader of the chosen variables at all timesteps of a run.

    Parameters
    ----------
    choice
        Fields to read.
    units
        Expected units by the name of the field.

    Attributes
    ----------
    late
        Fields that were found only when timesteps were read, each with its run and time.
    """

    def __init__(self, choice: FieldChoice, units: Mapping[str, str]) -> None:
        self._choice = choice
        self._units = units
        self.late: dict[str, tuple[Path, float]] = {}

    def values(self, series: Series) -> Iterator[Values]:
        """Yield the variables of one timestep after the other.

        Raises UserError when a timestep lacks a field, or has it in another unit or place, and when
        the nodes change, or move in a run without a field of their displacement.
        """
        wanted = dict.fromkeys(field for field, _ in self._choice.variables.values())
        may_move = DISPLACEMENT in wanted
        start = None
        # Solvers may add fields, or refine the mesh, during a run: each timestep is checked.
        for step, time in enumerate(series.times):
            found = series.read(step)
            nodes = len(found.coords)
            start = found.coords if start is None else start
            require_nodes(series.path, found.coords, start, time)
            if not same_nodes(found.coords, start):
                require_finite_positions(series.path, found.coords, time)
                if not may_move:
                    moved = farthest(found.coords, start)
                    raise UserError(motion_message(series.path, moved, start))
            self._check(series, found, wanted, float(time))
            columns = [
                found.fields[field].reshape(nodes, -1)[:, part]
                for field, part in self._choice.variables.values()
            ]
            values = np.stack(columns, axis=1)
            # Double precision is kept: an offset may save what float32 would lose.
            kept = np.result_type(values.dtype, np.float32)
            yield found.coords, values.astype(kept, copy=False)

    def remarks(self) -> Iterator[str]:
        """Yield a line about each field that only some timesteps of a run have."""
        for name, (path, time) in self.late.items():
            yield (
                f"{name}: in {path} at time {time:g}, not in the runs and timesteps that were "
                "compared first: left out"
            )

    def _check(self, series: Series, found: Snapshot, wanted: Collection[str], time: float) -> None:
        missing = [field for field in wanted if field not in found.fields]
        if missing:
            reasons = [found.left_out[name] for name in missing if name in found.left_out]
            why = f" ({'; '.join(reasons)})" if reasons else ""
            raise UserError(
                f"{series.path}: has no {listed(missing)} at time {time:g}{why}: {_TAKE_OTHERS}"
            )
        for field in wanted:
            expected = self._units.get(field, "") or "no unit"
            unit = found.units.get(field, "") or "no unit"
            if unit != expected:
                raise UserError(f"{series.path}: {field!r} is in {unit}, elsewhere in {expected}")
            in_cells = field in found.in_cells
            if in_cells != self._choice.kinds[field].in_cells:
                place = "in cells" if in_cells else "at nodes"
                raise UserError(
                    f"{series.path}: {field!r} has values {place} at time {time:g}, elsewhere not: "
                    f"{_TAKE_OTHERS}"
                )
        for name in (*found.fields, *found.left_out):
            if name not in self._choice.known and name not in wanted:
                self.late.setdefault(name, (series.path, time))
