"""Results of commands as JSON, for programs (``--json``).

``docs/json.md`` says what the keys mean. Tested in tests/cli/test_messages.py.
"""

from __future__ import annotations

import sys


def print_json(result: object) -> None:
    """Print a dataclass on the standard output; numbers that are not finite become null."""
    # Imported here, as help does without it.
    from pydantic import TypeAdapter

    text = TypeAdapter(type(result)).dump_json(result, indent=2)
    # Not by rich, which would wrap long lines.
    sys.stdout.write(text.decode() + "\n")
