"""A run on its mesh, as a picture and as a film: truth, prediction and error of the first
variable."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from simulgenvae.errors import UserError
from simulgenvae.evaluation.figures.fields import Frame, RunView
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.rendering.film import spread, usual_rate, write_gif
from simulgenvae.rendering.panels import make_panels
from simulgenvae.rendering.scene import Scene

PICTURE, FILM = "rendered_typical.png", "film.gif"
CAPTIONS = {
    "film": "The typical run as it was solved, as it is predicted, and the prediction's error, over time.",
    "rendered": "The typical run at some times.",
}
"""As in :mod:`simulgenvae.evaluation.figures.make`."""

_WIDTH = 960
_FRAMES = 40
_MOST_BYTES = 2_000_000
"""Of a film, which is part of the report."""


def render(view: RunView, frame: Frame) -> tuple[dict[str, bytes], str | None]:
    """The film and the picture of a run, by the names of their files, or why there are none.

    Neither files nor reason where no mesh in 2-D or 3-D is known. There is no film of a single
    time.
    """
    space = frame.space()
    if space is None or space.shape[1] < 2:
        return {}, None
    variable = frame.variables[0]
    unit = f" [{frame.units[0]}]" if frame.units[0] else ""
    panels = make_panels(f"{variable}{unit}", 0, view.prediction, view.truth)
    mesh = Mesh(frame.coords, dict(frame.cells))
    try:
        with Scene(
            mesh, panels, frame.times, f"{variable}, {view.title}", width=_WIDTH, what="Drawing"
        ) as scene:
            film = {FILM: _film(scene, len(frame.times))} if len(frame.times) > 1 else {}
            return film | {PICTURE: _picture(scene, frame.steps())}, None
    except UserError as error:
        return {}, str(error)


def _picture(scene: Scene, steps: list[int]) -> bytes:
    buffer = BytesIO()
    Image.fromarray(scene.image(steps)).save(buffer, "PNG")
    return buffer.getvalue()


def _film(scene: Scene, times: int) -> bytes:
    """A film with as many times as a report can carry."""
    frames = min(times, _FRAMES)
    while True:
        buffer = BytesIO()
        write_gif(
            buffer, lambda step: scene.image([step]), spread(times, frames), usual_rate(frames)
        )
        size = buffer.tell()
        if size <= _MOST_BYTES or frames == 2:
            return buffer.getvalue()
        frames = max(2, int(0.9 * frames * _MOST_BYTES / size))
