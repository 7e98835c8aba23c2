"""Messages about mistakes in settings: all of a file at once, each with the nearest correct name.

Tested in tests/settings/test_problems.py and tests/settings/test_load.py.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, NoReturn

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable


class SettingsNote(UserWarning):
    """Warning about a line without effect in a settings file, such as a key of an older version.

    Python shows such a warning once; the command line prints all of them.
    """


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return the valid name that looks most like `name`, regardless of upper and lower case."""
    wanted = name.casefold()
    return max(
        valid,
        key=lambda candidate: difflib.SequenceMatcher(None, wanted, candidate.casefold()).ratio(),
    )


def refuse(problems: Iterable[str]) -> NoReturn:
    """Raise one UserError that lists every problem once."""
    distinct = list(dict.fromkeys(problems))
    if len(distinct) == 1:
        raise UserError(distinct[0])
    raise UserError("\n  - ".join([f"{len(distinct)} mistakes in the settings:", *distinct]))
