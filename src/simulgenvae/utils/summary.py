"""Short description of an object for its ``repr``, as text and as HTML for notebooks.

Tested in tests/study/test_model.py.
"""

from __future__ import annotations

from dataclasses import dataclass

WIDTH = 100
MOST_LINES = 10
_SHOWN = 12
"""Number of entries of a list that are shown."""


@dataclass(frozen=True)
class Summary:
    """Title, and lines with a label each."""

    title: str
    lines: dict[str, str]
    """Text of each line by its label."""

    def text(self) -> str:
        """Return at most ten lines of text."""
        width = max(map(len, self.lines), default=0)
        lines = []
        for label, value in self.lines.items():
            line = f"  {label:{width}}  {value}"
            lines.append(line if len(line) <= WIDTH else line[: WIDTH - 2] + " …")
        return "\n".join([self.title, *lines][:MOST_LINES])

    def html(self) -> str:
        """Return a table."""
        from html import escape

        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(label)}</th>"
            f"<td style='text-align:left'>{escape(value)}</td></tr>"
            for label, value in self.lines.items()
        )
        return f"<b>{escape(self.title)}</b><table>{rows}</table>"


def shown(entries: list[str]) -> str:
    """Return the first entries of a list, and how many more there are."""
    more = f" and {len(entries) - _SHOWN} more" if len(entries) > _SHOWN else ""
    return ", ".join(entries[:_SHOWN]) + more
