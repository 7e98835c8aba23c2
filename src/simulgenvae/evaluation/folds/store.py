"""Files of a cross-validation: what each fold measured, and all folds together.

Tested in tests/evaluation/folds/test_cross_validate.py.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Literal

from simulgenvae import __version__
from simulgenvae.distributed import collectives
from simulgenvae.evaluation.folds.plan import make_folds
from simulgenvae.evaluation.results.base import Numbers, Record
from simulgenvae.evaluation.results.folds import CrossValidation
from simulgenvae.evaluation.results.quantities import Quantities
from simulgenvae.evaluation.results.uncertainty import RunUncertainty
from simulgenvae.training.identity import MAY_DIFFER, NOT_TRAINING
from simulgenvae.utils.atomic import atomic_write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.data.split import Split
    from simulgenvae.settings import Settings, StudyFolder
    from simulgenvae.surrogate.surrogate import Surrogate


class MethodErrors(Record):
    """Errors of one method in the n runs that a fold holds out."""

    relative_l2: Numbers
    """Joint relative error of each run."""
    metrics: dict[str, tuple[Numbers, ...]]
    """Metrics by their names, ``[n][V]``."""


class FoldErrors(Record):
    """Everything that was measured in one fold."""

    format: Literal[1] = 1
    basis: str
    """Hash of what the fold depends on, by :func:`basis_of`."""
    training_runs: int
    validation_runs: int
    held_out: tuple[str, ...]
    errors: dict[str, MethodErrors]
    """Errors by method."""
    uncertainty: dict[str, RunUncertainty]
    """Uncertainty of each run; empty where it was not measured."""
    quantities: Quantities
    seconds: float
    notes: tuple[str, ...]


def basis_of(dataset: Dataset, folds: Sequence[Split], settings: Settings) -> str:
    """Return a hash of data, runs, settings of the training, and version.

    Errors of another basis cannot be compared.
    """
    own = settings.model_dump(mode="json", exclude=NOT_TRAINING)
    training = {key: value for key, value in own["training"].items() if key not in MAY_DIFFER}
    content = {
        "data": dataset.fingerprint,
        "folds": [fold.parts() for fold in folds],
        "settings": own | {"training": training},
        "version": __version__,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def write_record(path: Path, record: Record) -> None:
    """Write a record as JSON; the previous file stays if this fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        temporary.write_text(record.model_dump_json(indent=1), encoding="utf-8")


def read_fold(path: Path, basis: str) -> FoldErrors | None:
    """Return what a fold on this basis has measured; None where it has to be trained."""
    try:
        found = FoldErrors.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # missing, or damaged: it is trained again
        return None
    return found if found.basis == basis else None


def read_folds(
    study: StudyFolder, dataset: Dataset, surrogate: Surrogate
) -> tuple[CrossValidation | None, list[str]]:
    """Return the study's last cross-validation, if it is of the surrogate's data and settings.

    The second result has a note where there is one that is not.
    """

    def read() -> tuple[CrossValidation | None, list[str]]:
        path = study.cross_validation_file
        if not path.exists():
            return None, []
        left_out = f"The cross-validation in {path.name} is left out"
        try:
            found = CrossValidation.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None, [f"{left_out}: the file cannot be read."]
        runs = len(surrogate.split.train) + len(surrogate.split.validation)
        if found.folds <= runs:
            folds = make_folds(surrogate.split, found.folds, surrogate.settings.data.split_seed)
            if basis_of(dataset, folds, surrogate.settings) == found.basis:
                return found, []
        return None, [f"{left_out}: it is of other data, settings or another version."]

    return collectives.run_on_rank0(read)
