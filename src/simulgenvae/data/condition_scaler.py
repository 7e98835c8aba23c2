"""Scaling of conditions for networks and regressions, as model files hold it.

Tested in tests/data/test_conditions.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, StrictBool, field_validator, model_validator

from simulgenvae.data.conditions import Conditions, LeftOut, Levels, Number, check_levels, recoded
from simulgenvae.data.decades import linear_below, unwarp, warp
from simulgenvae.data.images import ImageFormat
from simulgenvae.data.names import check_names
from simulgenvae.data.units import check_unit, with_unit
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray


class ConditionScaler(BaseModel):
    """Shift and scale of each parameter, for some of them after a logarithm, as in model files.

    They come from the training runs only: the mean and standard deviation of validation or test
    runs would leak into training.

    A parameter that is a number becomes one column. A category with K values becomes K columns, one
    for each value (one-hot): to the first layer of a network that is an embedding, as the layer has
    a vector of weights for each value.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: tuple[str, ...]
    """Names of the parameters."""
    logarithm: tuple[StrictBool, ...]
    """Truth value for each parameter: is its logarithm taken first?"""
    shift: tuple[Number, ...]
    """Mean of each parameter, after the logarithm; of a category, the mean of its columns."""
    scale: tuple[Number, ...]
    """Standard deviation of each parameter, after the logarithm; of a category, that of all its
    columns together, so that two runs have the same mean distance as in a number."""
    lower: tuple[Number, ...]
    """Smallest value of each parameter among the training runs, in the user's units."""
    upper: tuple[Number, ...]
    """Largest value of each parameter among the training runs, in the user's units."""
    images: ImageFormat | None = None
    """Format of the images, where there are any."""
    linear_below: tuple[Number, ...] = ()
    """Value s of each parameter that is read as asinh(x / s) instead of its logarithm, because it
    has zeros or negative values; 0 for the others. Model files of earlier versions have none."""
    levels: tuple[Levels, ...] = ()
    """Values of each category among the training runs; empty for a number. Model files of earlier
    versions have no categories."""
    left_out: tuple[LeftOut, ...] = ()
    """Columns of the study's table that are no parameters."""
    units: tuple[str, ...] = ()
    """Unit of each parameter, "" where it is unknown. Model files of earlier versions have none."""

    @field_validator("images", mode="before")
    @classmethod
    def _format_of_a_file(cls, value: object) -> object:
        return ImageFormat.from_dict(value) if isinstance(value, dict) else value

    @model_validator(mode="before")
    @classmethod
    def _earlier_versions(cls, values: object) -> object:
        if isinstance(values, dict) and isinstance(values.get("names"), (list, tuple)):
            count = len(values["names"])
            empty = {
                "linear_below": (0.0,) * count,
                "levels": ((),) * count,
                "units": ("",) * count,
            }
            values = values | {key: values.get(key) or default for key, default in empty.items()}
        return values

    @model_validator(mode="after")
    def _one_value_for_each_parameter(self) -> Self:
        columns = (self.logarithm, self.shift, self.scale, self.lower, self.upper)
        for column in (*columns, self.linear_below, self.levels, self.units):
            if len(column) != len(self.names):
                raise ValueError("the scaling of the conditions has not one value per parameter")
        if any(scale <= 0 for scale in self.scale) or any(below < 0 for below in self.linear_below):
            raise ValueError("the scaling of the conditions has a scale that is not positive")
        check_names(self.names, "parameter")
        for name, levels, unit in zip(self.names, self.levels, self.units, strict=True):
            check_levels(name, levels)
            check_unit(unit, f"parameter {name!r}")
        return self

    @classmethod
    def fit(cls, conditions: Conditions, logarithms: Collection[str] | None = None) -> Self:
        """Return the scaling of the training runs' conditions.

        ``logarithms`` names the parameters whose logarithm is taken, by default all that are
        positive and span more than a decade, and those that span decades with zeros. Raises
        UserError naming every condition that is the same in all runs.
        """
        images = conditions.images
        if not len(conditions):
            raise UserError("no runs to scale the parameters from")
        if images is not None and bool((images.pixels == images.pixels[0]).all()):
            raise UserError(
                f"the {len(conditions)} training runs have the same image: nothing can be learned "
                "from it"
            )
        # Only the values of training runs: the networks could learn nothing about others.
        levels: list[Levels] = []
        for texts, codes in zip(conditions.levels, conditions.table.T, strict=True):
            levels.append(tuple(text for code, text in enumerate(texts) if code in codes))
        category = np.array([bool(texts) for texts in levels], dtype=bool)
        table = recoded(conditions, levels)
        lower = table.min(axis=0)
        upper = table.max(axis=0)
        size = np.maximum(np.abs(lower), np.abs(upper))
        # Halved first: the difference of two huge values can overflow.
        same = np.flatnonzero(upper / 2 - lower / 2 <= 1e-12 * size)
        if len(same):
            constant = ", ".join(repr(conditions.names[column]) for column in same)
            raise UserError(
                f"constant parameter {constant}: the same value in all {len(table)} training "
                "runs, so nothing can be learned from it. Remove the column, or add runs that "
                "differ in it"
            )
        # Quantities that span decades, such as a permeability, act by their ratio.
        below = np.where(category, 0.0, linear_below(table))
        if logarithms is None:
            with np.errstate(divide="ignore", invalid="ignore"):
                logarithm = (lower > 0) & (np.log(upper) - np.log(lower) > np.log(10.0))
            logarithm = (logarithm | (below > 0)) & ~category
        else:
            logarithm = np.isin(conditions.names, list(logarithms)) & ~category
        below = np.where(logarithm, below, 0.0)
        values = warp(table, logarithm, below)
        # Divided by the largest, so that squares of huge or tiny values stay finite.
        size = np.abs(values).max(axis=0)
        shift = (values / size).mean(axis=0) * size
        scale = (values / size).std(axis=0) * size
        for column in np.flatnonzero(category):
            count = len(levels[column])
            parts = np.bincount(table[:, column].astype(np.intp), minlength=count) / len(table)
            # Two runs differ with the probability 1 - Σ p², and are then at the squared distance 2
            # in their one-hot columns. With this scale the mean over all pairs is 2, as of numbers.
            shift[column] = 1.0 / count
            scale[column] = np.sqrt(1.0 - np.square(parts).sum())
        return cls(
            names=conditions.names,
            logarithm=tuple(map(bool, logarithm)),
            shift=tuple(map(float, shift)),
            scale=tuple(map(float, scale)),
            lower=tuple(map(float, lower)),
            upper=tuple(map(float, upper)),
            images=conditions.image_format,
            linear_below=tuple(map(float, below)),
            levels=tuple(levels),
            left_out=conditions.left_out,
            units=conditions.units,
        )

    @property
    def widths(self) -> tuple[int, ...]:
        """Number of columns of each parameter in :meth:`transform`: 1, or K for a category."""
        return tuple(len(levels) or 1 for levels in self.levels)

    @property
    def columns(self) -> NDArray[np.intp]:
        """Position of the parameter that each column of :meth:`transform` belongs to, ``[Q]``."""
        return np.repeat(np.arange(len(self.names)), self.widths)

    @property
    def codes(self) -> NDArray[np.float64]:
        """Code of the category's value that each column is 1 for, ``[Q]``; NaN for numbers."""
        codes: list[float] = []
        for levels in self.levels:
            codes += [float(code) for code in range(len(levels))] or [np.nan]
        return np.array(codes)

    def warp(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a table ``[n, P]`` in the user's units with the logarithms that are taken."""
        return warp(table, np.array(self.logarithm, bool), np.array(self.linear_below))

    def unwarp(self, warped: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the table in the user's units from one with logarithms, ``[n, P]``."""
        return unwarp(warped, np.array(self.logarithm, bool), np.array(self.linear_below))

    def transform(self, conditions: Conditions) -> NDArray[np.float64]:
        """Return scaled parameters `[n, Q]`: mean 0, standard deviation 1 over the training runs.

        A category of a value that no training run has is zero in all its columns before they are
        shifted. Raises UserError for other parameter names, other images, and for a value that has
        no logarithm where one is taken.
        """
        self._check_kind(conditions)
        positive = np.array(self.logarithm, dtype=bool) & (np.array(self.linear_below) == 0)
        bad = np.argwhere((conditions.table <= 0) & positive)
        if len(bad):
            run, column = bad[0]
            raise UserError(
                f"run {conditions.ids[run]!r}: {self.names[column]} = "
                f"{conditions.table[run, column]:g} must be positive, as in all training runs "
                "(its logarithm is used)"
            )
        columns = self.columns
        codes = self.codes
        values = self.warp(recoded(conditions, self.levels))[:, columns]
        # Columns of numbers have no code; columns of a category are 1 where the code is theirs.
        values = np.where(np.isnan(codes), values, values == codes)
        values -= np.array(self.shift)[columns]
        values /= np.array(self.scale)[columns]
        return values

    def _check_kind(self, conditions: Conditions) -> None:
        # Compared with their order: the columns of a matrix have no names in the network.
        if conditions.names != self.names:
            given = ", ".join(conditions.names) or "none"
            trained = ", ".join(self.names) or "none"
            raise UserError(
                f"the parameters are {given}, but the model was trained with {trained}, in this "
                "order"
            )
        for name, given_levels, levels in zip(
            self.names, conditions.levels, self.levels, strict=True
        ):
            if bool(given_levels) != bool(levels):
                kinds = ("texts", "numbers") if given_levels else ("numbers", "texts")
                raise UserError(
                    f"the values of {name} are {kinds[0]}, but the model was trained with "
                    f"{kinds[1]}"
                )
        if conditions.image_format != self.images:
            raise UserError(
                f"the images are {conditions.image_format or 'none'}, but the model was trained "
                f"with {self.images or 'none'}"
            )

    def reach(self, conditions: Conditions) -> NDArray[np.float64]:
        """Return how far designs are from the middle of the trained range, ``[n]``.

        It is the distance in units of half the range, after the logarithm where one is taken, of
        the number in which it is largest: more than 1 is outside. It is 0 where no parameter is a
        number.
        """
        if not self._numbers.any():
            return np.zeros(len(conditions))
        lower, upper = self.warp(np.array([self.lower, self.upper]))[:, self._numbers]
        return _reach(self.warp(conditions.table)[:, self._numbers], lower, upper)

    def left_out_reach(self, conditions: Conditions) -> NDArray[np.float64]:
        """Return how far each of n designs is from the middle of the others' range, ``[n]``.

        It is the distance of :meth:`reach`. There are at least two designs.
        """
        if not self._numbers.any():
            return np.zeros(len(conditions))
        values = self.warp(conditions.table)[:, self._numbers]
        # Where a design has the end of the range, the range of the others ends at the next one.
        ordered = np.sort(values, axis=0)
        lower = np.where(values == ordered[0], ordered[1], ordered[0])
        upper = np.where(values == ordered[-1], ordered[-2], ordered[-1])
        return _reach(values, lower, upper)

    @property
    def _numbers(self) -> NDArray[np.bool_]:
        """True for each parameter that is a number, ``[P]``."""
        return np.array([not levels for levels in self.levels], dtype=bool)

    def is_outside(self, conditions: Conditions) -> NDArray[np.bool_]:
        """Return whether each parameter value is outside the trained range, ``[n, P]``."""
        lower = np.array(self.lower)
        upper = np.array(self.upper)
        table = recoded(conditions, self.levels)
        # Values that a program has printed and read again may be off by rounding.
        slack = 1e-6 * (upper - lower)
        found: NDArray[np.bool_] = (table < lower - slack) | (table > upper + slack)
        return found

    def outside(self, conditions: Conditions) -> list[str]:
        """Return one warning for each parameter value outside the trained range."""
        lower = self.lower
        upper = self.upper
        table = recoded(conditions, self.levels)
        found = []
        for run, column in np.argwhere(self.is_outside(conditions)):
            where = f"run {conditions.ids[run]!r}: {self.names[column]} ="
            if levels := self.levels[column]:
                text = conditions.value(run, column)
                found.append(f"{where} {text} occurs in no training run ({', '.join(levels)})")
            else:
                value = table[run, column]
                side = "below" if value < lower[column] else "above"
                unit = self.units[column]
                found.append(
                    f"{where} {with_unit(f'{value:g}', unit)} is {side} the trained range, "
                    f"{lower[column]:g} to {with_unit(f'{upper[column]:g}', unit)}"
                )
        return found


def _reach(
    values: NDArray[np.float64], lower: NDArray[np.float64], upper: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the largest distance of values ``[n, P]`` from the middle in half ranges, ``[n]``."""
    # Parameters whose values are all the same but for one have no range without it.
    half = np.maximum(0.5 * (upper - lower), np.finfo(np.float64).tiny)
    distances = np.abs(values - 0.5 * (lower + upper)) / half
    return np.asarray(np.minimum(distances, np.finfo(np.float32).max).max(axis=1))
