"""Roles of Sphinx in docstrings, such as the one for methods, as plain code on the website."""

from __future__ import annotations

import re
from typing import Any

import griffe

_ROLE = re.compile(r":(?:meth|class|func|attr|mod|data):`~?([^`]+)`")


class PlainRoles(griffe.Extension):
    """Extension of mkdocstrings that leaves only the names of roles."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change the docstring of an object."""
        if obj.docstring is not None:
            obj.docstring.value = _ROLE.sub(r"`\1`", obj.docstring.value)
