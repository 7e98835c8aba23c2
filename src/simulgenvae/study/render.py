"""Draw fields of a study on their mesh, as an image or a film.

Tested in tests/cli/test_render.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.study.data import StudyData
from simulgenvae.study.render_options import FILMS, RenderOptions
from simulgenvae.study.rendered_case import choose_case
from simulgenvae.utils.atomic import atomic_write
from simulgenvae.utils.progress import WorkLog

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from simulgenvae.rendering.cases import Case
    from simulgenvae.rendering.scene import Scene

FILM_WIDTH = 960
IMAGE_WIDTH = 1280
"""Width in pixels, where none is given."""


class Rendering(StudyData):
    """A study whose fields can be drawn."""

    def render(self, out: Path, options: RenderOptions | None = None) -> Case:
        """Draw a run and its prediction, or the prediction of a new design; return what is drawn.

        Parameters
        ----------
        out
            File to write: ``.png``, or a film as ``.gif`` or ``.mp4``.
        options
            What is drawn, and how; a typical test run by default.

        Raises
        ------
        UserError
            Options that exclude each other, a file that cannot be written, a run, design, variable
            or time that does not exist, or a machine that cannot draw.

        Examples
        --------
        >>> from pathlib import Path
        >>> from simulgenvae import Study
        >>> case = Study.open("S").render(Path("run.png"))  # doctest: +SKIP
        """
        options = options or RenderOptions()
        options.check(out)
        from simulgenvae.rendering.context import require_context
        from simulgenvae.rendering.panels import Warp, components, make_panels
        from simulgenvae.rendering.scene import Scene

        # A machine that cannot draw is refused before anything is computed.
        require_context(out.name)
        # Cells without values are not drawn.
        study = self.pinned()
        surrogate = study.load_surrogate().on_valued_nodes()
        variable = surrogate.variables[0] if options.variable is None else options.variable
        # A warped mesh needs its displacement, too: the first variable is drawn, the others move.
        shown = [variable]
        warp = None
        if options.warp is not None or surrogate.motion:
            # A mesh that moves is drawn where it is.
            name, factor = options.warp or ("", 1.0)
            moving = components(name, surrogate.variables) if name else list(surrogate.motion)
            shown += [each for each in moving if each != variable]
            warp = Warp(tuple(map(shown.index, moving)), factor)
        case = choose_case(study, surrogate, shown, options, film=out.suffix in FILMS)
        unit = surrogate.units[surrogate.variables.index(variable)]
        quantity = f"{variable} [{unit}]" if unit else variable
        panels = make_panels(quantity, 0, case.prediction, case.truth, case.spread, warp)
        heading = f"{variable}, {case.title}"
        width = options.width or (FILM_WIDTH if out.suffix in FILMS else IMAGE_WIDTH)
        with Scene(
            case.mesh or surrogate.mesh, panels, case.times, heading, width=width, what=out.name
        ) as scene:
            _write(scene, len(case.times), out, options)
        return case


def _write(scene: Scene, count: int, out: Path, options: RenderOptions) -> None:
    """Write an image with a row for each of ``count`` times, or a film with an image for each."""
    from PIL import Image

    from simulgenvae.rendering.film import usual_rate, write_gif, write_mp4

    frames = list(range(count))
    # A given length decides the rate, also if a rate is given: the number of
    # timesteps is fixed.
    rate = usual_rate(count)
    if options.seconds is not None:
        rate = count / options.seconds
    elif options.fps is not None:
        rate = options.fps
    with atomic_write(out) as target, WorkLog(transient=True) as log:
        log.start("Drawing", count)

        def draw(frame: int) -> NDArray[np.uint8]:
            log.step(frame + 1)
            return scene.image([frame])

        # Frames are drawn one at a time as the writer asks for them, since a film of large images
        # would not fit into memory.
        if out.suffix == ".mp4":
            write_mp4(target, draw, frames, rate)
        elif out.suffix == ".gif":
            with target.open("wb") as file:
                write_gif(file, draw, frames, rate)
        else:
            Image.fromarray(scene.image(frames)).save(target, "PNG")
