"""Integrity checks of files with which VTK's readers would crash, never end, or invent values.

Tested in tests/data/readers/runs/test_ensight.py, test_lsdyna.py, test_cgns.py and test_vtkhdf.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import h5py
import numpy as np

from simulgenvae.data.readers.runs.ensight_text import require_complete_text
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

HDF5 = b"\x89HDF"
_CASE_LINE = re.compile(
    r"\s*#|(FORMAT|GEOMETRY|VARIABLE|TIME|FILE|SCRIPTS)\s*$|[a-z][a-z_ ]*:|[-+.\deE\s]+$"
)
"""Line of an EnSight case: a section, a name with a colon, or more numbers."""
_CASE_VARIABLE = re.compile(
    r"\s*#|constant per case|(complex )?(scalar|vector|tensor symm|tensor asym) per "
    r"(measured )?(node|element):(\s+\S+){2,}"
)
"""Line of an EnSight case that names a variable: after the colon at least its name and a file."""
_CASE_SECTIONS = {
    "FORMAT": ("type",),
    "GEOMETRY": ("model", "measured", "match", "boundary"),
    "TIME": ("time set", "filename start number", "filename increment", "time values"),
}
"""Section of an EnSight case in which lines with these names are; others may be elsewhere."""
_CASE_VARIABLE_NAME = re.compile(r" per (case|(measured )?(node|element))$")
_CASE_WHOLE_NUMBERS = {"number of steps", "filename start number", "filename increment"}
_D3PLOT_COUNTS = (19, 24, 27, 29, 30, 32, 33, 37, 39, 41, 42, 47, 51, 52, 55)
"""Control words of LS-DYNA that are numbers of things, each with further words in the files."""
_D3PLOT_TAIL = 2**16
"""Bytes at the end of each LS-DYNA file that are searched for the end mark.

LS-DYNA writes whole blocks, so that the mark is not always at the very end.
"""


def begins_with(path: Path, beginning: bytes) -> bool:
    """Return whether these are the first bytes of a file."""
    with path.open("rb") as file:
        return file.read(len(beginning)) == beginning


def require_complete_hdf5(path: Path) -> None:
    """Raise UserError when an HDF5 file is damaged, or parts of it are in other files.

    Links within the file are fine.
    """
    try:
        with h5py.File(path, "r") as file:
            groups = [file["/"]]
            seen = set()
            # Not visititems: that follows only hard links, so external ones would stay unseen.
            while groups:
                group = groups.pop()
                for name in group:
                    link = group.get(name, getlink=True)
                    if isinstance(link, h5py.SoftLink):
                        continue
                    if not isinstance(link, h5py.HardLink):
                        raise UserError(
                            f"{path}, {group.name}/{name}: a link to another file: such files are "
                            "not read"
                        )
                    item = group[name]
                    # Groups may contain each other. h5py makes a new object for each access, and
                    # the hash of its id says which group it is.
                    if isinstance(item, h5py.Group) and item.id.__hash__() not in seen:
                        seen.add(item.id.__hash__())
                        groups.append(item)
                    elif isinstance(item, h5py.Dataset) and (
                        item.is_virtual or item.external is not None
                    ):
                        raise UserError(
                            f"{path}, {item.name}: its values lie in other files: copy them into "
                            "this one"
                        )
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise UserError(f"{path}: cannot be read as HDF5: truncated or damaged: {error}") from error


def require_complete_case(file: Path) -> None:
    """Raise UserError for an EnSight case that was cut short.

    VTK's reader crashes, or never ends, with such a case.
    """
    text = file.read_text(encoding="latin-1")
    if not re.search(r"^\s*type:\s*ensight", text, re.MULTILINE) or not re.search(
        r"^model:\s*\S", text, re.MULTILINE
    ):
        raise UserError(
            f"{file}: truncated or damaged: has no 'type: ensight …' or no geometry ('model: …')"
        )
    for line in text.splitlines():
        if line.strip() and not _CASE_LINE.match(line):
            raise UserError(
                f"{file}: {line.strip()[:80]!r} is no line of an EnSight case that is read, or "
                "damaged"
            )
    _require_sections(file, text)
    # A line that was cut off has no name of a variable, or none of its file.
    variables = re.search(r"^VARIABLE\s*$(.*?)(^[A-Z]+\s*$|\Z)", text, re.MULTILINE | re.DOTALL)
    for line in variables[1].splitlines() if variables else ():
        if line.strip() and not _CASE_VARIABLE.match(line):
            raise UserError(
                f"{file}: truncated or damaged: {line.strip()!r} names no variable and its file"
            )
    # Asterisks are the places of the numbers of timesteps, so that there must be some.
    if "*" in text and "time set:" not in text:
        raise UserError(
            f"{file}: truncated or damaged: its files have numbers (***), but it has no times"
        )
    _require_same_sizes(file, text)
    # A time set that was cut off lists fewer times than it announces.
    for block in text.split("time set:")[1:]:
        steps = re.search(r"number of steps:\s*(\d+)", block)
        values = re.search(r"time values:((?:\s+[-+.\deE]+)*)", block)
        count = len(values[1].split()) if values else 0
        if not steps or count != int(steps[1]):
            raise UserError(
                f"{file}: truncated or damaged: {count} time values, of "
                f"{steps[1] if steps else 'unknown'}"
            )


def _require_sections(file: Path, text: str) -> None:
    """Raise UserError for lines with which VTK's reader would wait for ever for the right ones."""
    section = ""
    for line in text.splitlines():
        name, colon, value = (part.strip() for part in line.partition(":"))
        if name.isupper() and not colon:
            section = name
        own = next((own for own, names in _CASE_SECTIONS.items() if name in names), None)
        if _CASE_VARIABLE_NAME.search(name):
            own = "VARIABLE"
        if colon and own is not None and own != section:
            raise UserError(
                f"{file}: {line.strip()[:80]!r} is in the section {section or 'before all others'} "
                f"and not in {own}: damaged"
            )
        if name in _CASE_WHOLE_NUMBERS and not re.fullmatch(r"-?\d+", value):
            raise UserError(f"{file}: {line.strip()[:80]!r} has no whole number: damaged")


def _require_same_sizes(file: Path, text: str) -> None:
    """Raise UserError when the files of one variable have different sizes.

    VTK reads zeros for binary values that are missing. On a mesh that does not change, the files
    of all timesteps have the same size, so that a shorter one is cut short.
    """
    model = re.search(r"^model:.*?(\S+)\s*$", text, re.MULTILINE)
    if model is None or "*" in model[1] or not (geometry := file.parent / model[1]).is_file():
        return
    # Files of text have lines of different lengths: their values are counted instead.
    if not begins_with(geometry, b"C Binary"):
        if not begins_with(geometry, b"Fortran Binary") and "gold" in text.lower():
            require_complete_text(file, text, geometry)
        return
    for name in dict.fromkeys(re.findall(r"\S*\*\S*", text)):
        sizes = {part.stat().st_size: part for part in file.parent.glob(re.sub(r"\*+", "*", name))}
        if len(sizes) > 1:
            raise UserError(
                f"{file}: {sizes[min(sizes)].name} is truncated: other timesteps have more values"
            )


def require_complete_d3plot(path: Path) -> None:
    """Raise UserError when LS-DYNA's files are not complete.

    Checked are the control words, the size of the mesh, and the mark after the states of each
    file (LS-DYNA Database Manual, "d3plot").
    """
    files = [path, *sorted(path.parent.glob("d3plot[0-9]*"))]
    with path.open("rb") as file:
        head = file.read(64 * 8)
    head = head[: len(head) // 8 * 8]
    # The file does not say its precision and byte order: only with the right ones is the word for
    # the version of LS-DYNA a sensible number.
    kind = next((kind for kind in ("<f4", "<f8", ">f4", ">f8") if _is_version(head, kind)), None)
    if kind is None:
        raise UserError(f"{path}: no d3plot of LS-DYNA, or truncated within its control words")
    words = np.frombuffer(head, kind.replace("f", "i"))
    nodes, solids, beams, shells, thick = (int(words[place]) for place in (16, 23, 28, 31, 40))
    # Words of the mesh: coordinates, and for each element its nodes and its material.
    size = 64 + min(int(words[15]), 3) * nodes + 9 * (solids + thick) + 6 * beams + 5 * shells
    if min(nodes, solids, beams, shells, thick) < 0 or size * words.itemsize > sum(
        f.stat().st_size for f in files
    ):
        raise UserError(
            f"{path}: truncated or damaged: a mesh of {nodes} nodes does not fit into its files"
        )
    # Converters put the states behind the mesh and its numbers (NARBS) in the same file.
    state = (size + int(words[39]) + 3 * nodes) * words.itemsize
    if len(files) < 2 and path.stat().st_size < state:
        raise UserError(
            f"{path}: holds a mesh and no results, and there is no d3plot01 in its folder, where "
            "LS-DYNA writes the first results"
        )
    _require_states(path, words, sum(f.stat().st_size for f in files) // words.itemsize)
    # LS-DYNA ends each file with this number in the place of the next state's time.
    for part in files[1:]:
        with part.open("rb") as file:
            file.seek(-min(_D3PLOT_TAIL, part.stat().st_size), 2)
            tail = file.read()
        if np.array(-999999.0, kind).tobytes() not in tail:
            raise UserError(
                f"{part}: has no mark at its end: truncated, or has the solver stopped early?"
            )


def _require_states(path: Path, words: NDArray[np.signedinteger], most: int) -> None:
    """Raise UserError when a state with what the control words announce does not fit.

    VTK's reader never ends, or reserves any amount of memory, with such words.
    """
    flags = [int(word) for word in words[20:23]]  # displacement, velocity, acceleration
    pairs = [(23, 27), (40, 42), (28, 30), (31, 33)]  # elements of each kind, and values of each
    values = [int(words[18])] + [int(words[count]) * int(words[each]) for count, each in pairs]
    size = 1 + sum(values) + 3 * sum(flags) * int(words[16])
    counts = [int(words[place]) for place in _D3PLOT_COUNTS]
    fits = max(size, *counts) <= most and min(*values, *counts) >= 0
    if not fits or not set(flags) <= {0, 1}:
        raise UserError(
            f"{path}: truncated or damaged: states with what its control words announce do not fit "
            "into its files"
        )


def _is_version(head: bytes, kind: str) -> bool:
    """Return whether word 14, LS-DYNA's version (about 960), is one as this type of number."""
    words = np.frombuffer(head, kind)
    return len(words) >= 64 and 900 < words[14] < 1000
