"""Baselines: simple methods that a surrogate is compared with, fitted on the same training runs.

A new baseline is a file with a subclass of :class:`Baseline` and its :class:`BaselineSpec`, and one
line in the call of :func:`register` below. Evaluation, figures, report and benchmarks read the
registry ``BASELINES``. A program that uses this package may call :func:`register` itself.

The Gaussian processes here (``gp``, ``gp_prior``, ``pod_gpr``) also take part in the surrogate's
prediction, see ``simulgenvae.surrogate.ensemble``.

Tested in tests/baselines/test_registry.py.
"""

from simulgenvae.baselines.base import (
    BASELINES,
    Baseline,
    BaselineSpec,
    Choices,
    Coefficients,
    Inputs,
    register,
)
from simulgenvae.baselines.mean_run import MEAN_RUN
from simulgenvae.baselines.nearest_run import NEAREST_RUN
from simulgenvae.baselines.pod_gpr import POD_GPR
from simulgenvae.baselines.pod_rbf import POD_RBF

__all__ = ["BASELINES", "Baseline", "BaselineSpec", "Choices", "Coefficients", "Inputs", "register"]

# The order of tables and figures: from the simplest method to the most elaborate.
register(
    MEAN_RUN,
    NEAREST_RUN,
    POD_RBF,
    POD_GPR,
)
