"""Conditions from designs in the forms in which people have them, checked against a model.

Tested in tests/data/test_designs_from.py.
"""

from __future__ import annotations

import difflib
import logging
import os
from dataclasses import replace
from decimal import Decimal
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.condition_files import Known, read_condition_files, read_conditions
from simulgenvae.data.conditions import Conditions, Levels
from simulgenvae.data.design_columns import TAKEN, Columns, columns_of
from simulgenvae.data.images.given import images_from
from simulgenvae.data.matching import read_new_conditions
from simulgenvae.data.names import natural_key
from simulgenvae.data.result_columns import result_columns, results_note
from simulgenvae.data.units import named_parameter, split_unit, split_units
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.data.conditions import LeftOut

logger = logging.getLogger(__name__)


def designs_from(designs: object, scaler: ConditionScaler, images: object = None) -> Conditions:
    """Return designs as conditions, with their parameters in the order of a trained model.

    Parameters
    ----------
    designs
        Designs in a form of :data:`~simulgenvae.data.design_columns.TAKEN`; names in any order.
        For a model of images only, the images; None where ``images`` has all.
    scaler
        Scaling of the model, which knows its parameters and images.
    images
        Images of the designs, for a model of images: as
        :func:`~simulgenvae.data.images.given.images_from` takes them.

    Raises
    ------
    UserError
        For missing, unknown and repeated parameters, values that are no finite numbers (of a
        category: none of its texts), and images where there should be none or the reverse.
    """
    if not scaler.names and images is None and not isinstance(designs, Conditions):
        designs, images = None, designs
    if images is not None and scaler.images is None:
        raise UserError("the model was trained with parameters only: leave the images out")
    if isinstance(designs, Conditions):
        if images is not None:
            raise UserError("the Conditions have images themselves: leave images= out")
        return _in_order(designs, scaler)
    if images is None and scaler.images is not None:
        raise UserError(
            f"the model was trained with images ({scaler.images}): give them as images=, the path "
            "of an image, of a folder or of a CSV file id,file, or an array"
        )
    if designs is None and scaler.names:
        raise UserError(f"no parameters are given: {_wanted(scaler.names)}; {TAKEN}")
    if designs is not None and not scaler.names:
        raise UserError("the model was trained with images only: leave the parameters out")
    # Files together are matched as the command line does it: by the ids in both.
    if _is_path(designs) and (images is None or _is_path(images)):
        return read_new_conditions(_path(designs), _path(images), scaler)[0]
    if designs is None and _is_path(images):
        return read_new_conditions(None, _path(images), scaler)[0]
    return _with_images(_parameters(designs, scaler), images, scaler)


def conditions_from(designs: object, ids: Sequence[str] | None = None) -> Conditions:
    """Return the conditions of solved runs, from designs in any of the forms that are taken.

    Columns of texts become categories.

    Parameters
    ----------
    designs
        Designs in a form of :data:`~simulgenvae.data.design_columns.TAKEN`.
    ids
        Ids of the runs; by default those that the designs have, else ``0``, ``1`` ….

    Raises
    ------
    UserError
        For values that are neither all finite numbers nor all texts.
    """
    if isinstance(designs, Conditions):
        return designs
    if _is_path(designs):
        return read_condition_files(Path(os.fspath(designs))).conditions  # type: ignore[call-overload]
    columns = columns_of(designs)
    labels = split_units(tuple(columns.values))
    columns = _without_results(columns.renamed([label.name for label in labels]))
    levels: list[Levels] = []
    for values in columns.values.values():
        texts = {each for each in values if isinstance(each, str)}
        levels.append(tuple(sorted(map(str, texts), key=natural_key)))
    names = tuple(columns.values)
    unit_of = {label.name: label.unit for label in labels}
    units = [unit_of[name] for name in names]
    return _conditions(columns, names, levels, units, ids)


def _parameters(designs: object, scaler: ConditionScaler) -> Conditions | None:
    """Return the parameters of designs; None where the model has none."""
    if not scaler.names:
        return None
    if _is_path(designs):
        known = Known(scaler.names, scaler.levels, scaler.left_out, units=scaler.units)
        return read_conditions(Path(os.fspath(designs)), known).conditions  # type: ignore[call-overload]
    columns = columns_of(designs, scaler.names)
    # As headers of tables, which have units behind the names.
    names = tuple(
        named_parameter(name, scaler.names, scaler.units, "designs") for name in columns.values
    )
    columns = _without_results(columns.renamed(names), scaler)
    constant = {each.name: each for each in scaler.left_out}
    for name in columns.values:
        if name in constant:
            _require_same(columns.values[name], constant[name])
        elif name not in scaler.names:
            raise UserError(
                f"there is no parameter {name!r}{_similar(name, scaler.names)}: "
                f"{_wanted(scaler.names)}"
            )
    missing = [name for name in scaler.names if name not in columns.values]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        absent = ", ".join(map(repr, missing))
        raise UserError(f"{absent} {verb} missing: {_wanted(scaler.names)}")
    return _conditions(columns, scaler.names, scaler.levels, scaler.units, None)


def _without_results(columns: Columns, scaler: ConditionScaler | None = None) -> Columns:
    """Return columns without those of results, as a table of predicted designs has them."""
    known = (*scaler.names, *(each.name for each in scaler.left_out)) if scaler else ()
    labelled = {name if name in known else split_unit(name).name: name for name in columns.values}
    results = result_columns(list(labelled), known)
    if not results:
        return columns
    logger.info("note: %s", results_note(results))
    return columns.without([labelled[name] for name in results])


def _conditions(
    columns: Columns,
    names: tuple[str, ...],
    levels: Sequence[Levels],
    units: Sequence[str],
    ids: Sequence[str] | None,
) -> Conditions:
    if not columns.designs:
        raise UserError(f"there is no design: {TAKEN}")
    table = np.empty((columns.designs, len(names)))
    for column, (name, texts) in enumerate(zip(names, levels, strict=True)):
        values = columns.values[name]
        table[:, column] = _codes(name, values, texts) if texts else _numbers(name, values)
    ids = tuple(ids or columns.ids or map(str, range(columns.designs)))
    return Conditions(ids, names, table, levels=tuple(levels), units=tuple(units))


def _numbers(name: str, values: Sequence[Any]) -> NDArray[np.float64]:
    """Return a column of numbers; UserError for any other value."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiu":
        column = values.astype(np.float64)
    else:
        column = np.array([_number(name, row, value) for row, value in enumerate(values)])
    bad = np.flatnonzero(~np.isfinite(column))
    if len(bad):
        raise UserError(f"{name!r} of design {bad[0]} is {column[bad[0]]}: give a finite number")
    return column


def _number(name: str, row: int, value: Any) -> float:
    where = f"{name!r} of design {row} is"
    if hasattr(value, "ndim") and value.ndim == 0 and hasattr(value, "item"):
        value = value.item()
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        raise UserError(f"{where} missing: give a finite number")
    if isinstance(value, bool):
        raise UserError(f"{where} {value}, a truth value: give a number")
    if isinstance(value, str):
        raise UserError(f"{where} the text {value!r}: give a number")
    if not isinstance(value, Real | Decimal):
        raise UserError(f"{where} of type {type(value).__name__}: give a number")
    try:
        return float(value)
    except OverflowError as error:
        raise UserError(f"{where} too large: give a finite number") from error


def _codes(name: str, values: Sequence[Any], levels: Levels) -> NDArray[np.float64]:
    """Return the positions of texts among the values of a category; UserError for any other."""
    known = ", ".join(map(repr, levels))
    codes = []
    for row, value in enumerate(values):
        if not isinstance(value, str):
            raise UserError(f"{name!r} of design {row} is {value!r}, no text: give one of {known}")
        if value not in levels:
            raise UserError(
                f"{name!r} of design {row} is {value!r}{_similar(value, levels)}: give one of "
                f"{known}"
            )
        codes.append(float(levels.index(value)))
    return np.array(codes)


def _require_same(values: Sequence[Any], left_out: LeftOut) -> None:
    """Raise UserError where a column that was the same in all runs has another value."""
    if left_out.value is None:
        return
    for row, value in enumerate(values):
        if value != left_out.value:
            raise UserError(
                f"{left_out.name!r} of design {row} is {value!r}, but {left_out.value!r} in all "
                "runs of the study, so nothing is known of its effect: leave it out, or train "
                "with runs that differ in it"
            )


def _in_order(conditions: Conditions, scaler: ConditionScaler) -> Conditions:
    """Return conditions with the parameters in the order of the model."""
    if conditions.names == scaler.names or set(conditions.names) != set(scaler.names):
        return conditions  # the scaler says what is wrong with other names
    order = [conditions.names.index(name) for name in scaler.names]
    return replace(
        conditions,
        names=scaler.names,
        table=conditions.table[:, order],
        levels=tuple(conditions.levels[column] for column in order),
        units=tuple(conditions.units[column] for column in order),
    )


def _with_images(
    parameters: Conditions | None, images: object, scaler: ConditionScaler
) -> Conditions:
    """Return parameters with images in their order, or the images alone."""
    if scaler.images is None:
        assert parameters is not None
        return parameters
    ids, found = images_from(images, scaler.images)
    if parameters is None:
        return Conditions.of_images(ids, found)
    if len(found) != len(parameters):
        raise UserError(f"there are {len(found)} images for {len(parameters)} designs")
    return replace(parameters, images=found)


def _wanted(names: Sequence[str]) -> str:
    return f"the parameters are {', '.join(names)}"


def _similar(name: str, known: Sequence[str]) -> str:
    """Return a question for the name that may be meant; nothing where none is similar."""
    lower = {each.lower(): each for each in known}
    close = difflib.get_close_matches(name.lower(), list(lower), n=1)
    return f" (did you mean {lower[close[0]]!r}?)" if close else ""


def _is_path(value: object) -> bool:
    return isinstance(value, str | os.PathLike)


def _path(value: Any) -> Path | None:
    return None if value is None else Path(os.fspath(value))
