"""Findings of checks.

Tested in tests/data/checks/test_dataset.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SEVERITIES = ("error", "warning", "info")
"""Severities, the worst first."""


@dataclass(frozen=True)
class Finding:
    """One finding of a check."""

    severity: Literal["error", "warning", "info"]
    """An error makes training fail or mislead, a warning needs a look, an info is good to know."""
    cause: str
    """Statement of what was found."""
    subject: str = ""
    """Runs, variable or part of the split with that property; empty for the whole dataset."""
    action: str = ""
    """Advice on what to do."""

    @property
    def message(self) -> str:
        """Subject, cause and action in one text for printing."""
        return ": ".join(part for part in (self.subject, self.cause, self.action) if part)
