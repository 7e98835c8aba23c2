"""Names that are not taken.

Tested in tests/export/test_result_table.py and tests/export/test_netcdf.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container


def free_name(name: str, taken: Container[str]) -> str:
    """Return a name, with as many ``_`` behind it as make it differ from those that are taken."""
    while name in taken:
        name += "_"
    return name
