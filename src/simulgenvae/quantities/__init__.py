"""Quantities of interest: single numbers of a run, such as its peak temperature.

1. ``grammar`` reads ``max(T, box=(0, 0, 1, 1))``.
2. ``asked`` is a quantity before its nodes are known: ``regions`` finds them on a mesh, ``times``
   the timesteps, and ``statistics`` has the kinds of numbers.
3. ``quantity`` evaluates it on a field; ``group`` evaluates several ones on the part of the fields
   that they need.

What is predicted of them, with which uncertainty, is in ``simulgenvae.surrogate.quantities``.
"""

from simulgenvae.quantities.asked import AskedQuantities, AskedQuantity
from simulgenvae.quantities.domain import FieldDomain
from simulgenvae.quantities.group import QuantityGroup
from simulgenvae.quantities.quantity import Quantity
from simulgenvae.quantities.read import default_texts, named_texts, read_quantities

__all__ = [
    "AskedQuantities",
    "AskedQuantity",
    "FieldDomain",
    "Quantity",
    "QuantityGroup",
    "default_texts",
    "named_texts",
    "read_quantities",
]
