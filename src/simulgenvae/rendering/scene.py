"""Panels of a mesh with their titles and bars of colours, at some times, as one picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from simulgenvae.mesh.mesh import Mesh
from simulgenvae.rendering.annotations import Annotations
from simulgenvae.rendering.camera import find_camera
from simulgenvae.rendering.context import require_context
from simulgenvae.rendering.drawing import Drawing, Surface
from simulgenvae.rendering.layout import SceneLayout, arrange
from simulgenvae.rendering.panels import Panel


class Scene:
    """What is to be seen; pictures of it are made one by one.

    Parameters
    ----------
    mesh
        M nodes, with positions in 2-D or 3-D.
    panels
        Their values ``[t, M]``; from left to right, or from top to bottom where the mesh is wide.
    times
        ``[t]``
    heading
        Above all panels.
    width
        Of a picture in pixels; it is made even.
    what
        Words for messages: what needs a mesh, or OpenGL.

    Raises
    ------
    UserError
        Without PyVista, without OpenGL, and for a mesh without positions or on a line.
    """

    def __init__(
        self,
        mesh: Mesh,
        panels: Sequence[Panel],
        times: NDArray[np.float64],
        heading: str,
        *,
        width: int,
        what: str,
    ) -> None:
        require_context(what)
        self._panels, self._heading, self._width = list(panels), heading, width
        self._times = time_labels(times)
        surface = Surface(mesh, what)
        self._view = find_camera(lambda: _positions(surface, self._panels))
        box = self._layout(1).panels[0][0]
        self._drawing = Drawing(surface, self._view, (box.width, box.height))

    def image(self, steps: Sequence[int]) -> NDArray[np.uint8]:
        """The image `[H, W, 3]` of the times with these numbers, one row of panels each."""
        heading, sheet = self._heading, self._sheet
        if len(steps) == 1:
            heading = f"{heading}, time {self._times[steps[0]]}"
        else:
            titles = [
                [f"{panel.title}, time {self._times[step]}" for panel in self._panels]
                for step in steps
            ]
            sheet = Annotations(self._layout(len(steps)), titles)
        return sheet.filled(
            heading, [[self._drawn(panel, step) for panel in self._panels] for step in steps]
        )

    @cached_property
    def _sheet(self) -> Annotations:
        """For one time: all that films draw only once."""
        return Annotations(self._layout(1), [[panel.title for panel in self._panels]])

    def _layout(self, rows: int) -> SceneLayout:
        return arrange(self._panels, self._view.aspect, rows, self._width)

    def _drawn(self, panel: Panel, step: int) -> NDArray[np.uint8]:
        moved = None if panel.displacement is None else panel.displacement[step]
        return self._drawing.draw(panel.values[step], panel.colours, moved)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._drawing.close()


def _positions(surface: Surface, panels: Sequence[Panel]) -> Iterator[NDArray[np.float64]]:
    """Where the visible nodes are, on all panels at all times."""
    seen = np.unique(surface.nodes)
    different = {id(panel.displacement): panel.displacement for panel in panels}
    for displacement in different.values():
        for moved in [None] if displacement is None else displacement:
            yield surface.moved(moved)[seen]


def time_labels(times: NDArray[np.float64]) -> list[str]:
    """Times with as many digits as it takes to tell them apart, the same number for all."""
    size = float(np.abs(times).max())
    kind = "f" if size == 0 or 1e-3 <= size < 1e5 else "e"
    labels: list[str] = []
    for digits in range(1, 10):
        labels = [f"{time + 0.0:.{digits}{kind}}" for time in times.tolist()]
        spacing = np.diff(times).min(initial=size)
        if np.abs(np.array(labels, float) - times).max() <= 0.05 * spacing:
            break
    return labels
