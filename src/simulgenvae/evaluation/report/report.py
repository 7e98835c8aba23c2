"""The report: one self-contained HTML page without links out of it and without scripts."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from simulgenvae.evaluation.report.environment import html_environment
from simulgenvae.evaluation.report.sections import SECTIONS
from simulgenvae.evaluation.report.sections.headline import HEADLINE

if TYPE_CHECKING:
    from simulgenvae.evaluation.report.section import Section
    from simulgenvae.evaluation.results import EvaluationResult


@dataclass(frozen=True)
class EmbeddedFigure:
    """A figure as the page holds it."""

    caption: str
    kind: str
    """Type of the image: ``png`` or ``gif``."""
    base64: str


@dataclass(frozen=True)
class Chapter:
    """A rendered section with its anchor in the table of contents."""

    anchor: str
    title: str
    html: str


Figures = Callable[..., list[EmbeddedFigure]]
"""Function from kinds, which are keys of ``CAPTIONS``, to the figures of these kinds."""


def render_report(result: EvaluationResult, images: Mapping[str, bytes]) -> str:
    """Return the report as HTML.

    Parameters
    ----------
    result
        The result of the evaluation.
    images
        PNG and GIF files by their names, which start with a key of ``CAPTIONS``.
    """
    by_kind: dict[str, list[EmbeddedFigure]] = {}
    for name, image in images.items():
        kind = _kind(name)
        by_kind.setdefault(kind, []).append(_embed(image, _captions()[kind]))

    def figures(*kinds: str) -> list[EmbeddedFigure]:
        return list(chain.from_iterable(by_kind.get(kind, ()) for kind in kinds))

    chapters = []
    for number, section in enumerate(SECTIONS.values()):
        html = render_section(section, result, figures)
        if html:
            chapters.append(Chapter(f"chapter-{number}", section.title, html))
    page = html_environment().get_template("report/page.html")
    return page.render(headline=render_section(HEADLINE, result, figures), chapters=chapters)


def render_section(
    section: Section, result: EvaluationResult, figures: Figures = lambda *_: []
) -> str:
    """Return one section as HTML; an empty text if there is nothing to show."""
    template = html_environment().get_template(section.template)
    return template.render(result=result, view=section.view(result), figures=figures).strip()


def _captions() -> Mapping[str, str]:
    # They are defined beside the figures, whose matplotlib a report without figures does not need.
    from simulgenvae.evaluation.figures.make import CAPTIONS

    return CAPTIONS


def _kind(name: str) -> str:
    """Return the key of ``CAPTIONS`` that the file of a figure belongs to."""
    return next(kind for kind in _captions() if name.startswith((f"{kind}.", f"{kind}_")))


def _embed(image: bytes, caption: str) -> EmbeddedFigure:
    kind = "gif" if image.startswith(b"GIF") else "png"
    return EmbeddedFigure(caption, kind, base64.b64encode(image).decode())
