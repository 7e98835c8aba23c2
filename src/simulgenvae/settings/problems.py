"""How mistakes in settings are told: all of a file at once, each with the nearest name that would
have been right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import NoReturn

from simulgenvae.errors import UserError


class SettingsNote(UserWarning):
    """Something in the settings files that is no mistake but has no effect, such as a key of an
    older version.

    Issued with :func:`warnings.warn` and shown by Python once; the command line records these and
    prints them.
    """


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that looks most like `name`, whatever the case of its letters."""
    wanted = name.casefold()
    return max(
        known,
        key=lambda candidate: difflib.SequenceMatcher(None, wanted, candidate.casefold()).ratio(),
    )


def refuse(problems: Iterable[str]) -> NoReturn:
    """Raise one UserError that lists every problem once."""
    distinct = list(dict.fromkeys(problems))
    if len(distinct) == 1:
        raise UserError(distinct[0])
    raise UserError("\n  - ".join([f"{len(distinct)} mistakes in the settings:", *distinct]))
