"""Quantities of validation runs from their fields, which are at hand while a model is trained.

Any quantity can be calibrated later on the coefficients of validation runs that a model holds. They
lack what the modes leave out, so that the maximum of a sharp front is another one than that of the
run. Quantities that are known at training, and the usual ones, are therefore kept as numbers.

Tested in tests/surrogate/test_true_quantities.py.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.distributed import collectives
from simulgenvae.errors import UserError
from simulgenvae.quantities import QuantityGroup, default_texts, read_quantities
from simulgenvae.surrogate.ensemble.held_out import kept_runs
from simulgenvae.surrogate.ensemble.true_quantities import TrueQuantities
from simulgenvae.surrogate.quantities import domain_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.quantities import Quantity
    from simulgenvae.surrogate.surrogate import Surrogate


def with_true_quantities(
    surrogate: Surrogate,
    dataset: Dataset,
    folder: Path = Path(),
    texts: Mapping[str, str] | None = None,
) -> Surrogate:
    """Return the surrogate with quantities of its validation runs.

    Parameters
    ----------
    surrogate
        The surrogate; without predictions of validation runs, or where designs have other nodes, it
        is returned as it is.
    dataset
        The runs that it was trained with.
    folder
        Folder that the names of files in quantities are relative to.
    texts
        Quantities by name; by default those of the settings, and the usual ones of each variable.
    """
    ensemble = surrogate.ensemble
    if ensemble is None or ensemble.held_out is None or not surrogate.keeps_nodes:
        return surrogate
    if texts is None:
        texts = surrogate.settings.quantities | default_texts(surrogate.variables)
    group = _readable(texts, surrogate, folder)
    validation = surrogate.split.rows(dataset.ids)["validation"]
    kept = validation[kept_runs(len(validation), len(ensemble.held_out))]

    def measured() -> NDArray[np.float64]:
        return np.stack([group.of_run(dataset.run(int(row))).values for row in kept])

    # One process reads the runs for all.
    known = TrueQuantities.of(group.quantities, collectives.run_on_rank0(measured))
    held_out = replace(ensemble.held_out, quantities=known)
    return replace(surrogate, ensemble=replace(ensemble, held_out=held_out))


def _readable(texts: Mapping[str, str], surrogate: Surrogate, folder: Path) -> QuantityGroup:
    """Return the quantities that can be read: `check` says what is wrong with others."""
    domain = domain_of(surrogate)
    found: list[Quantity] = []
    for name, text in texts.items():
        try:
            found += read_quantities({name: text}, domain, folder).quantities
        except UserError:
            continue
    return QuantityGroup(tuple(found), domain)
