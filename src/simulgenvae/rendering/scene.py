"""Scene: the panels of a mesh with titles and colour bars, drawn as one image per time."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from simulgenvae.rendering.annotations import Annotations
from simulgenvae.rendering.camera import find_camera
from simulgenvae.rendering.context import require_context
from simulgenvae.rendering.drawing import Drawing, Surface
from simulgenvae.rendering.layout import SceneLayout, arrange

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from numpy.typing import NDArray

    from simulgenvae.mesh.mesh import Mesh
    from simulgenvae.rendering.panels import Panel


class Scene:
    """Panels of a mesh over time, whose images are drawn one by one.

    Parameters
    ----------
    mesh
        M nodes, with positions in 2-D or 3-D.
    panels
        Panels with values `[t, M]`, drawn from left to right, or from top to bottom where the mesh
        is wide.
    times
        Times, `[t]`.
    heading
        Text above all panels.
    width
        Width of an image in pixels, which is made even.
    what
        Beginning of messages: the thing that needs a mesh, or OpenGL.

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
        self._panels = list(panels)
        self._heading = heading
        self._width = width
        self._times = time_labels(times)
        surface = Surface(mesh, what)
        # One camera and one size for all images: a film must not jump.
        self._camera = find_camera(lambda: _positions(surface, self._panels))
        box = self._layout(1).panels[0][0]
        self._drawing = Drawing(surface, self._camera, (box.width, box.height))

    def image(self, steps: Sequence[int]) -> NDArray[np.uint8]:
        """Return the image `[H, W, 3]` of some timesteps, each of them one row of panels."""
        drawn = [self._row(step) for step in steps]
        if len(steps) == 1:
            heading = f"{self._heading}, time {self._times[steps[0]]}"
            return self._annotations.filled(heading, drawn)
        titles = [self._titles(self._times[step]) for step in steps]
        return Annotations(self._layout(len(steps)), titles).filled(self._heading, drawn)

    @cached_property
    def _annotations(self) -> Annotations:
        """Annotations of an image of one time, which a film draws only once."""
        return Annotations(self._layout(1), [[panel.title for panel in self._panels]])

    def _layout(self, rows: int) -> SceneLayout:
        return arrange(self._panels, self._camera.aspect, rows, self._width)

    def _titles(self, time: str) -> list[str]:
        return [f"{panel.title}, time {time}" for panel in self._panels]

    def _row(self, step: int) -> list[NDArray[np.uint8]]:
        return [self._drawn(panel, step) for panel in self._panels]

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
    """Yield the positions of the visible nodes, of all panels at all times."""
    seen = np.unique(surface.nodes)
    # Panels may share a displacement: each is looked at once.
    different = {id(panel.displacement): panel.displacement for panel in panels}
    for displacement in different.values():
        for moved in [None] if displacement is None else displacement:
            yield surface.moved(moved)[seen]


def time_labels(times: NDArray[np.float64]) -> list[str]:
    """Return the times as texts, with the same number of digits, enough to distinguish them."""
    size = float(np.abs(times).max())
    kind = "f" if size == 0 or 1e-3 <= size < 1e5 else "e"
    # Enough digits when each label is nearer to its time than a twentieth of the smallest step.
    labels: list[str] = []
    for digits in range(1, 10):
        labels = [f"{time + 0.0:.{digits}{kind}}" for time in times.tolist()]
        spacing = np.diff(times).min(initial=size)
        if np.abs(np.array(labels, float) - times).max() <= 0.05 * spacing:
            break
    return labels
