"""Descriptor of a format of solvers' result files, and the registry of such formats.

Tested in tests/data/readers/test_registry.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from simulgenvae.data.readers.runs.series import Series

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class RunFormat:
    """One format of result files: how its files are recognised, and the functions that open them.

    Attributes
    ----------
    name
        Short name for messages and help, for example the solver's.
    open
        Function that opens one run: all its times, or a steady state. It raises UserError when the
        file is damaged.
    suffixes
        Endings of the files, in lower case and with the dot; the whole name where files have no
        ending.
    first_bytes
        Beginnings, one of which every file of this format has. A file with such a suffix and
        another beginning is refused with a message. An empty beginning fits every file.
    is_case
        Function that says whether a folder is a run of this format.
    open_timesteps
        Function that opens a run of which each file is one timestep, from its folder and its files
        in natural order. None for formats whose files hold all times of a run.
    open_runs
        Function that opens all runs in one file, by their ids. None for formats of one run a file.
    recognise
        Function that says by its content whether a file is a result. Such files are results only in
        a folder without results of other formats, which often come with tables. None for formats
        whose suffix says enough.
    has_pieces
        Whether a folder with the name of such a file has pieces of it, and is no run itself.
    check
        Integrity check of a file, called before it is opened. It raises UserError when the file is
        cut short in a way that the opener would not notice, or refers to files outside of its
        folder.
    isolated
        Whether files are checked and opened in another process, because damaged ones can end it.
        ``check``, ``open`` and ``open_timesteps`` must then be functions of a module.
    has_blocks
        Whether ``open`` and ``open_timesteps`` take the names of ``blocks`` to read.
    extra
        Name of the optional dependencies of this package that the opener needs.
    """

    name: str
    open: Callable[..., Series]
    suffixes: tuple[str, ...] = ()
    first_bytes: tuple[bytes, ...] = (b"",)
    is_case: Callable[[Path], bool] | None = None
    open_timesteps: Callable[..., Series] | None = None
    open_runs: Callable[[Path], Mapping[str, Series]] | None = None
    recognise: Callable[[Path], bool] | None = None
    has_pieces: bool = False
    check: Callable[[Path], None] | None = None
    isolated: bool = False
    has_blocks: bool = False
    extra: str | None = None

    def require_first_bytes(self, path: Path) -> None:
        """Raise UserError unless a file has the first bytes of this format."""
        with path.open("rb") as file:
            # Text files of Windows may start with a byte order mark, before the first bytes.
            head = file.read(len(_BYTE_ORDER_MARK) + max(map(len, self.first_bytes)))
        if not head.removeprefix(_BYTE_ORDER_MARK).startswith(self.first_bytes):
            raise UserError(
                f"{path}: named {path.suffix}, but its content is not that: it is empty, damaged "
                "or misnamed"
            )


RUN_FORMATS: dict[str, RunFormat] = {}
"""Known formats of result files by name. See :func:`register_run_formats`."""


def register_run_formats(*formats: RunFormat) -> None:
    """Add formats of result files to the registry, from this package or from outside.

    A later format replaces an earlier one of the same name, and takes over its suffixes from any
    other one.
    """
    for run_format in formats:
        RUN_FORMATS[run_format.name] = run_format
    _by_suffix.cache_clear()


def run_format_of(name: str) -> RunFormat | None:
    """Return the format of a file by its name."""
    # Not Path, which takes ten times as long: a run may have thousands of files.
    start, dot, suffix = name.rpartition(".")
    return _by_suffix().get(f".{suffix.lower()}" if start and dot else name)


def run_suffixes() -> list[str]:
    """Return the suffixes of all formats of result files."""
    return list(_by_suffix())


def run_cases() -> list[str]:
    """Return the names of the formats whose runs are folders of a special kind."""
    return [known.name for known in RUN_FORMATS.values() if known.is_case is not None]


@cache
def _by_suffix() -> dict[str, RunFormat]:
    # A folder of runs may have 100,000 entries, each of which is looked up.
    found: dict[str, RunFormat] = {}
    for known in RUN_FORMATS.values():
        found |= dict.fromkeys(known.suffixes, known)
    return found
