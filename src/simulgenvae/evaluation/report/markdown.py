"""Escaping of text for Markdown, so that names from data become neither markup nor a link.

Tested in tests/evaluation/report/test_markdown.py.
"""

from __future__ import annotations

import re
from string import punctuation

# Punctuation without a meaning inside a line of Markdown: it stays as it is, which keeps the
# source of the card readable.
_HARMLESS = set(",;-/%'\"=?^()")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# A point of a number and the punctuation of a sentence. Other points and colons can be part of an
# address, which some readers turn into a link.
_PLAIN = re.compile(r"(?<=\d)\.(?=\d)|(?<!^)[.:](?= |$)")
_LIST_ITEM = re.compile(r"^\d+\.(?= |$)")


def escape_markdown(text: str) -> str:
    r"""Return text that Markdown shows as it is, on one line.

    >>> escape_markdown("[a](b) | <i>")
    '\\[a\\](b) \\| &lt;i&gt;'
    """
    plain = {found.start() for found in _PLAIN.finditer(text)}
    if item := _LIST_ITEM.match(text):
        plain.discard(item.end() - 1)
    return "".join(
        character if place in plain else _escape(character) for place, character in enumerate(text)
    )


def _escape(character: str) -> str:
    if not character.isprintable():  # line breaks too: a new line could start a heading
        return " "
    if character in _ENTITIES:
        return _ENTITIES[character]
    if character in punctuation and character not in _HARMLESS:
        return f"\\{character}"
    return character
