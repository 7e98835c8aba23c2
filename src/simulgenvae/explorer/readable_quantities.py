"""Quantities that a page can compute, and the reasons why it cannot compute the others.

Tested in tests/explorer/test_quantities.py and browser/test_geometry.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from simulgenvae.errors import UserError
from simulgenvae.explorer.description import LeftOutQuantity, Quantity
from simulgenvae.quantities import QuantityGroup, read_quantities
from simulgenvae.quantities.grammar import parse
from simulgenvae.quantities.statistics import STATISTICS
from simulgenvae.surrogate.quantities import domain_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from simulgenvae.quantities import Quantity as Measured
    from simulgenvae.surrogate.surrogate import Surrogate


def readable(
    texts: Mapping[str, str], surrogate: Surrogate, folder: Path
) -> tuple[QuantityGroup, tuple[LeftOutQuantity, ...]]:
    """Return the quantities that can be read and that pages know, and the others."""
    domain = domain_of(surrogate)
    known = get_args(Quantity.model_fields["statistic"].annotation)
    found: list[Measured] = []
    left_out = []
    for name, text in texts.items():
        try:
            (quantity,) = read_quantities({name: text}, domain, folder).quantities
            if surrogate.shapes is not None:
                if not surrogate.keeps_nodes:
                    raise UserError("a page knows them only where all designs have the same nodes")
                _require_any_place(text)
            if (statistic := parse(text).statistic) not in known:
                raise UserError(f"a page has no statistic {statistic!r}")
        except UserError as error:
            reason = str(error).removeprefix(f"quantity {name!r}: ")
            left_out.append(LeftOutQuantity(name=name, text=text, reason=reason))
        else:
            found.append(quantity)
    return QuantityGroup(tuple(found), domain), tuple(left_out)


def _require_any_place(text: str) -> None:
    """Raise UserError for a quantity that depends on where nodes are.

    A page knows places and volumes of one geometry only.
    """
    request = parse(text)
    region = None if request.region is None else request.region[0]
    if region in {"box", "sphere", "point"}:
        raise UserError(f"a {region} has other nodes in each geometry")
    if not STATISTICS[request.statistic].is_extreme and region != "node":
        raise UserError("volumes of nodes are others in each geometry")
