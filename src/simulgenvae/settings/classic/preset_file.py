"""Reader of the classic ``preset.txt``: blocks of five lines, each a preset.

A block is a header, the number of the preset (and of its data file), ``init_beta_divisor``, the
encoder's filters and the conditioner's filters. ``preset<k>.txt`` holds preset k and comes before
``preset.txt``.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError
from simulgenvae.settings.classic.lines import Line, number, read_lines, whole_number, whole_numbers
from simulgenvae.settings.problems import SettingsNote, refuse
from simulgenvae.settings.raw import RawSettings, RawValue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from simulgenvae.settings.folder import StudyFolder

LINES: dict[str, tuple[str, Callable[[str], object]]] = {
    "init_beta_divisor": ("training.init_beta_divisor", number),
    "num_filter_enc": ("model.filters", whole_numbers),
    "latent_conditioner_filter": ("conditioner.filters", whole_numbers),
}
"""Lines after the preset's number, by their names: the setting and the converter of its text."""

_NAMES = ("data_No", *LINES)
_CONVERTERS = (whole_number, *(convert for _, convert in LINES.values()))


def read_preset(study: StudyFolder, preset: int) -> RawSettings:
    """Return the raw settings of a preset; UserError if no file has it.

    A study without any preset file has the defaults as preset 1.
    """
    # In the order of precedence: preset<k>.txt, then preset.txt.
    files = [path for path in study.preset_files(preset) if path.exists()]
    if not files:
        if preset == 1:
            return {}
        raise UserError(
            f"preset {preset}: there is neither "
            f"{' nor '.join(map(str, study.preset_files(preset)))}; write one of them or choose "
            "another --preset"
        )
    for other in files[1:]:
        warnings.warn(
            f"{other}: not read, because {files[0].name} is there", SettingsNote, stacklevel=2
        )
    presets = _read_file(files[0])
    if preset not in presets:
        found = ", ".join(map(str, presets)) or "none"
        raise UserError(
            f"{files[0]}: there is no preset {preset} in this file, only: {found}; "
            "choose another --preset or add a block"
        )
    return presets[preset]


def _read_file(path: Path) -> dict[int, RawSettings]:
    """Return all presets of a file by their numbers."""
    presets: dict[int, RawSettings] = {}
    problems: list[str] = []
    for start, values in _blocks(read_lines(path)):
        try:
            index, raw = _read_block(path, start, values)
        except ValueError as error:
            problems.append(str(error))
            continue
        if index in presets:
            problems.append(
                f"{path}, line {start}: preset {index} is there twice; keep one of them"
            )
        presets[index] = raw
    if problems:
        refuse(problems)
    return presets


def _blocks(lines: Iterable[Line]) -> Iterator[tuple[int, list[Line]]]:
    """Yield the number of the first line of each block, and its lines without the header.

    A header is a line with two or more names, so that one word among the values remains a mistake
    that can be named.
    """
    start = 0
    values: list[Line] = []
    for line in lines:
        header = len(re.findall(r"[A-Za-z]\w+", line.text)) >= 2
        if header or len(values) == len(_NAMES):
            if start:
                yield start, values
            start = line.number
            values = []
        start = start or line.number
        if not header:
            values.append(line)
    if start:
        yield start, values


def _read_block(path: Path, start: int, values: Sequence[Line]) -> tuple[int, RawSettings]:
    """Return number and raw settings of a preset; raise ValueError if it cannot be read."""
    if missing := _NAMES[len(values) :]:
        raise ValueError(
            f"{path}, line {start}: this preset needs a header and four lines, none of them empty "
            f"({', '.join(_NAMES)}), but ends before {missing[0]}"
        )
    read: dict[str, RawValue] = {}
    for name, convert, line in zip(_NAMES, _CONVERTERS, values, strict=True):
        place = f"{path}, line {line.number}"
        try:
            read[name] = RawValue(convert(line.text), place, name)
        except ValueError as error:
            raise ValueError(f"{place}: {name} {error}, but is {line.text!r}") from error
    number_of_preset = read.pop("data_No").value
    assert isinstance(number_of_preset, int)
    return number_of_preset, {LINES[name][0]: given for name, given in read.items()}
