"""Labels of one predicted design in files for ParaView, as they are written and read again.

They are field data of VTK: texts and numbers that belong to a mesh as a whole.

Tested in tests/data/test_prediction_labels.py and tests/export/test_round_trip.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.utils.free_name import free_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Value = float | str

KINDS = ("std", "lower", "upper", "truth", "error")
"""Endings of the names of arrays that belong to a variable, such as ``T_std``."""
DESIGN = "design"
"""Name of the array with the id, which all labels have."""
SLASH = "\N{DIVISION SLASH}"
"""Letter that HDF5 gets in place of the slash of a name such as p/rho, which it takes for a
group."""
_VARIABLES = "variables"
_UNITS = "units"
_TIME_UNIT = "time_unit"
_LENGTH_UNIT = "length_unit"
_PARAMETERS = "parameters"
_PARAMETER_UNITS = "parameter_units"
LABELS = "labels"
"""Name of the ``Information`` with all labels in an XDMF file."""
RESERVED = (
    *(DESIGN, _VARIABLES, _UNITS, _TIME_UNIT, _LENGTH_UNIT, _PARAMETERS, _PARAMETER_UNITS),
    *("novelty", "expected_error", "TimeValue", "Time"),
)
"""Names that parameters cannot have in field data."""


@dataclass(frozen=True)
class PredictionLabels:
    """Labels in the file of one predicted design: its id, variables, units and parameters.

    Attributes
    ----------
    design
        Id of the design.
    variables, units
        Names and units of the variables; all other fields belong to these.
    time_unit, length_unit
        Units of times and coordinates, "" where they are unknown.
    parameters, parameter_units
        Names and units of the parameters.
    values
        Their values, of a category its text.
    """

    design: str
    variables: tuple[str, ...]
    units: tuple[str, ...]
    time_unit: str = ""
    length_unit: str = ""
    parameters: tuple[str, ...] = ()
    parameter_units: tuple[str, ...] = ()
    values: tuple[Value, ...] = ()

    def arrays(self) -> dict[str, tuple[Value, ...]]:
        """Return the labels as arrays of texts, and of one number or text for each parameter."""
        found: dict[str, tuple[Value, ...]] = {
            DESIGN: (self.design,),
            _VARIABLES: self.variables,
            _UNITS: self.units,
        }
        for name, unit in ((_TIME_UNIT, self.time_unit), (_LENGTH_UNIT, self.length_unit)):
            if unit:
                found[name] = (unit,)
        if self.parameters:
            found |= {_PARAMETERS: self.parameters, _PARAMETER_UNITS: self.parameter_units}
        for name, value in zip(parameter_arrays(self.parameters), self.values, strict=True):
            found[name] = (value,)
        return found

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Sequence[Value]]) -> PredictionLabels | None:
        """Return the labels that :meth:`arrays` gave; None for field data of other programs."""

        def texts(name: str) -> tuple[str, ...]:
            return tuple(map(str, arrays.get(name, ())))

        variables = texts(_VARIABLES)
        parameters = texts(_PARAMETERS)
        places = parameter_arrays(parameters)
        values = [arrays[place] for place in places if place in arrays]
        is_sound = (
            len(texts(DESIGN)) == 1
            and variables
            and len(texts(_UNITS)) == len(variables)
            and len(texts(_PARAMETER_UNITS)) == len(parameters) == len(values)
            and all(len(value) == 1 for value in values)
        )
        if not is_sound:
            return None
        return cls(
            texts(DESIGN)[0],
            variables,
            texts(_UNITS),
            "".join(texts(_TIME_UNIT)),
            "".join(texts(_LENGTH_UNIT)),
            parameters,
            texts(_PARAMETER_UNITS),
            tuple(one if isinstance(one, str) else float(one) for (one,) in values),
        )


def parameter_arrays(names: Sequence[str]) -> list[str]:
    """Return the names of the arrays of parameters, which no other field data have."""
    found: list[str] = []
    for name in names:
        found.append(free_name(name.replace("/", SLASH), {*RESERVED, *found}))
    return found
