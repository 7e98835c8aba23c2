"""SimulGenVAE: whole transient simulation fields of new designs in milliseconds.

>>> from simulgenvae import Conditions, Dataset, fit
>>> surrogate = fit(Dataset.from_arrays(fields, conditions))
>>> surrogate.predict(new_conditions)["fields"]

Tested in tests/test_public_names.py.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from simulgenvae.utils.lazy_names import lazy_names

if TYPE_CHECKING:
    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.errors import UserError
    from simulgenvae.settings import Settings
    from simulgenvae.study import Study
    from simulgenvae.surrogate.fit import fit
    from simulgenvae.surrogate.surrogate import Surrogate
    from simulgenvae.utils.progress import progress_on

__all__ = [
    "Conditions",
    "Dataset",
    "Settings",
    "Study",
    "Surrogate",
    "UserError",
    "fit",
    "progress_on",
]

__version__ = "2.2.0"
"""The one place that spells the version; ``CHANGELOG.md`` says what came with it."""

_HOMES = {
    "Conditions": "data.conditions",
    "Dataset": "data.dataset",
    "Settings": "settings",
    "Study": "study",
    "Surrogate": "surrogate.surrogate",
    "UserError": "errors",
    "fit": "surrogate.fit",
    "progress_on": "utils.progress",
}

# Nothing is printed unless the program that uses the library asks for its messages.
logging.getLogger(__name__).addHandler(logging.NullHandler())

# Threads of libgomp wait for each other by spinning, for milliseconds. As soon as anything else
# runs on the machine, they take the processor from those that they wait for: training on two busy
# cores stood nearly still. Spinning for some microseconds costs nothing on an idle machine and a
# third of the speed at most on a busy one (measured). It is read once, when torch is loaded.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")


# Torch takes seconds to load, and `simulgenvae --help` needs none of it.
__getattr__ = lazy_names(__name__, _HOMES)
