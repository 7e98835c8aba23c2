"""Where everything is on a picture, in pixels from its upper left corner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simulgenvae.rendering.colours import Colours
from simulgenvae.rendering.panels import Panel

_WIDE = 2.2
"""Meshes that are so many times wider than high stand one above the other, and not side by side."""
_HIGHEST = 0.6
"""Height of a panel as a fraction of the width of the picture; a mesh that is higher is drawn
smaller."""
_LONGEST_BAR = 30
"""In heights of the letters."""


class Box(NamedTuple):
    """Left, top, width and height of a part of a picture."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class SceneLayout:
    """Parts of a picture whose size is ``width`` by ``height``, both even, as films need.

    letters: height of the text; panels: one box a panel in each row of times, above which its title
    stands; bars: one box for each scale of colours, below which its numbers and its label stand.
    """

    width: int
    height: int
    letters: int
    panels: list[list[Box]]
    bars: list[tuple[Colours, Box]]


def arrange(panels: list[Panel], aspect: float, rows: int, width: int) -> SceneLayout:
    """The layout of panels, for so many times, of a mesh with this width by height."""
    width -= width % 2
    letters = int(np.clip(width / 72, 9, 28))
    stacked = aspect > _WIDE
    columns = 1 if stacked else len(panels)
    gap, title = letters, int(1.7 * letters)
    inner = width - 2 * letters
    wide = (inner - (columns - 1) * gap) // columns
    high = int(np.clip(wide / aspect, 3 * letters, _HIGHEST * width))
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
    """Each scale of colours once: below the panels that have it, or side by side where these are
    stacked."""
    scales = list(dict.fromkeys(panel.colours for panel in panels))
    if stacked:
        share = below.width // len(scales)
        return [
            (colours, below._replace(x=below.x + k * share, width=share))
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
    """The middle of a bar's place."""
    width = min(int(0.86 * bar.width), _LONGEST_BAR * bar.height)
    return bar._replace(x=bar.x + (bar.width - width) // 2, width=width)
