"""Methods whose errors an evaluation compares: the surrogate, its parts, and the baselines.

Tested in tests/evaluation/test_methods.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from simulgenvae.baselines import BASELINES

if TYPE_CHECKING:
    from simulgenvae.evaluation.results import EvaluationResult


@dataclass(frozen=True)
class Method:
    """Name and style of a method in tables and figures."""

    name: str
    """Key of its errors in a result."""
    title: str
    color: str
    """Colour of its lines and bars, ``#rrggbb``."""
    line: str
    """Line style of matplotlib."""


# Colours of Okabe & Ito (2008), which people with any common colour blindness can distinguish.
OWN_METHODS = (
    Method("prediction", "Surrogate", "#D55E00", "-"),
    Method("networks", "Networks only", "#E69F00", "-"),
    Method("gaussian_processes", "Gaussian processes only", "#009E73", "-"),
    Method("reconstruction", "VAE reconstruction", "#0072B2", "-"),
    Method("projection_floor", "POD projection floor", "#000000", ":"),
)
"""The surrogate's own methods. The first combines the next two; the last two see the true field."""


def methods(result: EvaluationResult) -> tuple[Method, ...]:
    """Return the methods of a result in the order of tables: the surrogate first, then baselines.

    Titles say how the prediction is combined and what the baselines read.
    """
    titles = result.combination.method_titles()
    shown = [replace(own, title=titles.get(own.name, own.title)) for own in OWN_METHODS]
    parameters = bool(result.data.parameters)
    images = result.data.images is not None
    for name, spec in BASELINES.items():
        title = spec.title_for(parameters=parameters, images=images)
        shown.append(Method(name, title, spec.color, spec.line))
    # A result can be of a version, or of a program, with other baselines than this one has.
    named = {method.name for method in shown}
    shown += [Method(name, name, "#999999", "--") for name in result.errors if name not in named]
    return tuple(method for method in shown if method.name in result.errors)


def method_titles(result: EvaluationResult) -> dict[str, str]:
    """Return the titles of the methods of a result, by their names."""
    return {method.name: method.title for method in methods(result)}


def method_color(name: str) -> str:
    """Return the colour of a method of the surrogate or of a baseline, ``#rrggbb``.

    Raises
    ------
    KeyError
        When there is no such method.
    """
    for own in OWN_METHODS:
        if own.name == name:
            return own.color
    return BASELINES[name].color
