"""Results of an evaluation as typed, frozen objects; ``metrics.json`` is their dump.

:class:`EvaluationResult` holds everything that an evaluation found. Figures, report, model card,
summary, demo and learning curve read its attributes. Tested in tests/evaluation/results/.
"""

from simulgenvae.evaluation.results.base import STATISTICS, OverRuns, Record, RunError
from simulgenvae.evaluation.results.combination import Combination
from simulgenvae.evaluation.results.errors import ErrorsOverTime, SplitErrors, VariableErrors
from simulgenvae.evaluation.results.result import FORMAT, EvaluationResult
from simulgenvae.evaluation.results.study import SPLITS, DataSummary, SplitIds

__all__ = [
    "FORMAT",
    "SPLITS",
    "STATISTICS",
    "Combination",
    "DataSummary",
    "ErrorsOverTime",
    "EvaluationResult",
    "OverRuns",
    "Record",
    "RunError",
    "SplitErrors",
    "SplitIds",
    "VariableErrors",
]
