"""Rules for run ids and for the names of parameters and variables; names in messages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from simulgenvae.errors import UserError

_MAX_LENGTH = 200


def check_names(names: Sequence[str], what: str) -> None:
    """Raises UserError unless all are printable, not empty, of sensible length and different from
    each other."""
    for position, name in enumerate(names, 1):
        if not name:
            raise UserError(f"{what} {position} has no name")
        if len(name) > _MAX_LENGTH or not name.isprintable() or name != name.strip():
            rule = f"must be printable, at most {_MAX_LENGTH} characters, without blanks around it"
            raise UserError(f"{what} {position}: {name[:40]!r} {rule}")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UserError(f"{what} {', '.join(map(repr, twice[:10]))} occurs more than once")


def check_ids(ids: Sequence[str]) -> None:
    """As :func:`check_names`; also refuses ids that would leave a folder when a file is named after
    a run."""
    check_names(ids, "run id")
    for name in ids:
        if "/" in name or "\\" in name or name in {".", ".."}:
            raise UserError(
                f"run id {name!r} must not contain '/' or '\\': files are named after runs"
            )


def natural_key(name: str) -> tuple[list[tuple[int, str]], str]:
    """To sort by: ``run2`` before ``run10``, in any case; no two names are equal, so the order is
    always the same."""
    parts = re.split(r"(\d+)", name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], name


def listed(names: Sequence[str]) -> str:
    """The first ten of ``names`` for a message, and how many more there are."""
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(map(repr, names[:10])) + more


@contextmanager
def prefix_errors(path: Path) -> Iterator[None]:
    """A UserError raised inside begins with ``path``, unless it names a file there already."""
    try:
        yield
    except UserError as error:
        if str(error).startswith(str(path)):
            raise
        raise UserError(f"{path}: {error}") from error
