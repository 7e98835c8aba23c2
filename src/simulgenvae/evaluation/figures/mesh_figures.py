"""A run on its mesh, as an image and as a film: truth, prediction and error of one variable."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.rendering.film import spread, usual_rate, write_gif
from simulgenvae.rendering.panels import Warp, make_panels
from simulgenvae.rendering.scene import Scene
from simulgenvae.utils.formatting import quantity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from simulgenvae.evaluation.figures.fields import Domain, RunFields

IMAGE = "rendered_typical.png"
FILM = "film.gif"
CAPTIONS = {
    "film": "The typical run of the solver, its prediction, and the prediction's error, over time "
    "(film.gif has the same as a film).",
    "rendered": "The typical run at some times.",
}
"""Text below each figure, see :mod:`simulgenvae.evaluation.figures.make`."""

_WIDTH = 960
"""Width of image and film in pixels."""
_MAX_FRAMES = 40
_MAX_BYTES = 2_000_000
"""Largest film."""
_QUALITY = 70
"""Quality of the images in the report, of 100: a board of 960 x 300 pixels then takes 15 kB."""


@dataclass(frozen=True)
class Rendered:
    """Film and image of the first variable of a run."""

    files: dict[str, bytes]
    """Film and image by the names of their files; there is no film of a single time."""
    frames: tuple[bytes, ...] = ()
    """Images of the film, WebP."""
    reason: str | None = None
    """Reason why nothing could be drawn; None where something was, or where the mesh is not 2-D or
    3-D."""


def render(run: RunFields, domain: Domain) -> Rendered:
    """Return film and image of the first variable of a run on its mesh."""
    space = domain.space()
    if space is None or space.shape[1] < 2:
        return Rendered({})
    variable = domain.variables[0]
    warp = Warp(domain.motion, 1.0) if domain.motion else None
    named = quantity(variable, domain.units[0])
    panels = make_panels(named, 0, run.prediction, run.truth, warp=warp)
    mesh = Mesh(domain.coords, domain.cells)
    title = f"{variable}, {run.title}"
    files = {}
    frames: tuple[bytes, ...] = ()
    try:
        with Scene(mesh, panels, domain.times, title, width=_WIDTH, what="Drawing") as scene:
            if len(domain.times) > 1:
                files[FILM], frames = _film(scene, len(domain.times))
            files[IMAGE] = _image(scene, domain.steps())
    except UserError as error:
        return Rendered({}, reason=str(error))
    return Rendered(files, frames)


def _image(scene: Scene, steps: list[int]) -> bytes:
    buffer = BytesIO()
    Image.fromarray(scene.image(steps)).save(buffer, "PNG")
    return buffer.getvalue()


def _film(scene: Scene, times: int) -> tuple[bytes, tuple[bytes, ...]]:
    """Return a film with as many times as fit into a file of moderate size, and its images."""
    frames = min(times, _MAX_FRAMES)
    images: dict[int, bytes] = {}

    def draw(step: int) -> NDArray[np.uint8]:
        image = scene.image([step])
        images[step] = _webp(image)
        return image

    while True:
        buffer = BytesIO()
        chosen = spread(times, frames)
        write_gif(buffer, draw, chosen, usual_rate(frames))
        size = buffer.tell()
        if size <= _MAX_BYTES or frames == 2:
            return buffer.getvalue(), tuple(images[step] for step in chosen)
        # Size grows about linearly with the frames; a tenth is kept in reserve.
        frames = max(2, int(0.9 * frames * _MAX_BYTES / size))


def _webp(image: NDArray[np.uint8]) -> bytes:
    buffer = BytesIO()
    Image.fromarray(image).save(buffer, "WEBP", quality=_QUALITY)
    return buffer.getvalue()
