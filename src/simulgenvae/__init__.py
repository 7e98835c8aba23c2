"""SimulGenVAE: whole transient simulation fields of new designs in milliseconds.

>>> from simulgenvae import Conditions, Dataset, fit
>>> surrogate = fit(Dataset.from_arrays(fields, conditions))
>>> surrogate.predict(new_conditions)["fields"]
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.errors import UserError
    from simulgenvae.settings import Settings, Study
    from simulgenvae.surrogate import Surrogate, fit

__all__ = ["Conditions", "Dataset", "Settings", "Study", "Surrogate", "UserError", "fit"]

_HOMES = {
    "Conditions": "data.conditions",
    "Dataset": "data.dataset",
    "Settings": "settings",
    "Study": "settings",
    "Surrogate": "surrogate",
    "UserError": "errors",
    "fit": "surrogate",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: torch takes seconds, and `simulgenvae --help` needs none of it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
