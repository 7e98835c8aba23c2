"""Options about what commands say, which all of them have.

Tested in tests/cli/test_messages.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from simulgenvae.cli.groups import MESSAGES, OUTPUT


@Parameter(name="*", group=MESSAGES)
@dataclass(frozen=True)
class Messages:
    """Amount of text that is shown besides the result."""

    verbose: Annotated[bool, Parameter(name=["--verbose", "-v"])] = False
    """Say more: messages for developers, and the traceback of an unexpected error."""
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"])] = False
    """Say only the result, warnings and errors: no progress, no notes."""


Json = Annotated[
    bool,
    Parameter(
        name="--json",
        group=OUTPUT,
        help="Print the result as JSON (docs/json.md); everything else goes to the standard error "
        "stream.",
    ),
]
