"""Text of input files of Abaqus and CalculiX: keywords with options, and rows of data below them.

Tested in tests/data/mesh_files/test_abaqus.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Block(NamedTuple):
    """Keyword of a file with what belongs to it.

    Attributes
    ----------
    line
        Number of the keyword's line, from 1.
    keyword
        Keyword in upper case, such as ``NODE``.
    options
        Texts by the names of the options in upper case; empty for options without a text.
    rows
        Cells of each row of data, without blanks around them.
    """

    line: int
    keyword: str
    options: dict[str, str]
    rows: list[list[str]]


def blocks(path: Path) -> Iterator[Block]:
    """Yield the blocks of a file; raise ValueError for data before the first keyword."""
    block: Block | None = None
    continued = False
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            text = line.strip()
            if not text or text.startswith("**"):
                continue
            if continued and block is not None:
                block.options.update(_options(text))
            elif text.startswith("*"):
                if block is not None:
                    yield block
                keyword, _, rest = text[1:].partition(",")
                block = Block(number, " ".join(keyword.upper().split()), _options(rest), [])
            elif block is None:
                raise ValueError(f"line {number} comes before any keyword (*NODE)")
            else:
                # A comma at the end means that a row goes on, or nothing.
                block.rows.append([cell.strip() for cell in text.rstrip(",").split(",")])
                continue
            continued = text.endswith(",")
    if block is not None:
        yield block


def _options(text: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        if name.strip():
            options[" ".join(name.upper().split())] = value.strip().strip('"')
    return options
