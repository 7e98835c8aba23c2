"""Mutations of the bytes of a file, as damage and strangers make them."""

from __future__ import annotations

import random
import re

_NUMBERS = (b"0", b"-1", b"1e400", b"nan", b"99999999999999999999", b"2147483648", b"0.5", b"")
_BYTES = (b"\x00", b"\xff" * 8, b"\x7f\xff\xff\xff", b"[red]x[/red]", b"\n", b"..", b"\x1b[31m")


def mutate(content: bytes, chance: random.Random) -> bytes:
    """Return content with one to four mutations; never the same bytes as before."""
    found = content
    while found == content:
        for _ in range(chance.randint(1, 4)):
            found = chance.choice(_KINDS)(found, chance)
        if not content:
            return b"\x00"
    return found


def _place(content: bytes, chance: random.Random) -> int:
    # Headers decide most: half of the mutations are there.
    return chance.randint(0, min(len(content), 400) if chance.random() < 0.5 else len(content))


def _flip(content: bytes, chance: random.Random) -> bytes:
    if not content:
        return content
    found = bytearray(content)
    for _ in range(chance.randint(1, 8)):
        found[min(_place(content, chance), len(found) - 1)] ^= 1 << chance.randint(0, 7)
    return bytes(found)


def _truncate(content: bytes, chance: random.Random) -> bytes:
    return content[: _place(content, chance)]


def _delete(content: bytes, chance: random.Random) -> bytes:
    start = _place(content, chance)
    return content[:start] + content[start + chance.randint(1, 64) :]


def _repeat(content: bytes, chance: random.Random) -> bytes:
    start = _place(content, chance)
    end = start + chance.randint(1, 200)
    return content[:end] + content[start:]


def _insert(content: bytes, chance: random.Random) -> bytes:
    start = _place(content, chance)
    return content[:start] + chance.choice(_BYTES) + content[start:]


def _overwrite(content: bytes, chance: random.Random) -> bytes:
    start = _place(content, chance)
    new = chance.choice(_BYTES)
    return content[:start] + new + content[start + len(new) :]


def _number(content: bytes, chance: random.Random) -> bytes:
    """Replace a number that is written as text; such files are mostly numbers."""
    found = list(re.finditer(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", content[:100_000]))
    if not found:
        return _flip(content, chance)
    match = chance.choice(found)
    return content[: match.start()] + chance.choice(_NUMBERS) + content[match.end() :]


def _lines(content: bytes, chance: random.Random) -> bytes:
    """Exchange two lines."""
    lines = content.split(b"\n")
    if len(lines) < 3:
        return _flip(content, chance)
    first, second = chance.sample(range(len(lines)), 2)
    lines[first], lines[second] = lines[second], lines[first]
    return b"\n".join(lines)


_KINDS = (_flip, _truncate, _delete, _repeat, _insert, _overwrite, _number, _lines)
