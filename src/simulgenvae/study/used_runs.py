"""Runs that a model was made with, among designs that are compared with their solutions.

Tested in tests/cli/test_predict.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.names import listed
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.settings import StudyFolder
    from simulgenvae.study.predicted_design import Use
    from simulgenvae.surrogate.surrogate import Surrogate

_SAME = 1e-6
"""Largest difference of scaled parameters of one design, as texts have few digits."""
_TEXTS: dict[Use, str] = {
    "train": "training run: the model has learned from it, so that the true error says little "
    "about new designs",
    "validation": "validation run: the model was chosen and calibrated by it, so that the true "
    "error may be smaller than those of new designs",
}


def used_runs(study: StudyFolder, surrogate: Surrogate, conditions: Conditions) -> dict[str, Use]:
    """Return for which part of the split each design was used that the model was made with.

    Such a design has the conditions of a training or validation run, whatever its id; where the
    data of the training are not there, it has its id. Other designs, test runs too, are left out.
    ``conditions`` are those that the networks see.
    """
    parts: dict[Use, tuple[str, ...]] = {
        "validation": surrogate.split.validation,
        "train": surrogate.split.train,
    }
    try:
        known = surrogate.seen(Dataset.open(study.dataset)).conditions
        rows = {run: row for row, run in enumerate(known.ids)}
        # Designs come in the form of the training; runs of other parameters do not fit it.
        surrogate.condition_scaler.transform(known)
    except UserError:
        return {run: use for use, ids in parts.items() for run in ids if run in conditions.ids}
    found: dict[str, Use] = {}
    for use, ids in parts.items():
        runs = known.select([rows[run] for run in ids if run in rows])
        found |= dict.fromkeys(_present(conditions, runs, surrogate), use)
    return found


def _present(designs: Conditions, runs: Conditions, surrogate: Surrogate) -> Iterator[str]:
    """Yield the ids of the designs that have the conditions of one of some runs."""
    scaled = surrogate.condition_scaler.transform(runs)
    for row, values in enumerate(surrogate.condition_scaler.transform(designs)):
        near = np.flatnonzero((np.abs(scaled - values) <= _SAME).all(axis=1))
        if designs.images is not None and runs.images is not None:
            near = _of_image(designs.images.pixels[row], runs.images.pixels, near)
        if len(near):
            yield designs.ids[row]


def _of_image(
    image: NDArray[np.uint8], images: NDArray[np.uint8], rows: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Return those of the rows whose image is the same."""
    return np.array([row for row in rows if np.array_equal(images[row], image)], dtype=np.intp)


def use_warnings(uses: Mapping[str, Use]) -> list[str]:
    """Return a line for each design that a model was made with."""
    return [f"run {run!r}: {_TEXTS[use]}" for run, use in uses.items()]


def use_summary(uses: Mapping[str, Use]) -> list[str]:
    """Return a line for each use, which names all designs that it is about."""
    lines = []
    for use, text in _TEXTS.items():
        runs = [run for run, found in uses.items() if found == use]
        if runs:
            lines.append(f"{listed(runs)}: {'each a ' if len(runs) > 1 else 'a '}{text}")
    return lines
