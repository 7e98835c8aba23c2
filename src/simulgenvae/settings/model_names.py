"""Names of the trained models of a study, which are names of folders on every system.

Tested in tests/settings/test_model_names.py.
"""

from __future__ import annotations

import re

from simulgenvae.errors import UserError

FIRST_MODEL = "model-1"
"""Name of the first model of a study, and of the one that an earlier version has left."""

_LONGEST = 64
_TAKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
"""Names that Windows keeps for devices, with any ending."""


def require_model_name(name: object) -> str:
    """Return the name of a model; UserError for one that cannot be the name of a folder.

    The rules are the same on all systems, so that a study can be copied from one to another.
    """
    if not isinstance(name, str):
        raise UserError(
            f"an object of type {type(name).__name__} is no name of a model: give a text"
        )
    shown = repr(name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…")
    if not _TAKEN.fullmatch(name) or name.endswith(".") or len(name) > _LONGEST:
        raise UserError(
            f"{shown} is no name of a model: give letters from a to z, digits, '-', '_' and '.', "
            f"with a letter or digit first, no '.' last, and at most {_LONGEST} of them"
        )
    # The second is the file beside the models that says which one is used.
    if _DEVICE.fullmatch(name) or name.lower() == "current":
        raise UserError(
            f"{shown} is no name of a model, as it has a meaning of its own: take another"
        )
    return name


def is_model_name(name: str) -> bool:
    """Return whether a text can be the name of a model."""
    try:
        require_model_name(name)
    except UserError:
        return False
    return True
