"""The command that installs what this package can use and does not find.

It names the libraries themselves with the versions that the package needs, so that it works in
every folder, and whether the package came from a clone, a wheel or an index.

Tested in tests/utils/test_install.py.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires

INSTALL = "python -m pip install"
"""Beginning of every command for installing something that a message gives."""


def install_command(*names: str) -> str:
    """Return the command that installs extras of this package, or libraries that it needs.

    A name that the package's own metadata does not know is taken for that of a library.
    """
    try:
        known = requires("simulgenvae") or []
    except PackageNotFoundError:  # its files were copied, not installed
        known = []
    wanted: list[str] = []
    for name in names:
        wanted += _libraries(name, known) or [name]
    # Double quotes, which the shells of Windows know too.
    return " ".join([INSTALL, *(f'"{library}"' for library in wanted)])


def _libraries(name: str, requirements: list[str]) -> list[str]:
    """Return the requirements of an extra or on a library, without their conditions."""
    found = []
    for requirement in requirements:
        library, _, condition = requirement.partition(";")
        is_library = re.split(r"[^\w.-]", library, maxsplit=1)[0] == name
        if is_library or re.search(rf"extra == ['\"]{re.escape(name)}['\"]", condition):
            found.append(library.strip())
    return found
