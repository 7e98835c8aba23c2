"""Conditions (what is known of a design before it is simulated) and their scaling for a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StrictBool, field_validator, model_validator

from simulgenvae.data.images import ImageFormat, Images
from simulgenvae.data.names import check_ids, check_names
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Conditions:
    """Parameters of N runs, their images, or both.

    Raises UserError when the attributes do not agree.

    Attributes
    ----------
    ids
        Ids of the N runs.
    names
        Names of the P parameters; empty where there are only images.
    table
        Values `[N, P]`, all finite.
    images
        Images of the N runs.
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
        # A single NaN would spread to all weights of the networks in the first training step.
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
        """Return conditions that consist of images only."""
        return cls(tuple(ids), (), np.zeros((len(ids), 0)), images)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def image_format(self) -> ImageFormat | None:
        """Format that all images have; None without images."""
        return None if self.images is None else self.images.format

    def select(self, rows: Sequence[int] | NDArray[np.intp]) -> Conditions:
        """Return the conditions at ``rows``, in that order."""
        chosen = np.asarray(rows, dtype=np.intp)
        images = None if self.images is None else self.images.select(chosen)
        return Conditions(
            tuple(self.ids[row] for row in chosen), self.names, self.table[chosen], images
        )


Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class ConditionScaler(BaseModel):
    """Shift and scale of each parameter, for some of them after a logarithm, as in model files.

    They come from the training runs only: the mean and standard deviation of validation or test
    runs would leak into training.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: tuple[str, ...]
    """Names of the parameters."""
    logarithm: tuple[StrictBool, ...]
    """Truth value for each parameter: is its logarithm taken first?"""
    shift: tuple[Number, ...]
    """Mean of each parameter, after the logarithm."""
    scale: tuple[Number, ...]
    """Standard deviation of each parameter, after the logarithm."""
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
        """Return the scaling of the training runs' conditions.

        ``logarithms`` names the parameters whose logarithm is taken, by default all that are
        positive and span more than a decade. Raises UserError naming every condition that is the
        same in all runs.
        """
        table = conditions.table
        images = conditions.images
        if not len(table):
            raise UserError("no runs to scale the parameters from")
        if images is not None and bool((images.pixels == images.pixels[0]).all()):
            raise UserError(
                f"the {len(table)} training runs have the same image: nothing can be learned from "
                "it"
            )
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
        if logarithms is None:
            with np.errstate(divide="ignore", invalid="ignore"):
                logarithm = (lower > 0) & (np.log(upper) - np.log(lower) > np.log(10.0))
        else:
            logarithm = np.isin(conditions.names, list(logarithms))
        values = _logarithm(table, logarithm)
        # Divided by the largest, so that squares of huge or tiny values stay finite.
        size = np.abs(values).max(axis=0)
        shift = (values / size).mean(axis=0) * size
        scale = (values / size).std(axis=0) * size
        return cls(
            names=conditions.names,
            logarithm=tuple(map(bool, logarithm)),
            shift=tuple(map(float, shift)),
            scale=tuple(map(float, scale)),
            lower=tuple(map(float, lower)),
            upper=tuple(map(float, upper)),
            images=conditions.image_format,
        )

    def transform(self, conditions: Conditions) -> NDArray[np.float64]:
        """Return scaled parameters `[n, P]`: mean 0, standard deviation 1 over the training runs.

        Raises UserError for other parameter names, other images, and for a value that has no
        logarithm where one is taken.
        """
        # Compared with their order: the columns of a matrix have no names in the network.
        if conditions.names != self.names:
            given = ", ".join(conditions.names) or "none"
            trained = ", ".join(self.names) or "none"
            raise UserError(
                f"the parameters are {given}, but the model was trained with {trained}, in this "
                "order"
            )
        if conditions.image_format != self.images:
            raise UserError(
                f"the images are {conditions.image_format or 'none'}, but the model was trained "
                f"with {self.images or 'none'}"
            )
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
        """Return one warning for each parameter value outside the trained range."""
        lower = np.array(self.lower)
        upper = np.array(self.upper)
        # Values that a program has printed and read again may be off by rounding.
        slack = 1e-6 * (upper - lower)
        rows = np.argwhere((conditions.table < lower - slack) | (conditions.table > upper + slack))
        return [
            f"run {conditions.ids[run]!r}: {self.names[column]} = "
            f"{conditions.table[run, column]:g} is outside the trained range {lower[column]:g} to "
            f"{upper[column]:g}"
            for run, column in rows
        ]


def _logarithm(table: NDArray[np.float64], columns: NDArray[np.bool_]) -> NDArray[np.float64]:
    # Only logarithms that are needed are taken: others may be of zero or negative values.
    return np.where(
        columns, np.log(table, out=np.zeros_like(table), where=columns & (table > 0)), table
    )
