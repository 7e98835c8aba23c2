"""Layout of an image: the places of its parts, in pixels from the upper left corner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from simulgenvae.rendering.colours import Colours
    from simulgenvae.rendering.panels import Panel

_WIDE = 2.2
"""Ratio of width and height from which panels stand one above the other, not side by side."""
_HIGHEST = 0.6
"""Largest height of a panel, as a fraction of the width of the image."""
_LONGEST_BAR = 30
"""Largest length of a colour bar, in heights of the bar."""


class Box(NamedTuple):
    """Left, top, width and height of a part of an image."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class SceneLayout:
    """Places of the parts of an image.

    Attributes
    ----------
    width, height
        Size of the image, both even, as films need.
    letters
        Height of the text.
    panels
        Box of each panel, one row for each time; its title is above it.
    bars
        Box of each colour scale; its numbers and its label are below it.
    """

    width: int
    height: int
    letters: int
    panels: list[list[Box]]
    bars: list[tuple[Colours, Box]]


def arrange(panels: list[Panel], aspect: float, rows: int, width: int) -> SceneLayout:
    """Return the layout of panels in ``rows`` times, for a mesh of width by height ``aspect``."""
    width -= width % 2
    letters = int(np.clip(width / 72, 9, 28))
    stacked = aspect > _WIDE
    # Everything scales with the letters, and they with the width.
    columns = 1 if stacked else len(panels)
    gap = letters
    title = int(1.7 * letters)
    inner = width - 2 * letters
    wide = (inner - (columns - 1) * gap) // columns
    high = int(np.clip(wide / aspect, 3 * letters, _HIGHEST * width))
    # Row by row from the top: each row needs its titles, its panels and a gap.
    boxes: list[Box] = []
    y = int(3.2 * letters)
    for place in range(rows * len(panels)):
        column = place % columns
        boxes.append(Box(letters + column * (wide + gap), y + title, wide, high))
        if column == columns - 1:
            y += title + high + gap // 2
    by_row = [boxes[row * len(panels) : (row + 1) * len(panels)] for row in range(rows)]
    bars = _bars(
        panels, by_row[0], Box(letters, y + gap // 2, inner, int(0.8 * letters)), stacked=stacked
    )
    height = y + int(5.4 * letters)
    return SceneLayout(
        width,
        height + height % 2,
        letters,
        by_row,
        [(colours, _shorter(bar)) for colours, bar in bars],
    )


def _bars(
    panels: list[Panel], boxes: list[Box], below: Box, *, stacked: bool
) -> list[tuple[Colours, Box]]:
    """Return a place for each colour scale, below its panels."""
    scales = list(dict.fromkeys(panel.colours for panel in panels))
    # Below stacked panels the bars are side by side.
    if stacked:
        width = below.width // len(scales)
        return [
            (colours, below._replace(x=below.x + k * width, width=width))
            for k, colours in enumerate(scales)
        ]
    found = []
    for colours in scales:
        own = [box for panel, box in zip(panels, boxes, strict=True) if panel.colours is colours]
        found.append(
            (colours, below._replace(x=own[0].x, width=own[-1].x + own[-1].width - own[0].x))
        )
    return found


def _shorter(bar: Box) -> Box:
    """Return the middle of a bar's place, not longer than a bar is to be."""
    width = min(int(0.86 * bar.width), _LONGEST_BAR * bar.height)
    return bar._replace(x=bar.x + (bar.width - width) // 2, width=width)
