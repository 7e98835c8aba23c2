"""Quantities of fields on one mesh from their texts, and the texts of the usual ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from simulgenvae.data.names import check_names
from simulgenvae.errors import UserError
from simulgenvae.quantities.asked import AskedQuantities
from simulgenvae.quantities.statistics import STATISTICS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from simulgenvae.quantities.domain import FieldDomain
    from simulgenvae.quantities.group import QuantityGroup

DEFAULT_STATISTICS = ("max", "mean")
"""Statistics of each variable that are measured where no quantity is declared."""


def named_texts(entries: Sequence[str]) -> dict[str, str]:
    """Return quantities by name from entries ``name=text`` of the command line.

    Raises
    ------
    UserError
        For an entry without a name, and for a name that is given twice.
    """
    names = []
    texts = []
    for entry in entries:
        name, equals, text = (part.strip() for part in entry.partition("="))
        # In `mean(T, box=…)` the first sign is that of an argument.
        if not equals or not name or "(" in name:
            raise UserError(
                f'--quantity {entry}: give it a name, such as --quantity "peak={entry}"'
            )
        names.append(name)
        texts.append(text)
    check_names(names, "--quantity: name of quantity")
    return dict(zip(names, texts, strict=True))


def default_texts(variables: Sequence[str]) -> dict[str, str]:
    """Return the quantities that are measured where none is declared."""
    found = {}
    for variable in variables:
        written = variable if variable.isidentifier() else f"`{variable}`"
        # A name with a backquote cannot be written.
        if "`" in variable:
            continue
        for statistic in DEFAULT_STATISTICS:
            found[f"{STATISTICS[statistic].word} of {variable}"] = f"{statistic}({written})"
    return found


def read_quantities(
    texts: Mapping[str, str], domain: FieldDomain, folder: Path = Path()
) -> QuantityGroup:
    """Return quantities of the fields of a domain.

    Parameters
    ----------
    texts
        How each quantity is written, by its name.
    domain
        Times, nodes and variables of the fields.
    folder
        Folder that the names of files are relative to.

    Raises
    ------
    UserError
        Starts with the quantity's name: for what cannot be read, for unknown variables, regions
        without nodes, points outside the mesh and times outside the span, for the magnitude of
        variables with different units, and for integrals over a mesh without volumes.
    """
    return AskedQuantities.read(texts, domain, folder).on(domain)
