"""Quantities as they are asked for, before their nodes on a mesh are known.

Where designs have meshes of their own, the same quantity has other nodes and volumes on each.
Tested in tests/quantities/test_asked.py.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from simulgenvae.data.ingest.coordinates import read_node_numbers
from simulgenvae.data.names import check_names
from simulgenvae.errors import UserError
from simulgenvae.quantities.definition import QuantityDefinition
from simulgenvae.quantities.grammar import parse
from simulgenvae.quantities.group import QuantityGroup
from simulgenvae.quantities.quantity import Quantity
from simulgenvae.quantities.regions import choose_region
from simulgenvae.quantities.statistics import STATISTICS
from simulgenvae.quantities.times import choose_times
from simulgenvae.settings.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from simulgenvae.quantities.domain import FieldDomain
    from simulgenvae.quantities.grammar import Argument


@dataclass(frozen=True, eq=False, kw_only=True)
class AskedQuantity(QuantityDefinition):
    """Quantity as it is asked for.

    Attributes
    ----------
    place
        Kind of region and its argument; None for all nodes.
    folder
        Folder that the names of files are relative to.
    """

    place: tuple[str, Argument] | None
    folder: Path

    @classmethod
    def read(cls, name: str, text: str, domain: FieldDomain, folder: Path) -> Self:
        """Return the quantity of a text; UserError, which starts with its name, if there is none.

        Of the mesh of ``domain``, only the dimension counts.
        """
        try:
            request = parse(text)
            statistic = STATISTICS[request.statistic]
            columns = _columns(request.variables, domain)
            times = choose_times(request.when, domain.times)
            unit = domain.units[columns[0]]
            if statistic.needs_volumes:
                if domain.volumes.kind == "equal":
                    raise UserError("there is no integral, as the mesh has no cells: take the mean")
                unit = f"{unit} · {domain.volumes.unit}" if unit else domain.volumes.unit
        except UserError as error:
            raise UserError(f"quantity {name!r}: {error}") from error
        return cls(
            name=name,
            text=text.strip(),
            unit=unit,
            statistic=statistic,
            columns=columns,
            place=request.region,
            times=times,
            at=domain.times[times.rows],
            limit=request.limit,
            folder=folder,
        )

    def on(self, domain: FieldDomain) -> Quantity:
        """Return the quantity with its nodes on the mesh of a domain.

        Raises UserError, which starts with its name, where it has none there.
        """
        try:
            return self._on(domain)
        except UserError as error:
            raise UserError(f"quantity {self.name!r}: {error}") from error

    def _on(self, domain: FieldDomain) -> Quantity:
        statistic = self.statistic
        region = choose_region(self.place, domain, self.folder)
        one_point = region.mix is not None
        one_time = self.times.is_one or len(self.times.rows) == 1
        if statistic.single and not (one_point and one_time):
            missing = "one place, point=(…) or node=…" if not one_point else "one time, time=…"
            raise UserError(
                f"{statistic.word} is at one place and time: give {missing}; over several, take "
                "max, min or mean"
            )
        if one_point and statistic.needs_volumes:
            raise UserError("there is no integral, as a point has no size: take the mean")
        volumes = np.ones(len(region.nodes))
        if not one_point and not statistic.is_extreme:
            volumes = domain.volumes.values[region.nodes]
            if not volumes.sum() > 0:
                raise UserError(
                    f"the nodes of the region have no {domain.volumes.kind}: they belong to no "
                    "cell of the mesh's highest dimension"
                )
        coords = domain.mesh.coords
        located = statistic.is_extreme and not one_point and len(region.nodes) > 1
        return Quantity(
            name=self.name,
            text=self.text,
            unit=self.unit,
            statistic=statistic,
            columns=self.columns,
            region=region,
            times=self.times,
            volumes=volumes,
            coords=coords[region.nodes] if located and coords is not None else None,
            at=self.at,
            limit=self.limit,
        )

    @property
    def digest(self) -> bytes:
        """Hash, of 32 bytes, of which number of a run it is, on whatever mesh.

        UserError where a file with node numbers cannot be read.
        """
        kind, argument = self.place or ("", ())
        if kind == "nodes" and isinstance(argument, str):
            argument = tuple(np.unique(read_node_numbers(self.folder / argument)).tolist())
        words = f"{self.statistic.word} {self.times.is_one} {kind} {argument!r} "
        found = hashlib.sha256(words.encode())
        for part in (self.columns, self.times.rows, self.times.weights):
            array = np.asarray(part, np.float64)
            found.update(f"{len(array)} ".encode() + array.tobytes())
        return found.digest()


@dataclass(frozen=True, eq=False)
class AskedQuantities:
    """Quantities of designs, each of which has a mesh of its own."""

    quantities: tuple[AskedQuantity, ...]

    @classmethod
    def read(cls, texts: Mapping[str, str], domain: FieldDomain, folder: Path) -> Self:
        """Return quantities by their names, see :meth:`AskedQuantity.read`."""
        check_names(list(texts), "name of quantity")
        return cls(
            tuple(AskedQuantity.read(name, text, domain, folder) for name, text in texts.items())
        )

    def __len__(self) -> int:
        return len(self.quantities)

    def on(self, domain: FieldDomain) -> QuantityGroup:
        """Return the quantities on the mesh of a domain; UserError where one is not there."""
        return QuantityGroup(tuple(each.on(domain) for each in self.quantities), domain)


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
