"""Reductions of fields to coefficients: scaling, POD, and an account of what they leave out.

For POD that account is an estimate from a part of the entries (``projection.py``), and for runs
that were reduced earlier a bound (``incremental.py``).

:func:`candidates` and :meth:`Candidate.project` are the two phases of fitting; :func:`reduce_runs`
does both for callers that check nothing in between.

Tested in tests/reduction/test_reduction.py.
"""

from typing import TYPE_CHECKING

from simulgenvae.utils.lazy_names import lazy_names

if TYPE_CHECKING:
    from simulgenvae.reduction.base import Candidate, Decoder, Reduction
    from simulgenvae.reduction.encode import encode_runs, runs_in
    from simulgenvae.reduction.fit import candidates, reduce_runs
    from simulgenvae.reduction.identity import Identity
    from simulgenvae.reduction.incremental import FitSummary, ReducedRuns
    from simulgenvae.reduction.lazy import LazyStates, stays_on_disk
    from simulgenvae.reduction.monitor import Monitor
    from simulgenvae.reduction.pod import Pod
    from simulgenvae.reduction.restore import restore_reduction
    from simulgenvae.reduction.run_reader import RunReader

__all__ = [
    "Candidate",
    "Decoder",
    "FitSummary",
    "Identity",
    "LazyStates",
    "Monitor",
    "Pod",
    "ReducedRuns",
    "Reduction",
    "RunReader",
    "candidates",
    "encode_runs",
    "reduce_runs",
    "restore_reduction",
    "runs_in",
    "stays_on_disk",
]

# Predictions without torch need the map of states, and no fitting.
__getattr__ = lazy_names(
    __name__,
    {
        "Candidate": "base",
        "Decoder": "base",
        "FitSummary": "incremental",
        "Identity": "identity",
        "LazyStates": "lazy",
        "Monitor": "monitor",
        "Pod": "pod",
        "ReducedRuns": "incremental",
        "Reduction": "base",
        "RunReader": "run_reader",
        "candidates": "fit",
        "encode_runs": "encode",
        "reduce_runs": "fit",
        "restore_reduction": "restore",
        "runs_in": "encode",
        "stays_on_disk": "lazy",
    },
)
