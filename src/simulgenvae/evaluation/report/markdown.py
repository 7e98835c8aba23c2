"""Markdown from data: tables, and texts of strangers that can become neither markup nor a link."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from string import punctuation

_HARMLESS = set(",;-/%'\"=?^()")
"""Punctuation that has no meaning inside a line of Markdown."""
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escaped(text: str) -> str:
    """Text from data as Markdown that shows it as it is, on one line."""
    return "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if not character.isprintable():
        return " "
    if character in _ENTITIES:
        return _ENTITIES[character]
    return (
        f"\\{character}" if character in punctuation and character not in _HARMLESS else character
    )


def listed(names: Iterable[str]) -> str:
    """Texts from data, escaped, one after another."""
    return ", ".join(map(escaped, names))


def table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """A table of cells that are escaped already."""
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
