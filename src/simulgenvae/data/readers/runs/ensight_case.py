"""Case files of EnSight: at which times each variable was written.

VTK gives a variable of the time before where a variable has fewer times than others.

Tested in tests/data/readers/runs/test_ensight.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulgenvae.data.readers.runs.ensight_names import PlainCase

_TOKEN = re.compile(r'"[^"]*"|\S+')
_KINDS = ("scalar per", "vector per", "tensor symm per", "tensor asym per", "complex ")


class VariableTimes:
    """Times at which the variables of a case were written.

    Parameters
    ----------
    case
        The case, without blanks in its names.
    """

    def __init__(self, case: PlainCase) -> None:
        text = case.path.read_text(encoding="latin-1")
        # Kept, as its temporary folder lives as long as the case.
        self._case = case
        sets = _time_sets(text)
        self._times: dict[str, tuple[float, ...]] = {}
        for line in text.splitlines():
            kind, _, rest = line.strip().partition(":")
            if kind.lower().startswith(_KINDS):
                self._add(_TOKEN.findall(rest), sets)

    def _add(self, tokens: list[str], sets: Mapping[str, tuple[float, ...]]) -> None:
        # An optional time set and file set, the name, and the file.
        numbers = [token for token in tokens[:-1] if token.isdecimal()]
        names = tokens[len(numbers) : -1]
        used = sets.get(numbers[0]) if numbers else None
        # A variable of one time, or without a time set, is a constant.
        if used is not None and len(used) > 1 and names:
            self._times[self.original(names[0])] = used

    def original(self, name: str) -> str:
        """Return the name of a variable in the case, for the name that VTK has for it."""
        plain = name.strip('"')
        return self._case.original.get(plain, plain)

    def has(self, name: str, time: float) -> bool:
        """Return whether a variable was written at a time; True for constants."""
        times = self._times.get(name)
        if times is None:
            return True
        near = 1e-6 * max(np.ptp(times), 1e-300)
        return bool(np.abs(np.array(times) - time).min() <= near)

    def correct(self, data: Any, time: float) -> None:
        """Remove variables that VTK repeats from an earlier time, and restore names."""
        for block in data.recursive_iterator(skip_none=True):
            for arrays in (block.GetPointData(), block.GetCellData()):
                for number in reversed(range(arrays.GetNumberOfArrays())):
                    array = arrays.GetAbstractArray(number)
                    name = self.original(array.GetName() or "")
                    array.SetName(name)
                    if not self.has(name, time):
                        arrays.RemoveArray(name)


def _time_sets(text: str) -> dict[str, tuple[float, ...]]:
    """Return the times of each time set by its number."""
    found: dict[str, tuple[float, ...]] = {}
    _, _, section = text.partition("\nTIME")
    for part in re.split(r"^\s*time set:", section, flags=re.MULTILINE | re.IGNORECASE)[1:]:
        number = _TOKEN.findall(part)[0]
        values = re.search(r"time values:((?:\s*[-+\d.eE]+\s)+)", f"{part}\n", re.IGNORECASE)
        if values:
            found[number] = tuple(float(value) for value in values[1].split())
    return found
