"""Description in the container of a page: all that the page says besides fields.

Tested in tests/explorer/test_twin.py.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Record(BaseModel):
    """Base class of the parts; numbers that are not finite have no place in JSON."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class NumberInput(_Record):
    """Parameter that is a number, with its trained range."""

    kind: Literal["number"] = "number"
    name: str
    unit: str
    lower: float
    upper: float
    logarithm: bool
    """True if the model takes its logarithm: then it must be positive."""


class CategoryInput(_Record):
    """Parameter that is a category: the input is the position of the value, from 0."""

    kind: Literal["category"] = "category"
    name: str
    values: tuple[str, ...]


class ImageInput(_Record):
    """Format of a design's image."""

    size: int
    """Pixels of each side."""
    channels: int
    bits: int
    """Bits of each value: pixels are bytes for 8, else numbers from 0 to 1."""


class Evaluation(_Record):
    """Error on runs that were not learned from."""

    relative_error: float
    """Mean joint relative L2 error."""
    runs: int


class Variable(_Record):
    """Variable of the fields."""

    name: str
    unit: str
    range: tuple[float, float]
    """Smallest and largest value over the training runs."""


class Vector(_Record):
    """Variables that are the components of one vector."""

    name: str
    components: tuple[int, ...]
    """Positions of the components along x, y and z among the variables."""
    is_displacement: bool


class CalibrationFactors(_Record):
    """Factors from the spread to standard deviation and interval."""

    std_factor: float
    interval_factor: float
    level: float
    """Fraction of the values that the interval should hold."""
    label: str
    """Name of the interval."""
    runs: int
    """Validation runs that the factors come from; 0 where they are not calibrated."""
    warning: str | None
    """Remark to read before trusting the uncertainty."""


class QuantityText(_Record):
    """Quantity of interest."""

    name: str
    unit: str
    text: str


class Description(_Record):
    """Description of a surrogate in a page."""

    format: Literal[1] = 1
    study: str
    model: str
    version: str
    created: str
    data_fingerprint: str
    evaluation: Evaluation | None
    inputs: tuple[NumberInput | CategoryInput, ...]
    image: ImageInput | None
    times: tuple[float, ...]
    time_unit: str
    continuous_in_time: bool
    """True if the model predicts between the training times."""
    length_unit: str
    variables: tuple[Variable, ...]
    vectors: tuple[Vector, ...]
    dimension: Literal[1, 2, 3]
    """Dimension of the space that the mesh spans."""
    node_count: int
    training_ids: tuple[str, ...]
    calibration: CalibrationFactors
    variance_floor: float
    """Part of the mean variance of a run that is added everywhere."""
    novelty_limit: float
    """Novelty above which a design is further from the training runs than these are apart."""
    quantities: tuple[QuantityText, ...] = ()
