"""Time of a training besides its networks, for the plan of a budget.

Tested in tests/search/test_find.py.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from simulgenvae.reduction import LazyStates
from simulgenvae.surrogate.ensemble.pod_gp import PodGaussianProcesses

if TYPE_CHECKING:
    from simulgenvae.training.plan import TrainingPlan
    from simulgenvae.training.prepare import Prepared

CALIBRATION = 1.5
"""Factor for what follows the Gaussian processes: weights, calibration and writing."""


def rest_seconds(plan: TrainingPlan, prepared: Prepared) -> float:
    """Return the estimated time of all that follows the networks, measured on Gaussian processes.

    They are fitted and forgotten, which takes a small part of a training.
    """
    start = time.perf_counter()
    train = plan.rows["train"]
    if not isinstance(prepared.coefficients, LazyStates):
        PodGaussianProcesses.fit(
            plan.dataset.conditions.select(train),
            prepared.scaler,
            prepared.coefficients[train],
            plan.dataset.times,
        )
    # Where validation runs are learned from too, the processes are fitted twice.
    fits = 2 if plan.refits else 1
    return 1.0 + fits * CALIBRATION * (time.perf_counter() - start)
