"""Quantities of interest in a page: what they are evaluated from, and the factors of their bands.

Tested in tests/explorer/test_quantities.py.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.explorer.description import (
    Bands,
    LeftOutQuantity,
    Limit,
    Quantity,
    QuantityArrays,
)
from simulgenvae.explorer.readable_quantities import readable
from simulgenvae.quantities import AskedQuantities, QuantityGroup, default_texts
from simulgenvae.quantities.grammar import parse
from simulgenvae.quantities.statistics import STATISTICS
from simulgenvae.surrogate.quantities import QuantityPredictor, band_label, quantity_warnings
from simulgenvae.surrogate.quantity_calibration import TYPICAL

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.explorer.state import StateArrays
    from simulgenvae.quantities import FieldDomain
    from simulgenvae.quantities import Quantity as Measured
    from simulgenvae.surrogate.surrogate import Surrogate

    Array = NDArray[np.float64]

MOST_NUMBERS = 2**20
"""Largest size of the modes of one quantity, 4 MB; where it needs more, the field is decoded."""
PART_OF_FIELD = 1 / 8
"""Largest part of the field of which a quantity has its own modes."""
FEW_VALUES = 64
"""Number of values of which a quantity has its own modes whatever part of the field they are."""
_BLOCK_ROWS = 2**14


@dataclass
class PageQuantities:
    """Quantities of a page, and the arrays that they are evaluated from."""

    found: tuple[Quantity, ...] = ()
    left_out: tuple[LeftOutQuantity, ...] = ()
    bands: Bands | None = None
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)


def page_quantities(
    surrogate: Surrogate, texts: Mapping[str, str], folder: Path, state: StateArrays
) -> PageQuantities:
    """Return the quantities of a page; those that it cannot have are named with the reason.

    Parameters
    ----------
    surrogate
        The surrogate on its whole mesh.
    texts
        How each quantity is written, by its name; the usual ones of each variable where it is
        empty.
    folder
        Folder that the names of files are relative to.
    state
        Map from states to fields.
    """
    group, left_out = readable(dict(texts) or default_texts(surrogate.variables), surrogate, folder)
    if not texts:
        # Nobody has asked for these.
        left_out = ()
    if not len(group):
        return PageQuantities(left_out=left_out)
    moves = surrogate.shapes is not None
    asked: QuantityGroup | AskedQuantities = group
    if moves:
        known = {quantity.name: quantity.text for quantity in group.quantities}
        asked = AskedQuantities.read(known, group.domain, folder)
    predictor = QuantityPredictor(surrogate, asked)
    factors = predictor.calibration
    modes = _Modes(state, group.domain)
    arrays = _Arrays()
    found = []
    for q, quantity in enumerate(group.quantities):
        request = parse(quantity.text)
        limit = None
        if request.limit is not None and request.comparison is not None:
            limit = Limit(value=request.limit, comparison=request.comparison)
        found.append(
            Quantity(
                name=quantity.name,
                unit=quantity.unit,
                text=quantity.text,
                limit=limit,
                statistic=request.statistic,
                columns=quantity.columns,
                one_time=quantity.times.is_one,
                has_time=quantity.has_time,
                correction=factors.correction[q],
                typical=factors.typical[q],
                std_factor=factors.std_factor[q],
                arrays=_arrays_of(quantity, modes, arrays, moves=moves),
            )
        )
    bands = Bands(
        label=band_label(factors.runs),
        runs=factors.runs,
        width=factors.width,
        typical_part=TYPICAL,
        notes=tuple(quantity_warnings(predictor)),
    )
    return PageQuantities(tuple(found), left_out, bands, arrays.by_name)


def _arrays_of(
    quantity: Measured, modes: _Modes, arrays: _Arrays, *, moves: bool
) -> QuantityArrays:
    """Return the names of a quantity's arrays, which are added to the others.

    ``moves`` says whether the nodes of each design have their own positions.
    """
    region = quantity.region
    is_sum = not quantity.statistic.is_extreme
    weights = quantity.volumes
    if quantity.statistic is STATISTICS["mean"] and region.mix is None:
        weights = weights / weights.sum()
    # What is linear in the coefficients is one value, however many nodes it is of.
    mixed = region.mix
    if mixed is None and is_sum and len(quantity.columns) == 1:
        mixed = weights
    places = len(region.nodes) if mixed is None else 1
    names = {
        "steps": arrays.add(quantity.times.rows.astype(np.uint32)),
        "step_weights": arrays.add(quantity.times.weights.astype(np.float64)),
    }
    if modes.are_few(places * len(quantity.columns)):
        own, mean = modes.at(region.nodes, quantity.columns, mixed)
        names |= {"modes": arrays.add(own), "mean": arrays.add(mean)}
    elif places < modes.nodes:
        names["rows"] = arrays.add(modes.rows(region.nodes).astype(np.uint32))
    if is_sum:
        names["weights"] = arrays.add(weights if mixed is None else np.ones(1))
    if quantity.has_place and moves:
        names["places"] = arrays.add(modes.rows(region.nodes).astype(np.uint32))
    elif quantity.has_place and quantity.coords is not None:
        names["coords"] = arrays.add(quantity.coords.astype(np.float32))
    return QuantityArrays(**names)


@dataclass(frozen=True)
class _Modes:
    """Modes of the fields at some nodes."""

    state: StateArrays
    domain: FieldDomain

    @property
    def nodes(self) -> int:
        """Number of rows of the field, also those without values."""
        return len(self.state.mean) // len(self.domain.variables)

    @property
    def rank(self) -> int:
        return len(self.state.uniform)

    def are_few(self, values: int) -> bool:
        """Return whether a quantity of a number of values has its own modes."""
        part = max(FEW_VALUES, PART_OF_FIELD * len(self.state.mean))
        return values <= part and values * self.rank <= MOST_NUMBERS

    def rows(self, nodes: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the rows of the field, of nodes that are counted among those with values."""
        mask = self.domain.mask
        return nodes if mask is None else mask.numbers[nodes]

    def at(
        self, nodes: NDArray[np.intp], columns: tuple[int, ...], mixed: Array | None
    ) -> tuple[NDArray[np.float32], Array]:
        """Return modes ``[R, v, r]`` and mean ``[R, v]`` of values in physical units.

        ``mixed`` are weights with which the nodes make one place; None where each is a place.
        """
        if mixed is None:
            own, mean = self._at(nodes, columns)
            return own.astype(np.float32), mean
        width = len(columns)
        own, mean = np.zeros((1, width, self.rank)), np.zeros((1, width))
        # Block by block: the modes of a whole mesh in double precision are large.
        for start in range(0, len(nodes), _BLOCK_ROWS):
            some = slice(start, start + _BLOCK_ROWS)
            part, part_mean = self._at(nodes[some], columns)
            own[0] += np.einsum("m,mvr->vr", mixed[some], part)
            mean[0] += mixed[some] @ part_mean
        return own.astype(np.float32), mean

    def _at(self, nodes: NDArray[np.intp], columns: tuple[int, ...]) -> tuple[Array, Array]:
        state = self.state
        variables = len(self.domain.variables)
        places = self.rows(nodes)[:, None] * variables + np.array(columns)
        factor = state.factor[places].astype(np.float64)
        if state.basis is None:
            modes = (places[..., None] == np.arange(self.rank)).astype(np.float64)
        else:
            modes = state.basis[places].astype(np.float64)
        mean = state.mean[places].astype(np.float64)
        if state.offsets is not None:
            mean += state.offsets[list(columns)]
        return factor[..., None] * modes, mean


class _Arrays:
    """Arrays by their names in the container; equal ones are kept once."""

    def __init__(self) -> None:
        self.by_name: dict[str, NDArray[Any]] = {}
        self._names: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def add(self, array: NDArray[Any]) -> str:
        """Return the name of an array."""
        digest = hashlib.sha256(array.tobytes()).digest()
        key = (array.dtype.str, array.shape, digest)
        name = self._names.setdefault(key, f"quantity.{len(self._names)}")
        self.by_name.setdefault(name, array)
        return name
