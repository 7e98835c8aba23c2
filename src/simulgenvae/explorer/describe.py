"""Description of a surrogate for a page.

Tested in tests/explorer/test_twin.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae import __version__
from simulgenvae.deployment.write import random_conditions
from simulgenvae.explorer.description import (
    CalibrationFactors,
    CategoryInput,
    Description,
    Evaluation,
    ImageInput,
    NumberInput,
    Variable,
    Vector,
)
from simulgenvae.explorer.drawn_mesh import dimension
from simulgenvae.explorer.geometry import given_scaler
from simulgenvae.mesh.components import whole_fields
from simulgenvae.settings.networks import DECODERS
from simulgenvae.surrogate.ensemble import Calibration, interval_label, interval_warning
from simulgenvae.surrogate.ensemble.calibration import LEVEL
from simulgenvae.surrogate.ensemble.coefficient_prediction import LEFT_OUT
from simulgenvae.surrogate.ensemble.spread import VARIANCE_FLOOR
from simulgenvae.surrogate.labelled_arrays import NOVELTY_LIMIT
from simulgenvae.surrogate.predict import required_ensemble

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.data.conditions import Conditions
    from simulgenvae.explorer.geometry import PageGeometry
    from simulgenvae.explorer.quantities import PageQuantities
    from simulgenvae.surrogate.surrogate import Surrogate

_RANGED_DESIGNS = 12
_APPROXIMATION = (
    "the uncertainty in this page is an approximation of that of `simulgenvae predict`, whose "
    "matrices are too large for a page"
)


@dataclass(frozen=True)
class Origin:
    """Study and model that a surrogate comes from, and its accuracy."""

    study: str
    """Name of the study."""
    model: str
    """Name of the model."""
    created: str
    """Time at which the training ended, as in ISO 8601."""
    evaluation: Evaluation | None


def describe(
    surrogate: Surrogate,
    training: Conditions | None,
    origin: Origin,
    quantities: PageQuantities,
    geometry: PageGeometry | None = None,
    *,
    is_exact: bool,
) -> Description:
    """Return the description.

    ``is_exact`` is False where the page's uncertainty is an approximation of Python's; the other
    arguments are those of ``make_twin``.
    """
    scaler = given_scaler(surrogate)
    mesh = surrogate.whole_mesh
    mask = surrogate.mask
    form = scaler.images
    return Description(
        study=origin.study,
        model=origin.model,
        version=__version__,
        created=origin.created,
        data_fingerprint=surrogate.info.data_fingerprint,
        evaluation=origin.evaluation,
        inputs=_inputs(scaler),
        image=None
        if form is None
        else ImageInput(size=form.size, channels=form.channels, bits=form.bits),
        times=tuple(surrogate.times.tolist()),
        time_unit=surrogate.time_unit,
        continuous_in_time=_is_continuous(surrogate),
        length_unit=mesh.unit,
        variables=_variables(surrogate, geometry),
        vectors=_vectors(surrogate),
        dimension=dimension(mesh) if geometry is None else geometry.dimension,
        node_count=surrogate.reduction.field_shape[0] if mask is None else len(mask.valued),
        geometry=None if geometry is None else geometry.about(),
        training_ids=() if training is None else training.ids,
        calibration=_calibration(surrogate, is_exact=is_exact),
        variance_floor=VARIANCE_FLOOR,
        variance_left_out=LEFT_OUT,
        novelty_limit=NOVELTY_LIMIT,
        quantities=quantities.found,
        left_out_quantities=quantities.left_out,
        bands=quantities.bands,
    )


def _inputs(scaler: ConditionScaler) -> tuple[NumberInput | CategoryInput, ...]:
    found: list[NumberInput | CategoryInput] = []
    for column, name in enumerate(scaler.names):
        if levels := scaler.levels[column]:
            found.append(CategoryInput(name=name, values=levels))
            continue
        found.append(
            NumberInput(
                name=name,
                unit=scaler.units[column],
                lower=scaler.lower[column],
                upper=scaler.upper[column],
                logarithm=scaler.logarithm[column] and scaler.linear_below[column] == 0,
            )
        )
    return tuple(found)


def _is_continuous(surrogate: Surrogate) -> bool:
    """Return whether all members predict between the training times."""
    members = required_ensemble(surrogate).members
    return all(DECODERS[member.decoder_name].continuous_in_time for member in members)


def _variables(surrogate: Surrogate, geometry: PageGeometry | None) -> tuple[Variable, ...]:
    if geometry is not None and geometry.kind == "cut":
        low, high = _ranges_inside(surrogate, geometry)
    else:
        low, high = _trained_ranges(surrogate)
    named = zip(surrogate.variables, surrogate.units, low, high, strict=True)
    return tuple(
        Variable(name=name, unit=unit, range=(float(least), float(largest)))
        for name, unit, least, largest in named
    )


def _trained_ranges(surrogate: Surrogate) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the smallest and the largest value of each variable in the training runs, ``[V]``."""
    scaling = surrogate.reduction.state_map
    offsets = np.zeros(len(surrogate.variables)) if scaling.offsets is None else scaling.offsets
    # The scaling maps the smallest and the largest value of the training runs to -0.7 and 0.7.
    low = (scaling.scaler.centre - scaling.scaler.half_span).min(axis=0) + offsets
    high = (scaling.scaler.centre + scaling.scaler.half_span).max(axis=0) + offsets
    return low, high


def _ranges_inside(
    surrogate: Surrogate, geometry: PageGeometry
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the smallest and the largest value of each variable inside of geometries, ``[V]``.

    They are those of predictions: the model knows the training runs only together with their
    continuation outside, which reaches much further.
    """
    designs = random_conditions(given_scaler(surrogate), _RANGED_DESIGNS)
    low, high = [], []
    for row, shape in enumerate(geometry.shapes(designs)):
        fields = surrogate.predict(designs.select([row]))["fields"].to_numpy()[0]
        own = fields[:, geometry.inside(shape)]
        low.append(own.min(axis=(0, 1)))
        high.append(own.max(axis=(0, 1)))
    return np.min(low, axis=0), np.max(high, axis=0)


def _vectors(surrogate: Surrogate) -> tuple[Vector, ...]:
    """Return the fields that are vectors in the plane or in space, by their components' names."""
    found = []
    for name, components in whole_fields(surrogate.variables).items():
        if len(components) in {2, 3}:
            unit = surrogate.units[components[0]]
            moves = _moves_nodes(name, unit, surrogate.whole_mesh.unit)
            found.append(Vector(name=name, components=components, is_displacement=moves))
    return tuple(found)


def _moves_nodes(name: str, unit: str, length_unit: str) -> bool:
    """Return whether a vector is a displacement, by its name or its unit.

    Solvers call it ``DISP`` or ``displacement``; a vector of lengths is one, too.
    """
    return "disp" in name.lower() or (unit != "" and unit == length_unit)


def _calibration(surrogate: Surrogate, *, is_exact: bool) -> CalibrationFactors:
    factors = required_ensemble(surrogate).calibration or Calibration.of_normal()
    warnings = [interval_warning(factors.runs, factors.left_out_coverage)]
    if not is_exact:
        warnings.append(_APPROXIMATION)
    said = [warning for warning in warnings if warning is not None]
    return CalibrationFactors(
        std_factor=factors.std_factor,
        interval_factor=factors.interval_factor,
        level=LEVEL,
        label=interval_label(factors.runs),
        runs=factors.runs,
        warning="; ".join(said) or None,
    )
