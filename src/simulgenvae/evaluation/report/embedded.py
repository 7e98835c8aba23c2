"""Figures as the page holds them: images as text, and the values that it shows at the pointer.

Tested in tests/evaluation/report/test_report.py.
"""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from simulgenvae.evaluation.figures.hover import HoverPanel

_FILM = "film"


@dataclass(frozen=True)
class EmbeddedFigure:
    """A figure as the page holds it."""

    caption: str
    images: tuple[str, ...]
    """Addresses of the images, ``data:…``; more than one for a figure with a slider."""
    hover: list[dict[str, Any]] | None = None
    """Values at the pointer, as JSON; None for an image without values."""

    @property
    def first(self) -> int:
        """Number of the image that is shown at first: in the middle, where most happens."""
        return len(self.images) // 2


@dataclass(frozen=True)
class EmbeddedFigures:
    """Figures by their kind, which is a key of ``CAPTIONS``."""

    by_kind: dict[str, list[EmbeddedFigure]]

    @classmethod
    def of(
        cls,
        files: Mapping[str, bytes],
        hover: Mapping[str, Sequence[HoverPanel]] = {},
        frames: Sequence[bytes] = (),
    ) -> Self:
        """Return the figures of an evaluation.

        Parameters
        ----------
        files
            PNG and GIF files by their names, which start with a key of ``CAPTIONS``.
        hover
            Values at the pointer, by the same names.
        frames
            Images of the film, WebP, which have a slider in its place.
        """
        # Captions are defined beside the figures, whose matplotlib a report without figures does
        # not need.
        from simulgenvae.evaluation.figures.make import CAPTIONS

        by_kind: dict[str, list[EmbeddedFigure]] = {}
        for name, image in files.items():
            kind = next(kind for kind in CAPTIONS if name.startswith((f"{kind}.", f"{kind}_")))
            images = frames if kind == _FILM and frames else (image,)
            addresses = tuple(map(_address, images))
            values = [asdict(panel) for panel in hover[name]] if name in hover else None
            figure = EmbeddedFigure(CAPTIONS[kind], addresses, values)
            by_kind.setdefault(kind, []).append(figure)
        return cls(by_kind)

    def __call__(self, *kinds: str) -> list[EmbeddedFigure]:
        """Return the figures of some kinds."""
        return list(chain.from_iterable(self.by_kind.get(kind, ()) for kind in kinds))


def _address(image: bytes) -> str:
    kind = "gif" if image.startswith(b"GIF") else "webp" if image.startswith(b"RIFF") else "png"
    return f"data:image/{kind};base64,{base64.b64encode(image).decode()}"
