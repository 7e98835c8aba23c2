"""A run on its mesh, as an image and as a film: truth, prediction and error of one variable."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.rendering.film import spread, usual_rate, write_gif
from simulgenvae.rendering.panels import make_panels
from simulgenvae.rendering.scene import Scene
from simulgenvae.utils.formatting import quantity

if TYPE_CHECKING:
    from simulgenvae.evaluation.figures.fields import Domain, RunFields

IMAGE = "rendered_typical.png"
FILM = "film.gif"
CAPTIONS = {
    "film": "The typical run of the solver, its prediction, and the prediction's error, over time.",
    "rendered": "The typical run at some times.",
}
"""Text below each figure, see :mod:`simulgenvae.evaluation.figures.make`."""

_WIDTH = 960
"""Width of image and film in pixels."""
_MAX_FRAMES = 40
_MAX_BYTES = 2_000_000
"""Largest film, which is part of the report."""


def render(run: RunFields, domain: Domain) -> tuple[dict[str, bytes], str | None]:
    """Return film and image of the first variable by the names of their files.

    If they cannot be drawn, there are no files but a reason. A mesh that is not 2-D or 3-D has
    neither files nor reason. There is no film of a single time.
    """
    space = domain.space()
    if space is None or space.shape[1] < 2:
        return {}, None
    variable = domain.variables[0]
    panels = make_panels(quantity(variable, domain.units[0]), 0, run.prediction, run.truth)
    mesh = Mesh(domain.coords, domain.cells)
    title = f"{variable}, {run.title}"
    files = {}
    try:
        with Scene(mesh, panels, domain.times, title, width=_WIDTH, what="Drawing") as scene:
            if len(domain.times) > 1:
                files[FILM] = _film(scene, len(domain.times))
            files[IMAGE] = _image(scene, domain.steps())
    except UserError as error:
        return {}, str(error)
    return files, None


def _image(scene: Scene, steps: list[int]) -> bytes:
    buffer = BytesIO()
    Image.fromarray(scene.image(steps)).save(buffer, "PNG")
    return buffer.getvalue()


def _film(scene: Scene, times: int) -> bytes:
    """Return a film with as many times as a report can hold."""
    frames = min(times, _MAX_FRAMES)
    while True:
        buffer = BytesIO()
        chosen = spread(times, frames)
        write_gif(buffer, lambda step: scene.image([step]), chosen, usual_rate(frames))
        size = buffer.tell()
        if size <= _MAX_BYTES or frames == 2:
            return buffer.getvalue()
        # Size grows about linearly with the frames; a tenth is kept in reserve.
        frames = max(2, int(0.9 * frames * _MAX_BYTES / size))
