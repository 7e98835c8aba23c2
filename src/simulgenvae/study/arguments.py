"""Arguments of functions that people call from Python, with messages about what is taken.

Tested in tests/study/test_wrong_use.py.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.settings import StudyFolder

if TYPE_CHECKING:
    from numpy.typing import NDArray


def study_folder(study: object) -> Path:
    """Return the folder of a study that is given as a path or as a :class:`Study`."""
    if isinstance(study, StudyFolder):
        return study.folder
    if isinstance(study, str | os.PathLike) and isinstance(os.fspath(study), str):
        return Path(study)
    raise UserError(
        f"an object of type {type(study).__name__} is no study: give the path of its folder"
    )


def file_path(name: str, path: object) -> Path:
    """Return the path of a file that is given as a text or a Path."""
    if isinstance(path, str | os.PathLike) and isinstance(os.fspath(path), str):
        return Path(path)
    raise UserError(f"{name} is of type {type(path).__name__}: give the path of a file")


def whole_number(name: str, value: object, *, least: int = 0, most: int = 2**31) -> int:
    """Return a whole number; UserError for anything else, and for one out of range."""
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = least - 1
    if isinstance(value, bool | np.bool_) or not least <= number <= most:
        raise UserError(f"{name} is {value!r}: give a whole number from {least} to {most}")
    return number


def chosen_times(times: object) -> NDArray[np.float64] | None:
    """Return times ``[t]`` from one number or a sequence; None for all training times."""
    if times is None:
        return None
    array = _array("times", times)
    if array.ndim > 1 or array.dtype.kind not in "fiu":
        raise UserError(f"times are {_shown(times)}: give a number, or a sequence of numbers")
    return np.atleast_1d(array).astype(np.float64)


def chosen_nodes(nodes: object) -> NDArray[np.intp] | None:
    """Return numbers of nodes ``[m]``; None for all nodes."""
    if nodes is None:
        return None
    array = _array("nodes", nodes)
    if array.ndim > 1 or not array.size or array.dtype.kind not in "iu":
        raise UserError(
            f"nodes are {_shown(nodes)}: give a sequence of whole numbers, counted from 0"
        )
    return np.atleast_1d(array).astype(np.intp)


def chosen_variables(variables: object) -> list[str] | None:
    """Return names of variables from one name or a sequence; None for all variables."""
    if variables is None:
        return None
    names = [variables] if isinstance(variables, str) else variables
    if not isinstance(names, Sequence | np.ndarray) or not all(
        isinstance(name, str) for name in names
    ):
        raise UserError(f"variables are {_shown(variables)}: give a name, or a list of names")
    return [str(name) for name in names]


def quantity_texts(texts: object) -> dict[str, str] | None:
    """Return texts of quantities of interest by name; None for those that are declared."""
    if texts is None:
        return None
    if not isinstance(texts, Mapping) or not all(
        isinstance(each, str) for item in texts.items() for each in item
    ):
        raise UserError(
            f'quantities are {_shown(texts)}: give texts by name, such as {{"peak": "max(T)"}}'
        )
    return {str(name): str(text) for name, text in texts.items()}


def quantity_choice(given: object) -> dict[str, str] | list[str] | None:
    """Return texts of quantities by name, or a list of names and of ``"peak=max(T)"``."""
    if given is None or isinstance(given, Mapping):
        return quantity_texts(given)
    entries = [given] if isinstance(given, str) else given
    if not isinstance(entries, Sequence) or not all(isinstance(each, str) for each in entries):
        raise UserError(
            f'quantities are {_shown(given)}: give texts by name, such as {{"peak": "max(T)"}}, or '
            "a list of names of declared ones"
        )
    return list(entries)


def _array(name: str, values: object) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UserError(f"{name} are {_shown(values)}: give a sequence of numbers") from error


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"of type {type(value).__name__}"
