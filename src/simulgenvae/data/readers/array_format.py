"""Descriptor of a format of arrays, and the registry of such formats.

Tested in tests/data/readers/test_registry.py.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from simulgenvae.data.readers.stored_array import ArrayFile
from simulgenvae.errors import UserError

ArrayReader = Callable[[Path], AbstractContextManager[ArrayFile]]


@dataclass(frozen=True)
class ArrayFormat:
    """One format of arrays: how its files are recognised, and the function that opens one.

    Attributes
    ----------
    name
        Short name for messages and help.
    open
        Context manager that opens a file and yields its arrays by their names.
    suffixes
        Endings of the files, in lower case and with the dot.
    first_bytes
        Beginnings, one of which every file of this format has. A file with such a suffix and
        another beginning is refused with a message. An empty beginning fits every file.
    markers
        Names of files that make a folder data of this format.
    """

    name: str
    open: ArrayReader
    suffixes: tuple[str, ...] = ()
    first_bytes: tuple[bytes, ...] = (b"",)
    markers: tuple[str, ...] = ()

    def has_first_bytes(self, head: bytes) -> bool:
        """Return whether a file with these first bytes can be of this format."""
        return head.startswith(self.first_bytes)

    def require_first_bytes(self, path: Path) -> None:
        """Raise UserError unless a file has the first bytes of this format.

        A renamed pickle must not reach a reader that trusts its suffix.
        """
        try:
            with path.open("rb") as file:
                head = file.read(64)
        except OSError as error:
            raise UserError(f"{path}: cannot be read: {error.strerror}") from error
        if self.has_first_bytes(head):
            return
        # The message names the format that the content has, as files are often misnamed.
        found = "unknown (empty or damaged)"
        for known in ARRAY_FORMATS.values():
            if known.has_first_bytes(head) and b"" not in known.first_bytes:
                found = known.name
                break
        raise UserError(
            f"{path}: named like {self.name}, but its content is {found}: rename it, or choose the "
            "right file"
        )

    def is_folder(self, path: Path) -> bool:
        """Return whether ``path`` is a folder with data of this format."""
        return any((path / marker).is_file() for marker in self.markers)


ARRAY_FORMATS: dict[str, ArrayFormat] = {}
"""Known formats of arrays by name. See :func:`register_array_formats`."""


def register_array_formats(*formats: ArrayFormat) -> None:
    """Add formats of arrays to the registry, from this package or from outside.

    A later format replaces an earlier one of the same name, and takes over its suffixes from any
    other one.
    """
    for array_format in formats:
        ARRAY_FORMATS[array_format.name] = array_format


def array_format_of(path: Path) -> ArrayFormat | None:
    """Return the format of a file by its suffix, or of a folder by the files in it."""
    # The last one first, so that a format from outside can take over a suffix.
    for array_format in reversed(ARRAY_FORMATS.values()):
        if array_format.is_folder(path) or (
            path.suffix.lower() in array_format.suffixes and not path.is_dir()
        ):
            return array_format
    return None


def array_suffixes() -> list[str]:
    """Return the suffixes of all formats of arrays."""
    suffixes: list[str] = []
    for known in ARRAY_FORMATS.values():
        suffixes += known.suffixes
    return suffixes


def array_folders() -> list[str]:
    """Return the names of the formats of arrays that are folders."""
    return [known.name for known in ARRAY_FORMATS.values() if known.markers]
