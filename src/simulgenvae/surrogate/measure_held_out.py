"""Quantities of held-out runs from their fields, which are at hand while a model is trained.

Any quantity can be calibrated later on the coefficients of held-out runs that a model has. They
lack what the modes leave out, so that the maximum of a sharp front is another one than that of the
run. Quantities that are known at training, and the usual ones, are therefore kept as numbers.

Tested in tests/surrogate/test_true_quantities.py.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.distributed import collectives
from simulgenvae.errors import UserError
from simulgenvae.quantities import AskedQuantities, AskedQuantity, default_texts
from simulgenvae.surrogate.ensemble.true_quantities import TrueQuantities
from simulgenvae.surrogate.quantities import QuantityPredictor, domain_of
from simulgenvae.surrogate.quantity_samples import QuantitySamples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.quantities import FieldDomain
    from simulgenvae.surrogate.surrogate import Surrogate


def with_true_quantities(
    surrogate: Surrogate,
    dataset: Dataset,
    folder: Path = Path(),
    texts: Mapping[str, str] | None = None,
) -> Surrogate:
    """Return the surrogate with quantities of its held-out runs.

    Parameters
    ----------
    surrogate
        The surrogate; without predictions of held-out runs it is returned as it is.
    dataset
        The runs that it was trained with.
    folder
        Folder that the names of files in quantities are relative to.
    texts
        Quantities by name; by default those of the settings, and the usual ones of each variable.
    """
    ensemble = surrogate.ensemble
    if ensemble is None or ensemble.held_out is None:
        return surrogate
    if texts is None:
        texts = surrogate.settings.quantities | default_texts(surrogate.variables)
    held_out = ensemble.held_out
    kept = held_out.rows(surrogate.split.rows(dataset.ids))
    readable = _readable(texts, surrogate, folder)
    shapes = surrogate.shapes
    if shapes is not None and dataset.shapes is not None:
        placed = dataset.shapes
        geometries = np.stack([shapes.modes.encode(placed.shape(int(row))) for row in kept])
        held_out = replace(held_out, shapes=geometries)
    # One process reads the runs for all.
    measure = _on_one_mesh if shapes is None else _on_own_meshes
    known = collectives.run_on_rank0(lambda: measure(surrogate, readable, dataset, kept))
    held_out = replace(held_out, quantities=known)
    return replace(surrogate, ensemble=replace(ensemble, held_out=held_out))


def _readable(texts: Mapping[str, str], surrogate: Surrogate, folder: Path) -> list[AskedQuantity]:
    """Return the quantities that can be read: `check` says what is wrong with others."""
    domain = domain_of(surrogate)
    found = []
    for name, text in texts.items():
        with suppress(UserError):
            found.append(AskedQuantity.read(name, text, domain, folder))
    return found


def _there(asked: Sequence[AskedQuantity], domain: FieldDomain) -> list[AskedQuantity]:
    """Return the quantities that exist on the mesh of a domain."""
    found = []
    for each in asked:
        with suppress(UserError):
            each.on(domain)
            found.append(each)
    return found


def _on_one_mesh(
    surrogate: Surrogate,
    asked: Sequence[AskedQuantity],
    dataset: Dataset,
    rows: NDArray[np.intp],
) -> TrueQuantities:
    """Return the quantities of runs, ``[n, Q]``."""
    domain = domain_of(surrogate)
    group = AskedQuantities(tuple(_there(asked, domain))).on(domain)
    values = np.stack([group.of_run(dataset.run(int(row))).values for row in rows])
    return TrueQuantities.of(group.quantities, values)


def _on_own_meshes(
    surrogate: Surrogate,
    asked: Sequence[AskedQuantity],
    dataset: Dataset,
    rows: NDArray[np.intp],
) -> TrueQuantities:
    """Return the quantities of runs on their own meshes, and of their predictions there."""
    assert dataset.shapes is not None
    assert surrogate.ensemble is not None
    held_out = surrogate.ensemble.held_out
    assert held_out is not None
    true = np.full((len(rows), len(asked)), np.nan)
    of_field = np.full_like(true, np.nan)
    of_samples = np.full((len(held_out.samples), *true.shape), np.nan)
    for run, row in enumerate(rows.tolist()):
        placement = dataset.shapes.placement(row)
        there = _there(asked, domain_of(surrogate, placement))
        columns = [asked.index(each) for each in there]
        predictor = QuantityPredictor(surrogate, AskedQuantities(tuple(there)))
        quantities = predictor.on_mesh(placement)
        samples = QuantitySamples.on_one_mesh(quantities, held_out.prediction.of_design(run))
        true[run, columns] = quantities.group.of_run(dataset.own_run(row)).values
        of_field[run, columns] = samples.of_field[0]
        of_samples[:, run, columns] = samples.of_samples[:, 0]
    # One that a run lacks has no error there.
    whole = np.flatnonzero(np.isfinite(true).all(axis=0))
    return TrueQuantities.of(
        [asked[int(column)] for column in whole],
        true[:, whole],
        of_field[:, whole],
        of_samples[..., whole],
    )
