"""Names of a package that are loaded when they are first used.

Importing a module of a package runs the package's ``__init__`` first. Where that imported all that
the package offers, a description of a model could not be read without torch, which takes longer to
load than a design to predict.

Tested in tests/surrogate/test_imports.py.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def lazy_names(package: str, modules: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package that loads names from its modules.

    Parameters
    ----------
    package
        Name of the package, ``__name__``.
    modules
        Module of each name, below the package.
    """

    def load(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{package}.{modules[name]}"), name)

    return load
