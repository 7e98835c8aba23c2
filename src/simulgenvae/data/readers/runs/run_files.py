"""Files that are the timesteps of a run in VTK's formats, and their times.

The one place that decides this, in this order: the collection (``.pvd``, ``.series``), the time
inside the files, the number in their names, their order. What is decided is said in ``notes``.

Tested in tests/data/readers/runs/test_run_files.py.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.names import listed
from simulgenvae.data.readers.runs.file_times import time_inside
from simulgenvae.data.readers.runs.name_numbers import numbers, series_name
from simulgenvae.data.readers.runs.naming_files import PIECES, Entry, entries
from simulgenvae.errors import UserError
from simulgenvae.utils.formatting import count

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

SAME_TIME = 1e-9
"""Largest difference of two times that count as one, relative to the span of the run."""


@dataclass(frozen=True)
class RunFiles:
    """Timesteps of a run.

    Attributes
    ----------
    times
        Increasing times, `[T]`.
    files
        Files of each timestep by the name of the part of the mesh that they hold.
    notes
        Lines for the user: where the times come from, and what was decided.
    check
        Function that returns further lines, for which it opens all files.
    """

    times: NDArray[np.float64]
    files: tuple[dict[str, Path], ...]
    notes: tuple[str, ...]
    check: Callable[[], Sequence[str]] = tuple


def collection_files(path: Path) -> RunFiles:
    """Return the timesteps that a ParaView collection names.

    Raises UserError when it is damaged, names no files, or has other parts at other times.
    """
    found = entries(path)
    kind = f"the collection ({path.suffix.lower()})"
    if not found:
        raise UserError(
            f"{path}: names no files, so that the run has no timesteps: has the solver stopped "
            "before its first output?"
        )
    if found[0].time is None:
        # A file occurs once for each timestep where the collection gives no times.
        times = [float(step) for step in range(len(found))]
        note = f"times are the order of the files in {kind}, which gives none"
        return _run_files(path, found, times, [note])
    times = [float(entry.time or 0.0) for entry in found]
    run = _run_files(path, found, times, [f"times come from {kind}"])
    # Files are opened once: a run is opened twice, and its notes are looked at once.
    return replace(run, check=lambda: _contradictions(found, times))


def frame_files(path: Path) -> RunFiles | None:
    """Return the blocks of a ``.vtm`` file as timesteps; None where they are parts of one mesh.

    Blocks are timesteps when each has a time inside, and all these times differ.
    """
    found = entries(path)
    if len(found) < 2:
        return None
    times = [file_time(entry.file) for entry in found]
    known = [time for time in times if time is not None]
    if len(known) < len(found) or len(set(known)) < len(found):
        return None
    note = "the blocks are timesteps: each has another time inside (TimeValue)"
    return _run_files(path, [Entry(entry.file) for entry in found], known, [note])


def folder_files(folder: Path, files: Sequence[Path]) -> RunFiles:
    """Return files of one timestep each, in natural order, as the timesteps of a run.

    Parameters
    ----------
    folder
        Folder of the run, for messages.
    files
        Files of single timesteps.

    Raises
    ------
    UserError
        When they are several series, or their names do not distinguish the timesteps.
    """
    inside = [file_time(file) for file in files]
    known = [time for time in inside if time is not None]
    if len(files) == 1:
        said = " (not the time inside the file)" if known and known[0] else ""
        note = f"one timestep: a steady run, at time 0{said}"
        return RunFiles(np.zeros(1), ({"": files[0]},), (note,))
    series = Counter(series_name(file, folder) for file in files)
    # Some programs write the same time into every file, which says nothing.
    tells = len(known) == len(files) and len(set(known)) > 1
    # Files of any names are one series when each has another time inside.
    if len(series) > 1 and not (tells and len(set(known)) == len(files)):
        held = [f"{name} ({count(files, 'file')})" for name, files in series.most_common()]
        raise UserError(
            f"{folder}: holds {len(series)} series of files, {listed(held)}: a run is one of them: "
            f"choose its files, as in --pattern '{series.most_common(1)[0][0]}'"
        )
    found = [Entry(file) for file in files]
    if tells:
        note = "times are those inside the files (TimeValue, TIME), not the numbers of their names"
        return _run_files(folder, found, known, [note])
    steps = numbers(folder, files)
    first = files[0].relative_to(folder)
    notes = [f"times are the numbers in the names of the files, such as {first}"]
    if known:
        notes.append(
            f"the time inside of {len(known)} of {len(files)} files is not used, as "
            f"{'others have none' if len(known) < len(files) else 'it is the same in all'}"
        )
    return _run_files(folder, found, steps, notes)


def file_time(file: Path) -> float | None:
    """Return the time inside a file, or inside its first piece or block."""
    if not file.is_file():
        return None
    time = time_inside(file)
    if time is None and file.suffix.lower() in (".vtm", *PIECES):
        named = entries(file)
        return file_time(named[0].file) if named and named[0].file != file else None
    return time


def later_counts(path: Path, times: NDArray[np.float64]) -> tuple[NDArray[np.intp], list[str]]:
    """Return the timesteps to take, in order of time, and notes: of equal times the later counts.

    Raises UserError when every time occurs equally often and none goes back, as in pieces.
    """
    same = _equal_times(times)
    # A later step replaces an earlier one at the same time.
    last = {time: step for step, time in enumerate(same)}
    repeated = {time for time, times in Counter(same).items() if times > 1}
    if repeated:
        _require_restart(path, same)
    steps = np.array([last[time] for time in sorted(last)], dtype=np.intp)
    return steps, _restart_notes(repeated)


def _run_files(
    path: Path, found: Sequence[Entry], times: Sequence[float], notes: Sequence[str]
) -> RunFiles:
    """Return the timesteps of files with times; files of one time are parts, or a restart."""
    if not np.all(np.isfinite(times)):
        raise UserError(f"{path}: has a time that is not finite")
    same = _equal_times(np.array(times, dtype=np.float64))
    steps: dict[float, dict[tuple[str, str], Path]] = {}
    repeated: set[float] = set()
    for time, entry in zip(same, found, strict=True):
        step = steps.setdefault(time, {})
        key = (entry.part, series_name(entry.file))
        if key in step:
            repeated.add(time)
        step[key] = entry.file
    # Parts of a mesh are there at all times; a restart under another name only at some.
    if len({frozenset(step) for step in steps.values()}) > 1:
        if len({entry.part for entry in found}) > 1:
            raise UserError(
                f"{path}: has other parts of the mesh at some times than at others: write a "
                "collection with the same parts at all times"
            )
        repeated.update(time for time, step in steps.items() if len(step) > 1)
        last = dict(zip(same, found, strict=True))
        steps = {time: {("", ""): entry.file} for time, entry in last.items()}
    elif repeated:
        _require_restart(path, same)
    ordered = sorted(steps)
    files = tuple(_named(steps[time]) for time in ordered)
    return RunFiles(np.array(ordered), files, (*notes, *_restart_notes(repeated)))


def _named(step: dict[tuple[str, str], Path]) -> dict[str, Path]:
    """Return the files of a timestep by short names of their parts."""
    several = len({name for _, name in step}) > 1
    named: dict[str, Path] = {}
    for (part, name), file in step.items():
        base = name.rpartition(".")[0].strip("*_-. ") if several else f"part {part.strip('/')}"
        named[base if base not in named else f"{base} {part.strip('/')}"] = file
    return named


def _equal_times(times: NDArray[np.float64]) -> list[float]:
    """Return the times, those that differ by a rounding error made equal."""
    order = np.argsort(times, kind="stable")
    near = SAME_TIME * float(np.ptp(times)) if len(times) else 0.0
    # The first of nearly equal times replaces the others, so that they can be keys.
    equal = times.copy()
    for before, step in pairwise(order):
        if times[step] - equal[before] <= near:
            equal[step] = equal[before]
    return [float(time) for time in equal]


def _require_restart(path: Path, times: Sequence[float]) -> None:
    """Raise UserError when every time occurs equally often without a step back in time."""
    counts = Counter(times)
    is_forward = all(a <= b for a, b in pairwise(times))
    if len(set(counts.values())) == 1 and is_forward:
        raise UserError(
            f"{path}: has every time {counts[times[0]]} times, and no restart that goes back in "
            "time: are these pieces, several meshes or several series? Choose files with --pattern"
        )


def _restart_notes(repeated: set[float]) -> list[str]:
    if not repeated:
        return []
    shown = listed([f"{time:g}" for time in sorted(repeated)])
    return [f"timesteps that occur more than once (a restart): the later one counts, at {shown}"]


def _contradictions(found: Sequence[Entry], times: Sequence[float]) -> list[str]:
    """Return a note where files say another time than their collection."""
    near = 1e-6 * float(np.ptp(times))
    inside = [file_time(entry.file) for entry in found]
    # A writer that always says the same time does not mean it.
    if len(set(inside)) < 2:
        return []
    for entry, time, own in zip(found, times, inside, strict=True):
        if own is not None and abs(own - time) > near:
            return [
                f"the collection counts: it has {entry.file.name} at {time:g}, the file itself "
                f"says {own:g}"
            ]
    return []
