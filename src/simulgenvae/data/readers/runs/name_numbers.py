"""Numbers in the names of files: which files form one series, and the number of each timestep.

Numbers are as Python, C and OpenFOAM print them: ``5e-05``, ``0.1``, ``000120``; also as names of
folders, ``0.1/plane.vtp``.

Tested in tests/data/readers/runs/test_name_numbers.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def series_name(file: Path, folder: Path | None = None) -> str:
    """Return the name of a file, from ``folder`` on, with ``*`` in the place of each number."""
    return _NUMBER.sub("*", _name(file, folder)) + file.suffix.lower()


def is_number(name: str) -> bool:
    """Return whether a name is a number, as OpenFOAM names folders by their times."""
    return _NUMBER.fullmatch(name) is not None


def numbers(folder: Path, files: Sequence[Path]) -> list[float]:
    """Return the number of each file of one series: the one in which their names differ.

    Where several numbers differ, it is the one that differs between all files, and of several such
    numbers one with a decimal point or exponent, or the last.

    Raises UserError when no number, or no single one, distinguishes the files.
    """
    rows = [_NUMBER.findall(_name(file, folder)) for file in files]
    columns = list(zip(*rows, strict=True))
    values = [list(map(float, column)) for column in columns]
    varying = [place for place, column in enumerate(values) if len(set(column)) > 1]
    if not varying:
        raise UserError(
            f"{folder}: {files[0].name} and {files[1].name} have the same number: the files of a "
            "run are its timesteps; choose files with --pattern"
        )
    _require_no_pieces(folder, [columns[place] for place in varying])
    # In out_0012_t0.05.vtu both the step and the time distinguish the files.
    complete = [place for place in varying if len(set(values[place])) == len(files)]
    if len(varying) > 1 and not complete:
        raise UserError(
            f"{folder}: several numbers differ in names such as {files[0].name} and "
            f"{files[-1].name}, and none distinguishes all files: they may be pieces of timesteps, "
            "or several runs: choose files with --pattern, or add a collection (.pvd, .series)"
        )
    complete = complete or varying
    with_point = [place for place in complete if re.search(r"[.eE]", "".join(columns[place]))]
    return values[(with_point or complete)[-1]]


def _name(file: Path, folder: Path | None) -> str:
    """Return the name of a file without its ending, with the folders below ``folder``."""
    return file.stem if folder is None else file.relative_to(folder).with_suffix("").as_posix()


def _require_no_pieces(folder: Path, columns: Sequence[Sequence[str]]) -> None:
    """Raise UserError for ``sol_0003.0.vtu``, ``sol_0003.1.vtu``: pieces, and no times 3 and 3.1.

    The step in front of the point has leading zeros, and every step has the same pieces from 0 on.
    """
    for column in columns:
        pieces: dict[str, list[int]] = {}
        for text in column:
            if not re.fullmatch(r"0\d+\.(0|[1-9]\d*)", text):
                break
            step, _, piece = text.partition(".")
            pieces.setdefault(step, []).append(int(piece))
        else:
            first = sorted(next(iter(pieces.values())))
            if first == list(range(max(2, len(first)))) and all(
                sorted(found) == first for found in pieces.values()
            ):
                raise UserError(
                    f"{folder}: its files are {len(first)} pieces of each timestep, without the "
                    ".pvtu files that put them together: write these, or choose one piece with "
                    "--pattern"
                )
