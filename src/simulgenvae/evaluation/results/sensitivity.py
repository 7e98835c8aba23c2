"""Results of the sensitivity analysis: how much each input changes the prediction.

Tested in tests/evaluation/analyses/test_sensitivity.py.
"""

from __future__ import annotations

from pydantic import Field

from simulgenvae.evaluation.results.base import Number, Numbers, Record


class OutputIndices(Record):
    """Sobol indices of one scalar output by input; None for an output that does not vary."""

    first: Numbers | None
    total: Numbers | None


class FieldIndices(Record):
    """Sobol indices of the whole field by input, with their standard errors."""

    first: Numbers
    total: Numbers
    first_standard_error: Numbers
    total_standard_error: Numbers


class SobolIndices(Record):
    """Sobol indices over the trained range."""

    predictions: int
    field: FieldIndices
    variance_fractions: Numbers
    """Fraction of the variance of the leading components that each of them has."""
    outputs: dict[str, OutputIndices]
    """Indices of each component, and of the mean and maximum of each variable."""
    quantities: dict[str, OutputIndices] = Field(default_factory=dict)
    """Indices of each quantity of interest that is declared."""


class ExchangedInput(Record):
    """Error when one input is exchanged among the runs."""

    error: Number
    rise: Number
    """Rise of the error by the exchange; about 0 for an input without influence."""


class Permutation(Record):
    """Permutation sensitivity on runs that the networks have not learned from."""

    runs: int
    shifts: int
    """Number of exchanges that the errors are averaged over."""
    error: Number
    """Mean joint relative error without any exchange."""
    inputs: dict[str, ExchangedInput]


class Sensitivity(Record):
    """Results of both analyses, on a few timesteps and nodes."""

    inputs: tuple[str, ...]
    """Names of the inputs: the parameters, and the image last."""
    times: int
    nodes: int
    sobol: SobolIndices | None
    permutation: Permutation | None
    split: str
    notes: tuple[str, ...]
