"""Blocks of code in Markdown documents, and which of them are run.

What a document says about a block stands in a comment before it, which readers of the page do not
see:

- ``<!-- not run: REASON -->`` leaves out the next block, ``<!-- from here not run: REASON -->`` all
  further ones of the page;
- ``<!-- run first: COMMANDS -->`` and ``<!-- run first in python: STATEMENTS -->`` make what the
  next blocks need and a reader has.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    str(path.relative_to(ROOT))
    for pattern in ("*.md", "docs/*.md", "examples/*/*.md")
    for path in ROOT.glob(pattern)
)
RUN = ("bash", "python", "toml")
"""Languages of blocks that are run; settings are read."""
SHOWN = ("text", "html")
"""Languages of blocks that are only to be read."""
_PARTS = re.compile(
    r"<!-- (?P<scope>from here )?not run: (?P<reason>.*?) -->"
    r"|<!-- run first(?P<python> in python)?:\n(?P<hidden>.*?)-->"
    r"|^(?P<indent> *)```(?P<language>\w*)\n(?P<code>.*?)^(?P=indent)```$",
    re.M | re.S,
)


@dataclass(frozen=True)
class Block:
    """One block of code: page, line of its first statement, language, and why it is not run."""

    page: str
    line: int
    language: str
    code: str
    not_run: str | None = None


def blocks_of(page: str, text: str) -> list[Block]:
    """Return the blocks of a page in their order, hidden ones among them."""
    found = []
    rest: str | None = None
    reason: str | None = None
    for part in _PARTS.finditer(text):
        if part["reason"]:
            reason = " ".join(part["reason"].split())
            rest = reason if part["scope"] else rest
            continue
        if part["hidden"] is not None:
            language, code, start = "python" if part["python"] else "bash", part["hidden"], "hidden"
        else:
            language, code, start = part["language"], part["code"], "code"
        line = text.count("\n", 0, part.start(start)) + 1
        found.append(Block(page, line, language, textwrap.dedent(code), reason or rest))
        reason = None
    return found


def all_blocks() -> dict[str, list[Block]]:
    """Return the blocks of each document that has any."""
    found = {page: blocks_of(page, (ROOT / page).read_text(encoding="utf-8")) for page in PAGES}
    return {page: blocks for page, blocks in found.items() if blocks}
