"""Names with blanks in a case of EnSight, which VTK does not read: links with other names.

Tested in tests/data/readers/runs/test_ensight.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

_QUOTED = re.compile(r'"([^"\n]*)"')


@dataclass(frozen=True)
class PlainCase:
    """Case that VTK can read.

    Attributes
    ----------
    path
        The case itself, or one in a temporary folder with links to the files of the case.
    original
        Names in the case by their names without blanks.
    folder
        The temporary folder, which lives as long as this object.
    """

    path: Path
    original: Mapping[str, str] = field(default_factory=dict)
    folder: TemporaryDirectory[str] | None = None


def plain_case(path: Path) -> PlainCase:
    """Return a case without blanks in its names.

    Raises UserError when its files are in other folders, or their names would be the same without
    blanks.
    """
    text = path.read_text(encoding="latin-1")
    quoted = _QUOTED.findall(text)
    if not any(re.search(r"\s", name) for name in quoted):
        return PlainCase(path)
    original = {_plain(name): name for name in quoted}
    folder = TemporaryDirectory(prefix="simulgenvae-")
    for file in path.parent.iterdir():
        if not file.is_file() or file == path:
            continue
        # The check of a case looks for names without blanks only.
        if not file.resolve().is_relative_to(path.parent.resolve()):
            raise UserError(f"{path}: {file.name} is a link out of its folder: not read")
        _link(path, file, Path(folder.name) / _plain(file.name))
    plain = Path(folder.name) / "plain.case"
    plain.write_text(_QUOTED.sub(lambda found: _plain(found[1]), text), encoding="latin-1")
    return PlainCase(plain, original, folder)


def _plain(name: str) -> str:
    return re.sub(r"\s", "_", name.strip())


def _link(path: Path, file: Path, target: Path) -> None:
    try:
        target.symlink_to(file.resolve())
    except FileExistsError as error:
        raise UserError(
            f"{path}: its files have names that differ only in blanks, such as {file.name!r}: "
            "rename them"
        ) from error
    except OSError as error:
        raise UserError(
            f"{path}: names with blanks need links, which cannot be made here ({error.strerror}): "
            "rename the files, and write the names in the case without blanks"
        ) from error
