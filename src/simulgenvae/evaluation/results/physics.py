"""Results of the physics checks: sums, integrals, energies and users' expressions.

Tested in tests/evaluation/results/test_result.py.
"""

from __future__ import annotations

from typing import Literal

from simulgenvae.evaluation.results.base import Numbers, OverRuns, Record, RunError


class Series(Record):
    """A quantity over time, ``[T]``, of the truth and of the prediction."""

    truth: Numbers
    prediction: Numbers


class QuantityErrors(Record):
    """Errors of one quantity over the runs."""

    kind: Literal["sum", "integral", "energy", "expression"]
    of: str
    """Variable, ``all variables``, or name of the user's check."""
    unit: str
    """Unit of the quantity; empty where it is unknown."""
    expression: str | None
    relative_error: OverRuns
    """Norm over time of the difference, relative to that of the truth."""
    error_by_absolute: OverRuns
    """Difference relative to the sum or integral of absolute values."""
    worst_run: RunError | None
    typical: Series
    """The quantity in the typical run."""

    @property
    def title(self) -> str:
        """Name of the quantity for people, such as ``energy of T``."""
        return self.of if self.kind == "expression" else f"{self.kind} of {self.of}"


class IntegrationWeights(Record):
    """Weights of the nodes in integrals over the domain."""

    kind: str
    """``length``, ``area``, ``volume``, or ``equal`` if the mesh has no cells."""
    total: float
    note: str


class Physics(Record):
    """Physics checks on the runs of the compared split."""

    runs: int
    typical_run: str
    weights: IntegrationWeights
    quantities: tuple[QuantityErrors, ...]
    notes: tuple[str, ...]
