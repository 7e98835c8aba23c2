"""Quantities of the runs of a dataset: the domain of each, and whether all of them have a quantity.

Tested in tests/quantities/test_of_runs.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.errors import UserError
from simulgenvae.quantities.asked import AskedQuantities
from simulgenvae.quantities.domain import FieldDomain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from simulgenvae.data.dataset import Dataset


def dataset_domain(dataset: Dataset) -> FieldDomain:
    """Return the domain of the fields of a dataset, on the mesh that its runs share."""
    return FieldDomain(
        dataset.variables,
        dataset.units,
        dataset.times,
        dataset.mesh,
        dataset.shape[2],
        dataset.mask,
    )


def require_quantities(
    texts: Mapping[str, str],
    dataset: Dataset,
    folder: Path,
    rows: Iterable[int] | None = None,
) -> None:
    """Raise UserError for quantities that cannot be read, or that a run does not have.

    Parameters
    ----------
    texts
        Quantities by name, whose files are in ``folder``.
    dataset
        The runs.
    rows
        Rows of the runs that are looked at, where these have meshes of their own; all by default.
    """
    domain = dataset_domain(dataset)
    asked = AskedQuantities.read(texts, domain, folder)
    if dataset.shapes is None:
        asked.on(domain)
        return
    # Without quantities, no mesh is read.
    for row in (range(len(dataset.ids)) if rows is None else rows) if len(asked) else ():
        own = domain.on(dataset.shapes.mesh(row), numbered=dataset.keeps_nodes)
        try:
            asked.on(own)
        except UserError as error:
            raise UserError(f"run {dataset.ids[row]!r}: {error}") from error
