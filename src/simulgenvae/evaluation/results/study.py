"""Facts about the evaluated study: its data, its split and what it was trained on.

Tested in tests/evaluation/results/test_result.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.evaluation.results.base import Record
from simulgenvae.utils.formatting import count, quantity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sized

SPLITS = ("train", "validation", "test")
"""Names of the parts of a split, in the order of tables."""


class ImageSummary(Record):
    """Format of the images that describe the designs."""

    width: int
    height: int
    channels: int
    size: int
    """Width and height in pixels to which they are resized."""
    bits: int = 8
    """Bits of a grey level or colour in the files; 8 in results of earlier versions."""

    def __str__(self) -> str:
        colour = "grey" if self.channels == 1 else "colour"
        depth = "" if self.bits == 8 else f" of {self.bits} bits"
        return f"{self.width} x {self.height} pixels, {colour}{depth}"


class DataSummary(Record):
    """Size and names of the data."""

    fingerprint: str
    runs: int
    timesteps: int
    nodes: int
    times: tuple[float, ...]
    variables: tuple[str, ...]
    units: tuple[str, ...]
    """Unit of each variable; empty where it is unknown."""
    parameters: tuple[str, ...]
    images: ImageSummary | None
    time_unit: str = ""
    """Unit of the times; empty where it is unknown, and in results of earlier versions."""
    length_unit: str = ""
    """Unit of the positions; empty where it is unknown, and in results of earlier versions."""
    parameter_units: tuple[str, ...] = ()
    """Unit of each parameter; results of earlier versions have none."""
    left_out: tuple[str, ...] = ()
    """Columns of the table that are no parameters, with the reason."""
    extent: tuple[float, ...] = ()
    """Length of the model along each axis; empty without coordinates, and in results of earlier
    versions."""

    @property
    def length(self) -> float | None:
        """Largest extent of the model; None where it is not known."""
        return max(self.extent, default=None)

    @property
    def duration(self) -> float:
        """Time from the first to the last timestep."""
        return self.times[-1] - self.times[0]

    def unit(self, variable: str) -> str:
        """Return the unit of a variable; empty if it is unknown."""
        return self.units[self.variables.index(variable)]

    def describe_conditions(self) -> str:
        """Return in words what is known of a design."""
        parts = []
        if self.parameters:
            number = count(len(self.parameters), "parameter")
            units = self.parameter_units or ("",) * len(self.parameters)
            parts.append(f"{number}: {', '.join(map(quantity, self.parameters, units))}")
        if self.images is not None:
            size = self.images.size
            parts.append(f"one image: {self.images}, read as {size} x {size}")
        return "; ".join(parts)


class SplitIds(Record):
    """Ids of the runs of each part of the split."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    def ids(self, split: str) -> tuple[str, ...]:
        """Return the ids of one part of the split."""
        found: tuple[str, ...] = getattr(self, split)
        return found


class TrainedRange(Record):
    """Range of a parameter in the training runs, and whether its logarithm is used."""

    lower: float
    upper: float
    logarithm: bool
    levels: tuple[str, ...] = ()
    """Values of a category; empty for a number."""
    linear_below: float = 0.0
    """Size below which the scale is linear, where the parameter has zeros or both signs."""
    unit: str = ""
    """Unit of the parameter; empty where it is unknown."""

    @property
    def scale(self) -> str:
        """Name of the scale in which the parameter is read."""
        if self.levels:
            return "category"
        if self.linear_below:
            return f"logarithmic, linear below {self.linear_below:.3g} (asinh)"
        return "logarithmic" if self.logarithm else "linear"


class TrainedValues(Record):
    """Values of a variable in the training runs."""

    lowest: float
    highest: float
    peak_is_low: bool
    """True if the peak of the variable is its lowest value: it is further from the mean than the
    highest."""

    @property
    def span(self) -> float:
        """Difference of the highest and the lowest value."""
        return self.highest - self.lowest


class Timing(Record):
    """Times of prediction in seconds."""

    seconds_per_run_in_batches: float
    seconds_for_one_run: float


def compared_split(rows: Mapping[str, Sized]) -> str:
    """Return the split on which methods are compared: test, else validation, else training."""
    for split in reversed(SPLITS):
        if len(rows.get(split, ())):
            return split
    return "train"
