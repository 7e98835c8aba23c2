"""Jinja2 environments in which every value is escaped, for HTML and for Markdown.

Templates hold words and markup; Python gives them typed values. A string from data or from a model
file can become neither markup nor a link.

Tested in tests/evaluation/report/test_report.py and tests/evaluation/report/test_model_card.py.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jinja2 import ChoiceLoader, DictLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from simulgenvae.evaluation.report.markdown import escape_markdown
from simulgenvae.utils.formatting import count, milliseconds, number, percent, quantity, sentence

if TYPE_CHECKING:
    from collections.abc import Callable

_FILTERS: dict[str, Callable[..., str]] = {
    "count": count,
    "milliseconds": milliseconds,
    "number": number,
    "percent": percent,
    "quantity": quantity,
    "sentence": sentence,
}

ADDED_TEMPLATES: dict[str, str] = {}
"""Templates by name that a program adds for its sections."""


def _environment() -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(__package__), DictLoader(ADDED_TEMPLATES)]),
        autoescape=True,
        undefined=StrictUndefined,  # a misspelt name is an error, not an empty cell
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= _FILTERS
    return environment


@cache
def html_environment() -> Environment:
    """Return the environment for HTML."""
    return _environment()


@cache
def markdown_environment() -> Environment:
    """Return the environment for Markdown."""
    environment = _environment()
    # Jinja2 calls ``finalize`` before it escapes for HTML, and does not escape what is marked as
    # safe. Macros return safe text, so that their content is not escaped twice.
    environment.finalize = _finalize
    return environment


def _finalize(value: object) -> Markup:
    return value if isinstance(value, Markup) else Markup(escape_markdown(str(value)))
