"""Train and measure every fold of a study, or continue an interrupted cross-validation."""

from __future__ import annotations

import logging
import shutil
import time
from typing import TYPE_CHECKING

from simulgenvae.distributed import collectives
from simulgenvae.errors import UserError
from simulgenvae.evaluation.folds.measure import all_folds, measure_fold
from simulgenvae.evaluation.folds.plan import make_folds
from simulgenvae.evaluation.folds.store import FoldErrors, basis_of, read_fold, write_record
from simulgenvae.settings.batches import batches_up_to
from simulgenvae.settings.folder import StudyFolder
from simulgenvae.surrogate.fit import fit
from simulgenvae.utils.formatting import count, percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.data.split import Split
    from simulgenvae.evaluation.results.folds import CrossValidation
    from simulgenvae.surrogate.surrogate import Surrogate

logger = logging.getLogger(__name__)

_SEARCHED = (
    "The settings of all folds are those that a search had chosen on runs of the study, which are "
    "in the folds: errors are somewhat smaller than those of settings that were searched anew."
)


def cross_validate(
    dataset: Dataset,
    surrogate: Surrogate,
    study: StudyFolder,
    folds: int,
    quantities: Mapping[str, str] | None = None,
) -> CrossValidation:
    """Train the surrogate anew for each fold, and measure it on the runs that it has not seen.

    ``output/cross_validation.json`` is written. Each fold is trained in a folder of its own below
    ``folds/``; of a finished one, its errors (``fold.json``) and its log are kept. An interrupted
    cross-validation continues where it was, within a training too. Ranks share the work.

    Parameters
    ----------
    dataset, surrogate, study
        Data, trained surrogate and folder of the study. The settings of the surrogate's training,
        with its seeds, are those of every fold.
    folds
        Number of folds.
    quantities
        Quantities of interest by name; by default those of the training.

    Raises
    ------
    UserError
        For a number of folds that does not fit the runs, and where a training fails.
    KeyboardInterrupt
        After Ctrl-C, with a message that says what is kept.
    """
    split = surrogate.split
    settings = surrogate.settings
    texts = settings.quantities if quantities is None else quantities
    splits = make_folds(split, folds, settings.data.split_seed)
    basis = basis_of(dataset, splits, settings)
    runs = len(split.train) + len(split.validation)
    logger.info(
        "Cross-validation: %d trainings like the study's own, each without some of its %d training "
        "and validation runs",
        folds,
        runs,
    )
    found = []
    for number, fold in enumerate(splits, start=1):
        folder = study.folds / f"{number}-of-{folds}"
        try:
            found.append(_fold(dataset, surrogate, fold, folder, basis, texts, study.folder))
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"Stopped in fold {number} of {folds}. Finished folds, and the last checkpoint of "
                "this one, are kept; the same command continues."
            ) from None
        except UserError as error:
            raise UserError(
                f"Fold {number} of {folds}: {error} (To train this fold from the beginning, remove "
                f"{folder}.)"
            ) from error
        logger.info("[%d of %d] %s%s", number, folds, _said(found[-1]), _left(found, folds))
    notes = [] if surrogate.info.search is None else [_SEARCHED]
    result = all_folds(found, dataset.variables, notes)
    collectives.run_on_rank0(lambda: write_record(study.cross_validation_file, result))
    return result


def _fold(
    dataset: Dataset,
    surrogate: Surrogate,
    split: Split,
    folder: Path,
    basis: str,
    texts: Mapping[str, str],
    files: Path,
) -> FoldErrors:
    """Return the errors of a fold, which is trained unless an earlier call has finished it."""
    record = folder / "fold.json"
    known = collectives.run_on_rank0(lambda: read_fold(record, basis))
    if known is not None:
        return known
    start = time.perf_counter()
    own = StudyFolder(folder)
    resume = collectives.run_on_rank0(lambda: _begin(own, basis))
    settings = batches_up_to(surrogate.settings, len(split.train))
    trained = fit(dataset, settings, split=split, study=own, resume=resume, conclude=False)
    found = measure_fold(dataset, trained, basis, texts, files)
    # The time of an interrupted training is that since it was continued.
    found = found.model_copy(update={"seconds": time.perf_counter() - start})

    def finish() -> None:
        write_record(record, found)
        _remove_networks(own)

    collectives.run_on_rank0(finish)
    return found


def _begin(own: StudyFolder, basis: str) -> bool:
    """Prepare the folder of a fold, and return whether an interrupted training continues in it."""
    mark = own.folder / "basis.txt"
    if mark.exists() and mark.read_text(encoding="utf-8") == basis:
        return own.checkpoints.is_dir()
    # What an earlier call has left is of other data or settings.
    _remove_networks(own)
    (own.folder / "fold.json").unlink(missing_ok=True)
    own.folder.mkdir(parents=True, exist_ok=True)
    mark.write_text(basis, encoding="utf-8")
    return False


def _remove_networks(own: StudyFolder) -> None:
    """Remove what is large; errors and log are kept."""
    for folder in (own.checkpoints, own.model_save, own.tensorboard):
        shutil.rmtree(folder, ignore_errors=True)


def _said(found: FoldErrors) -> str:
    errors = {name: _mean(method.relative_l2) for name, method in found.errors.items()}
    return f"{percent(errors['prediction'])} on {count(len(found.held_out), 'run')} not trained on"


def _mean(errors: Sequence[float | None]) -> float | None:
    known = [error for error in errors if error is not None]
    return sum(known) / len(known) if known else None


def _left(found: Sequence[FoldErrors], folds: int) -> str:
    left = (folds - len(found)) * sum(fold.seconds for fold in found) / len(found)
    return f"; about {left / 60:.0f} min left" if left >= 60 else ""
