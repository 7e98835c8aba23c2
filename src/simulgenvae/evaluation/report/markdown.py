"""Escaping of text for Markdown, so that names from data become neither markup nor a link."""

from __future__ import annotations

from string import punctuation

# Punctuation without a meaning inside a line of Markdown: it stays as it is, which keeps the
# source of the card readable.
_HARMLESS = set(",;-/%'\"=?^()")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escape_markdown(text: str) -> str:
    """Return text that Markdown shows as it is, on one line.

    >>> escape_markdown("[a](b) | <i>")
    '\\\\[a\\\\](b) \\\\| &lt;i&gt;'
    """
    return "".join(map(_escape, text))


def _escape(character: str) -> str:
    if not character.isprintable():  # line breaks too: a new line could start a heading
        return " "
    if character in _ENTITIES:
        return _ENTITIES[character]
    if character in punctuation and character not in _HARMLESS:
        return f"\\{character}"
    return character
