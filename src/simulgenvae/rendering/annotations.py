"""Heading, titles and colour bars around the panels of an image, drawn by matplotlib.

Everything except the heading, which has the time, is drawn once for all images of a film. Tested in
tests/rendering/test_scene.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.rendering.colours import Colours
    from simulgenvae.rendering.layout import Box, SceneLayout

_DPI = 100
_INK = "#222222"


class Annotations:
    """Page with a heading that changes and a place for each panel, below its title."""

    def __init__(self, layout: SceneLayout, titles: list[list[str]]) -> None:
        self._layout = layout
        figure = Figure(
            figsize=(layout.width / _DPI, layout.height / _DPI), dpi=_DPI, facecolor="white"
        )
        # The methods of the canvas have no type annotations.
        self._canvas = cast("Any", FigureCanvasAgg(figure))
        for colours, box in layout.bars:
            self._bar(colours, box)
        self._canvas.draw()
        for row, boxes in zip(titles, layout.panels, strict=True):
            for title, box in zip(row, boxes, strict=True):
                self._write(title, box.x + box.width / 2, box.y - 0.55 * layout.letters, 1.0)
        # The page without a heading is restored for each image of a film.
        self._empty = self._canvas.copy_from_bbox(figure.bbox)

    def filled(self, heading: str, images: list[list[NDArray[np.uint8]]]) -> NDArray[np.uint8]:
        """Return the page, `[H, W, 3]`, with an image of the size of its box for every panel."""
        self._canvas.restore_region(self._empty)
        self._write(
            heading, self._layout.width / 2, 1.9 * self._layout.letters, 1.15, weight="bold"
        )
        page: NDArray[np.uint8] = np.array(self._canvas.buffer_rgba())[..., :3]
        for row, boxes in zip(images, self._layout.panels, strict=True):
            for image, box in zip(row, boxes, strict=True):
                page[box.y : box.y + box.height, box.x : box.x + box.width] = image
        return page

    def _write(self, text: str, x: float, y: float, size: float, **more: str) -> None:
        """Draw a text, centred at ``x`` and above ``y``, smaller where it would not fit."""
        layout = self._layout
        artist = self._canvas.figure.text(
            x / layout.width,
            1 - y / layout.height,
            text,
            ha="center",
            va="baseline",
            fontsize=self._points(size),
            color=_INK,
            parse_math=False,
            **more,
        )
        # A long heading becomes smaller, as it must not be cut off.
        room = 2 * min(x, layout.width - x) - layout.letters
        taken = artist.get_window_extent(self._canvas.get_renderer()).width
        if taken > room:
            artist.set_fontsize(self._points(size) * room / taken)
        artist.draw(self._canvas.get_renderer())
        artist.remove()

    def _bar(self, colours: Colours, box: Box) -> None:
        """Draw a colour bar into its box."""
        layout = self._layout
        place = (
            box.x / layout.width,
            1 - (box.y + box.height) / layout.height,
            box.width / layout.width,
            box.height / layout.height,
        )
        axes = self._canvas.figure.add_axes(place)
        scale = ScalarMappable(Normalize(colours.low, colours.high), colours.name)
        # As many numbers as fit below the bar without touching.
        few = MaxNLocator(max(2, min(6, box.width // (5 * layout.letters))))
        bar = self._canvas.figure.colorbar(scale, cax=axes, orientation="horizontal", ticks=few)
        bar.outline.set_linewidth(0.6)
        axes.tick_params(
            labelsize=self._points(0.85), colors=_INK, length=0.25 * layout.letters, width=0.6
        )
        axes.set_xlabel(colours.label, fontsize=self._points(0.95), color=_INK, parse_math=False)
        axes.xaxis.offsetText.set_fontsize(self._points(0.85))

    def _points(self, size: float) -> float:
        """Return the font size in points of letters ``size`` times as high as usual ones."""
        return size * self._layout.letters * 72 / _DPI
