"""Rules for run ids and for the names of parameters and variables; names in messages."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_MAX_LENGTH = 200


def is_hidden(name: str) -> bool:
    """Return whether a file of this name is hidden: file managers leave such files.

    macOS leaves ``._result_1.vtu`` next to a file that it copies.
    """
    return name.startswith(".")


def check_names(names: Sequence[str], what: str) -> None:
    """Raise UserError unless all names are printable, not empty, not too long and distinct.

    ``what`` says in the message what they name, such as ``parameter``.
    """
    for position, name in enumerate(names, 1):
        if not name:
            raise UserError(f"{what} {position} has no name")
        # Names end up in tables, plots and file names: line breaks or terminal codes do no good.
        if len(name) > _MAX_LENGTH or not name.isprintable() or name != name.strip():
            rule = f"must be printable, at most {_MAX_LENGTH} characters, without blanks around it"
            raise UserError(f"{what} {position}: {name[:40]!r} {rule}")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UserError(f"{what} {', '.join(map(repr, twice[:10]))} occurs more than once")


def check_ids(ids: Sequence[str]) -> None:
    """Raise UserError as :func:`check_names` does, and for ids that could lead out of a folder.

    Files are named after runs, so an id such as ``../x`` would write to another place.
    """
    check_names(ids, "run id")
    for name in ids:
        if "/" in name or "\\" in name or name in {".", ".."}:
            raise UserError(
                f"run id {name!r} must not contain '/' or '\\': files are named after runs"
            )


def natural_key(name: str) -> tuple[list[tuple[int, str]], str]:
    """Return a key to sort by that puts ``run2`` before ``run10`` and ignores case.

    The name itself is the last entry: no two keys are equal, so the order is always the same.
    """
    # Split into texts and numbers in turn; tuples keep the two kinds comparable.
    parts = re.split(r"(\d+)", name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], name


def listed(names: Sequence[str]) -> str:
    """Return the first ten of ``names`` for a message, and how many more there are."""
    return shortened(list(map(repr, names)))


def shortened(texts: Sequence[str]) -> str:
    """Return the first ten of ``texts`` for a message, and how many more there are."""
    more = f" and {len(texts) - 10} more" if len(texts) > 10 else ""
    return ", ".join(texts[:10]) + more


@contextmanager
def prefix_errors(path: Path) -> Iterator[None]:
    """Put ``path`` before the message of a UserError, unless the message starts with it already."""
    try:
        yield
    except UserError as error:
        if str(error).startswith(str(path)):
            raise
        raise UserError(f"{path}: {error}") from error
