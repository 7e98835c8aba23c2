"""Cross-validation: errors of runs by surrogates that were trained without them.

The training and the validation runs of a study are divided into folds. For each fold the surrogate
is trained anew, with the settings of the study's own, on the runs of the other folds. The test runs
of the study are in no fold: they stay unseen however often settings are chosen by these errors.
"""

from simulgenvae.evaluation.folds.cross_validate import cross_validate

__all__ = ["cross_validate"]
