"""Quantities from their texts: names, variables, regions and times are checked here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.names import check_names
from simulgenvae.errors import UserError
from simulgenvae.quantities.grammar import parse
from simulgenvae.quantities.group import QuantityGroup
from simulgenvae.quantities.quantity import Quantity
from simulgenvae.quantities.regions import choose_region
from simulgenvae.quantities.statistics import STATISTICS
from simulgenvae.quantities.times import choose_times
from simulgenvae.settings.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from simulgenvae.quantities.domain import FieldDomain

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
    check_names(list(texts), "name of quantity")
    found = []
    for name, text in texts.items():
        try:
            found.append(_resolve(name, text, domain, folder))
        except UserError as error:
            raise UserError(f"quantity {name!r}: {error}") from error
    return QuantityGroup(tuple(found), domain)


def _resolve(name: str, text: str, domain: FieldDomain, folder: Path) -> Quantity:
    request = parse(text)
    statistic = STATISTICS[request.statistic]
    columns = _columns(request.variables, domain)
    region = choose_region(request.region, domain, folder)
    times = choose_times(request.when, domain.times)
    one_point = region.mix is not None
    if statistic.single and not (one_point and (times.is_one or len(times.rows) == 1)):
        missing = "one place, point=(…) or node=…" if not one_point else "one time, time=…"
        raise UserError(
            f"{request.statistic} is at one place and time: give {missing}; over several, take "
            "max, min or mean"
        )
    volumes = np.ones(len(region.nodes))
    unit = domain.units[columns[0]]
    if not one_point and not statistic.is_extreme:
        volumes = domain.volumes.values[region.nodes]
        if not volumes.sum() > 0:
            raise UserError(
                f"the nodes of the region have no {domain.volumes.kind}: they belong to no cell of "
                "the mesh's highest dimension"
            )
    if statistic.needs_volumes:
        if one_point or domain.volumes.kind == "equal":
            why = "a point has no size" if one_point else "the mesh has no cells"
            raise UserError(f"there is no integral, as {why}: take the mean")
        unit = f"{unit} · {domain.volumes.unit}" if unit else domain.volumes.unit
    coords = domain.mesh.coords
    located = statistic.is_extreme and not one_point and len(region.nodes) > 1
    return Quantity(
        name=name,
        text=text.strip(),
        unit=unit,
        statistic=statistic,
        columns=columns,
        region=region,
        times=times,
        volumes=volumes,
        coords=coords[region.nodes] if located and coords is not None else None,
        at=domain.times[times.rows],
        limit=request.limit,
    )


def _columns(names: Sequence[str], domain: FieldDomain) -> tuple[int, ...]:
    known = domain.variables
    for name in names:
        if name not in known:
            raise UserError(
                f"there is no variable {name!r}: did you mean {nearest(name, known)!r}? The fields "
                f"have {', '.join(known)}"
            )
        if list(names).count(name) > 1:
            raise UserError(f"{name} is given twice: a vector has every component once")
    columns = tuple(known.index(name) for name in names)
    units = {domain.units[column] for column in columns}
    if len(units) > 1:
        listed = ", ".join(f"{name} [{domain.units[known.index(name)]}]" for name in names)
        raise UserError(f"the magnitude needs components of one unit, not {listed}")
    return columns
