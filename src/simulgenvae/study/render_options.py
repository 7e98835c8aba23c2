"""Options of the images and films of a study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

FILMS = (".gif", ".mp4")
"""Suffixes of films."""
SUFFIXES = (".png", *FILMS)
NARROWEST = 320
WIDEST = 4096
"""Limits of the width, in pixels."""
FASTEST = 50.0
"""Largest number of images per second, which is the limit of the GIF format."""
LONGEST = 600.0
"""Largest length of a film, in seconds."""


@dataclass(frozen=True)
class RenderOptions:
    """Options of an image or film of fields on their mesh."""

    run: str | None = None
    """Id of a run of the study; a typical test run by default."""
    params: Path | None = None
    """Instead of a run: CSV file with the parameters of a new design."""
    images: Path | None = None
    """Instead of a run: image of a new design, or several in a folder or a CSV file ``id,file``."""
    design: str | None = None
    """Id of the design that is drawn, where there are several."""
    variable: str | None = None
    """Name of the variable; the first by default."""
    times: tuple[float, ...] | None = None
    """Times of an image, one row each; the last one by default. A film shows all times."""
    warp: tuple[str, float] | None = None
    """Name of a displacement (``U`` for ``U_x``, ``U_y``, ``U_z``) that moves the mesh, and the
    factor it is multiplied by; by default the motion of a mesh that moves in time."""
    samples: int = 0
    """Number of samples, at least 2, to draw the standard deviation too; 0 draws none."""
    fps: float | None = None
    """Images per second of a film."""
    seconds: float | None = None
    """Length of a film."""
    width: int | None = None
    """Width in pixels."""
    overwrite: bool = False
    """Permission to replace an existing file."""

    def check(self, out: Path) -> None:
        """Raise UserError for what can be refused before anything is read."""
        from simulgenvae.export.target import require_free

        if out.suffix not in SUFFIXES:
            given = f"the suffix {out.suffix!r} is unknown" if out.suffix else "there is no suffix"
            raise UserError(
                f"{out}: {given}; images and films are written as {', '.join(SUFFIXES)}"
            )
        require_free(out, overwrite=self.overwrite)
        # Options without effect are mistakes, too: their user expects something of them.
        if out.suffix == ".png" and (self.fps is not None or self.seconds is not None):
            raise UserError(
                "--fps and --seconds are for films: leave them out, or write a .gif or .mp4."
            )
        if out.suffix in FILMS and self.times is not None:
            raise UserError("--times is for images: a film shows all times.")
        _require_within("--fps", self.fps, FASTEST)
        _require_within("--seconds", self.seconds, LONGEST)
        if self.width is not None and not NARROWEST <= self.width <= WIDEST:
            raise UserError(
                f"--width is {self.width}: give a whole number from {NARROWEST} to {WIDEST}."
            )
        of_design = self.params is not None or self.images is not None
        if of_design and self.run is not None:
            raise UserError(
                "--run shows a run of the study, --params and --images a new design: give one of "
                "them."
            )
        if self.design is not None and not of_design:
            raise UserError(
                "--design names one of several new designs: give --params or --images too."
            )


def _require_within(name: str, value: float | None, most: float) -> None:
    if value is not None and not 0.1 <= value <= most:
        raise UserError(f"{name} is {value:g}: give a number from 0.1 to {most:g}.")
