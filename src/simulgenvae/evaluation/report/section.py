"""Descriptor of a section of the report or of the model card, and tables for them.

Tested in tests/evaluation/report/sections/test_registry.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulgenvae.evaluation.results import EvaluationResult


@dataclass(frozen=True)
class Table:
    """A table of text; rows whose first cell is ``highlighted`` stand out."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    highlighted: str | None = None


@dataclass(frozen=True)
class Section:
    """One section: its title, its template, and the values that the template shows.

    The template finds the evaluation's result as ``result``, the values as ``view``, and in the
    report the figures by the function ``figures("kind", …)``. A section whose template renders to
    nothing is left out.
    """

    title: str
    template: str
    """Name of the template below ``templates/``."""
    view: Callable[[EvaluationResult], object] = lambda _: None
    """Function that returns what the template shows besides the result."""
    folded: bool = False
    """True for how the surrogate is made: the report folds it away, below what it can do."""
