"""Conditions: what is known of a design before it is simulated, and their scaling for a network."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, StrictBool, field_validator, model_validator

from simulgenvae.data.images import ImageFormat, Images
from simulgenvae.data.names import check_ids, check_names
from simulgenvae.errors import UserError


@dataclass(frozen=True, eq=False)
class Conditions:
    """The parameters of N runs, their pictures, or both.

    ids: N run ids; names: P parameter names (none where pictures say all); table: [N, P], finite;
    images: N pictures. Raises UserError when these do not agree.
    """

    ids: tuple[str, ...]
    names: tuple[str, ...]
    table: NDArray[np.float64]
    images: Images | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", np.asarray(self.table, dtype=np.float64))
        if self.table.shape != (len(self.ids), len(self.names)):
            expected = f"{len(self.ids)} ids x {len(self.names)} names"
            raise UserError(
                f"the table of parameters has the shape {self.table.shape}, but there are "
                f"{expected}"
            )
        check_ids(self.ids)
        check_names(self.names, "parameter")
        bad = np.argwhere(~np.isfinite(self.table))
        if len(bad):
            run, column = bad[0]
            raise UserError(
                f"run {self.ids[run]!r}: parameter {self.names[column]!r} is "
                f"{self.table[run, column]}"
            )
        if self.images is not None and len(self.images) != len(self.ids):
            raise UserError(f"there are {len(self.images)} images for {len(self.ids)} runs")

    @classmethod
    def of_images(cls, ids: Sequence[str], images: Images) -> Self:
        """Pictures alone."""
        return cls(tuple(ids), (), np.zeros((len(ids), 0)), images)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def image_format(self) -> ImageFormat | None:
        """What the pictures have in common; None without pictures."""
        return None if self.images is None else self.images.format

    def select(self, rows: Sequence[int] | NDArray[np.intp]) -> Conditions:
        """The given rows, in the given order."""
        chosen = np.asarray(rows, dtype=np.intp)
        images = None if self.images is None else self.images.select(chosen)
        return Conditions(
            tuple(self.ids[row] for row in chosen), self.names, self.table[chosen], images
        )


Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class ConditionScaler(BaseModel):
    """Shift and scale of each parameter, of some after a logarithm, as model files hold them.

    It is fitted on the training runs only.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: tuple[str, ...]
    """Names of the parameters."""
    logarithm: tuple[StrictBool, ...]
    """Whether the logarithm of each parameter is read."""
    shift: tuple[Number, ...]
    scale: tuple[Number, ...]
    lower: tuple[Number, ...]
    """Smallest value of each parameter among the training runs, in the user's units."""
    upper: tuple[Number, ...]
    """Largest value of each parameter among the training runs, in the user's units."""
    images: ImageFormat | None = None
    """Format of the images, where there are any."""

    @field_validator("images", mode="before")
    @classmethod
    def _format_of_a_file(cls, value: object) -> object:
        return ImageFormat.from_dict(value) if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _one_value_for_each_parameter(self) -> Self:
        for column in (self.logarithm, self.shift, self.scale, self.lower, self.upper):
            if len(column) != len(self.names):
                raise ValueError("the scaling of the conditions has not one value per parameter")
        if any(scale <= 0 for scale in self.scale):
            raise ValueError("the scaling of the conditions has a scale that is not positive")
        check_names(self.names, "parameter")
        return self

    @classmethod
    def fit(cls, conditions: Conditions, logarithms: Collection[str] | None = None) -> Self:
        """From the training runs; ``logarithms`` names the parameters that are read as such, by
        default all that are positive and span more than a decade.

        Raises UserError naming every condition that is the same in all runs.
        """
        table, images = conditions.table, conditions.images
        if not len(table):
            raise UserError("no runs to scale the parameters from")
        if images is not None and bool((images.pixels == images.pixels[0]).all()):
            raise UserError(
                f"the {len(table)} training runs have the same image: nothing can be learned from "
                "it"
            )
        lower, upper = table.min(axis=0), table.max(axis=0)
        size = np.maximum(np.abs(lower), np.abs(upper))
        same = np.flatnonzero(upper / 2 - lower / 2 <= 1e-12 * size)
        if len(same):
            constant = ", ".join(repr(conditions.names[column]) for column in same)
            raise UserError(
                f"constant parameter {constant}: the same value in all {len(table)} training "
                "runs, so nothing can be learned from it. Remove the column, or add runs that "
                "differ in it"
            )
        if logarithms is None:
            with np.errstate(divide="ignore", invalid="ignore"):
                logarithm = (lower > 0) & (np.log(upper) - np.log(lower) > np.log(10.0))
        else:
            logarithm = np.isin(conditions.names, list(logarithms))
        values = _logarithm(table, logarithm)
        size = np.abs(values).max(
            axis=0
        )  # divided out, so that squares of huge or tiny values stay finite
        shift, scale = (values / size).mean(axis=0) * size, (values / size).std(axis=0) * size
        shift, scale, lower, upper = (
            tuple(map(float, column)) for column in (shift, scale, lower, upper)
        )
        return cls(
            names=conditions.names,
            logarithm=tuple(map(bool, logarithm)),
            shift=shift,
            scale=scale,
            lower=lower,
            upper=upper,
            images=conditions.image_format,
        )

    def transform(self, conditions: Conditions) -> NDArray[np.float64]:
        """[n, P]: zero mean and unit standard deviation over the training runs.

        Raises UserError for other parameter names, other images, and for a value that has no
        logarithm where one is taken.
        """
        if conditions.names != self.names:
            given, known = ", ".join(conditions.names) or "none", ", ".join(self.names) or "none"
            raise UserError(
                f"the parameters are {given}, but the model was trained with {known}, in this order"
            )
        if conditions.image_format != self.images:
            given, known = (
                str(found or "none") for found in (conditions.image_format, self.images)
            )
            raise UserError(f"the images are {given}, but the model was trained with {known}")
        logarithm = np.array(self.logarithm, dtype=bool)
        bad = np.argwhere((conditions.table <= 0) & logarithm)
        if len(bad):
            run, column = bad[0]
            raise UserError(
                f"run {conditions.ids[run]!r}: {self.names[column]} = "
                f"{conditions.table[run, column]:g} must be positive, as in all training runs "
                "(its logarithm is used)"
            )
        values = _logarithm(conditions.table, logarithm)
        values -= np.array(self.shift)
        values /= np.array(self.scale)
        return values

    def outside(self, conditions: Conditions) -> list[str]:
        """One warning for each parameter value outside the trained range (by more than
        rounding)."""
        lower, upper = np.array(self.lower), np.array(self.upper)
        slack = 1e-6 * (upper - lower)
        rows = np.argwhere((conditions.table < lower - slack) | (conditions.table > upper + slack))
        return [
            f"run {conditions.ids[run]!r}: {self.names[column]} = "
            f"{conditions.table[run, column]:g} is outside the trained range {lower[column]:g} to "
            f"{upper[column]:g}"
            for run, column in rows
        ]


def _logarithm(table: NDArray[np.float64], columns: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.where(
        columns, np.log(table, out=np.zeros_like(table), where=columns & (table > 0)), table
    )
