"""Survey of one run: which fields it has at some of its timesteps, and whether its nodes move.

Tested in tests/data/readers/runs/test_field_choice.py and test_geometry.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.readers.runs.geometry import same_nodes, same_places
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.data.prediction_labels import PredictionLabels
    from simulgenvae.data.readers.runs.series import Kind, Listing, Series


@dataclass(frozen=True)
class Survey:
    """Fields and motion of a run, as far as its first, second and last timestep show them.

    Attributes
    ----------
    path
        File or folder of the run.
    kinds
        Fields of the timesteps that were looked at, by their times.
    left_out
        Reason by the name of the field, for fields that the file does not have at all nodes.
    remarks
        Lines on what else is done with the content of the file.
    ancillary
        Names of fields that are read only when they are requested.
    coords
        Positions of the nodes at the first timestep, `[M, D]`.
    moved
        Largest difference of each coordinate of a node in time, `[D]`; 0 where the nodes stay.
    labels
        What the file of a prediction says about itself; None for other files.
    """

    path: Path
    kinds: Mapping[float, Mapping[str, Kind]]
    left_out: Mapping[str, str]
    remarks: tuple[str, ...]
    ancillary: Collection[str]
    coords: NDArray[Any]
    moved: NDArray[np.float64]
    labels: PredictionLabels | None = None

    @property
    def motion(self) -> float:
        """Largest difference of a coordinate of a node in time; 0 where the nodes stay."""
        return float(self.moved.max(initial=0.0))

    @property
    def names(self) -> list[str]:
        """Names of all fields, in the order of the file."""
        return list(dict.fromkeys(name for fields in self.kinds.values() for name in fields))

    def kind(self, name: str) -> Kind | None:
        """Return the kind of a field; None where it is not the same at all timesteps."""
        found = {fields.get(name) for fields in self.kinds.values()}
        return found.pop() if len(found) == 1 else None

    def irregularity(self, name: str) -> str:
        """Return why the run cannot give a field at all timesteps; no text where it can."""
        if name in self.left_out:
            return self.left_out[name]
        having = [time for time, fields in self.kinds.items() if name in fields]
        if len(having) < len(self.kinds):
            lacking = [time for time in self.kinds if time not in having]
            return f"at time {_listed(having)}, not at {_listed(lacking)}"
        if self.kind(name) is None:
            places = [
                f"{'in cells' if fields[name].in_cells else 'at nodes'} ({fields[name].components} "
                f"components) at time {time:g}"
                for time, fields in self.kinds.items()
            ]
            return ", ".join(places)
        return ""


def survey(
    series: Series, like: NDArray[Any] | None = None, *, look_between: bool = False
) -> Survey:
    """Return the survey of a run.

    Positions that agree with ``like`` are that array itself, so that many runs share its memory.
    With ``look_between``, a timestep between the first and the last one is looked at as well where
    the nodes have not moved there: they may have come back.

    Raises UserError when it cannot be read, or its number of nodes changes.
    """
    first = series.listing(0)
    looked_at: dict[float, Listing] = {float(series.times[0]): first}
    last = len(series.times) - 1
    if last > 0:
        looked_at[float(series.times[last])] = series.listing(last)
    # The second timestep shows whether a field exists at the start only, or is written later on.
    # It is read only if first and last timestep differ.
    if last > 1 and len({frozenset(found.kinds.items()) for found in looked_at.values()}) > 1:
        looked_at[float(series.times[1])] = series.listing(1)
    positions = {time: found.coords for time, found in looked_at.items()}
    moved = _moved(series, positions, _start(series, first.coords))
    if look_between and last > 1 and not moved.any():
        # At no simple fraction of the span: motion is often periodic.
        between = max(1, round(0.38 * last))
        positions = {float(series.times[between]): series.listing(between).coords}
        moved = _moved(series, positions, first.coords)
    left_out: dict[str, str] = {}
    remarks: dict[str, None] = {}
    for found in looked_at.values():
        left_out |= found.left_out
        remarks |= dict.fromkeys(found.remarks)
    return Survey(
        path=series.path,
        kinds={time: looked_at[time].kinds for time in sorted(looked_at)},
        left_out=left_out,
        remarks=tuple(remarks),
        ancillary=series.ancillary,
        coords=first.coords if like is None or not same_nodes(first.coords, like) else like,
        moved=moved,
        labels=first.labels,
    )


def _start(series: Series, first: NDArray[Any]) -> NDArray[Any]:
    """Return where the nodes are in the mesh of a run, whose first timestep has them at ``first``.

    These differ where earlier timesteps are left out of a moving mesh.
    """
    if not series.skips_start:
        return first
    start = series.mesh().coords
    return first if start is None or start.shape != first.shape else start


def _moved(
    series: Series, positions: Mapping[float, NDArray[Any]], start: NDArray[Any]
) -> NDArray[np.float64]:
    """Return how far each coordinate is from ``start`` at most, `[D]`, at ``positions`` by time.

    Raises UserError for positions that are not finite, or of other nodes.
    """
    moved = np.zeros(start.shape[1])
    for time, coords in positions.items():
        require_finite_positions(series.path, coords, time)
        require_nodes(series.path, coords, start, time)
        if same_nodes(coords, start):
            continue
        if same_places(coords, start):
            raise UserError(
                f"{series.path}: the nodes at time {time:g} are at the places of those at "
                f"{series.times[0]:g} in another order: write all timesteps in one order of nodes"
            )
        far = np.abs(coords.astype(np.float64) - start).max(axis=0)
        moved = np.maximum(moved, far)
    return moved


def require_finite_positions(path: Path, coords: NDArray[Any], time: float) -> None:
    """Raise UserError when positions of nodes are NaN or infinite."""
    wrong = int(np.count_nonzero(~np.isfinite(coords).all(axis=1)))
    if wrong:
        raise UserError(
            f"{path}: {wrong} of {len(coords)} nodes at time {time:g} have no finite position: the "
            "file is damaged, or the solver diverged"
        )


def require_nodes(path: Path, coords: NDArray[Any], before: NDArray[Any], time: float) -> None:
    """Raise UserError when the number of nodes or of coordinates changes during a run."""
    if coords.shape[1] != before.shape[1]:
        raise UserError(
            f"{path}: nodes have {coords.shape[1]} coordinates at time {time:g}, but "
            f"{before.shape[1]} before"
        )
    if len(coords) != len(before):
        raise UserError(
            f"{path}: {len(coords)} nodes at time {time:g}, but {len(before)} before: the mesh "
            "changes during the run (refined, or cells removed): write the results on one mesh, "
            "for example with the solver's mapping tool or ParaView's filter Resample With Dataset"
        )


def _listed(times: Collection[float]) -> str:
    return " and ".join(f"{time:g}" for time in times)
