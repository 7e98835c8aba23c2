"""Description in the container of a page: all that the page says besides fields.

Tested in tests/explorer/test_twin.py.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from simulgenvae.quantities.grammar import Comparison


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


class Geometry(_Record):
    """Geometries of designs, where runs have meshes of their own."""

    kind: Literal["moved", "cut"]
    """Meaning of a shape: the positions of the nodes, or the signed distance from the boundary at
    the nodes of a grid, positive inside."""
    lower: tuple[float, float, float]
    """Least coordinates of the geometries of the training runs."""
    upper: tuple[float, float, float]
    """Largest coordinates."""
    note: str
    """Sentences about the geometry that is shown; empty where it follows from the parameters."""


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


class QuantityArrays(_Record):
    """Names of the arrays in the container that a quantity is evaluated from.

    With ``modes``, the values at the places are ``mean + coefficients @ modesᵀ``. Without them, the
    field is decoded, and the places are its ``rows``.
    """

    steps: str
    """Timesteps, uint32 ``[t]``."""
    step_weights: str
    """Weights of the timesteps, float64 ``[t]``, which sum to 1."""
    modes: str | None = None
    """Change of the values at the R places by each mode, float32 ``[R, v, r]``."""
    mean: str | None = None
    """Values of a state of 0, with the offsets, float64 ``[R, v]``."""
    rows: str | None = None
    """Rows of the field, uint32 ``[R]``; None for all of them, and where there are modes."""
    weights: str | None = None
    """Factors of the values in a sum over places, float64 ``[R]``; None for extremes."""
    coords: str | None = None
    """Positions of the places of an extreme, float32 ``[R, D]``; None where it has no place, and
    where nodes have other positions in each design."""
    places: str | None = None
    """Instead of them, the nodes of the places, uint32 ``[R]``."""


class Limit(_Record):
    """Value that a quantity is to stay below or above."""

    value: float
    comparison: Comparison


class Quantity(_Record):
    """Quantity of interest, and what its value and band are computed from."""

    name: str
    unit: str
    text: str
    """Expression, as it is written."""
    limit: Limit | None
    statistic: Literal["max", "min", "mean", "integral", "value"]
    """All but the first two are sums over places and timesteps with their weights."""
    columns: tuple[int, ...]
    """Positions of its variables; of several, the magnitude is meant."""
    one_time: bool
    """True if fields are mixed to one time before anything else."""
    has_time: bool
    """True if it is at one of several times."""
    correction: float
    """Number that is added to the quantity of the predicted field."""
    typical: float
    """Mean variance of the samples of validation runs."""
    std_factor: float
    """Factor from the spread of samples to the standard deviation."""
    arrays: QuantityArrays


class LeftOutQuantity(_Record):
    """Quantity that a page cannot compute."""

    name: str
    text: str
    reason: str


class Bands(_Record):
    """Common factors of the bands of all quantities."""

    label: str
    runs: int
    """Validation runs that the factors come from; 0 where they are not calibrated."""
    width: float
    """Half the width of a band in standard deviations."""
    typical_part: float
    """Part of the squared spread that is the mean of the validation runs."""
    notes: tuple[str, ...]
    """Sentences about the quantities, without a full stop."""


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
    geometry: Geometry | None = None
    """None where all designs have one mesh."""
    training_ids: tuple[str, ...]
    calibration: CalibrationFactors
    variance_floor: float
    """Part of the mean variance of a run that is added everywhere."""
    variance_left_out: float
    """Largest part of the variance that is left out where fields are computed from it."""
    novelty_limit: float
    """Novelty above which a design is further from the training runs than these are apart."""
    quantities: tuple[Quantity, ...] = ()
    left_out_quantities: tuple[LeftOutQuantity, ...] = ()
    bands: Bands | None = None
    """None where there are no quantities."""
