"""Names of the components of vectors and tensors.

A surrogate learns each component as a variable, such as ``U_x``; files of meshes hold the field
``U``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMPONENTS: Mapping[int, tuple[str, ...]] = {
    1: ("",),
    2: ("_x", "_y"),
    3: ("_x", "_y", "_z"),
    6: ("_xx", "_yy", "_zz", "_xy", "_yz", "_xz"),
    9: ("_xx", "_xy", "_xz", "_yx", "_yy", "_yz", "_zx", "_zy", "_zz"),
}
"""Endings of the components of a field, by their number.

The symmetric tensor has VTK's order, the full one is row by row.
"""


def endings(count: int) -> tuple[str, ...]:
    """Return the ending that each of ``count`` components appends to the name of a field."""
    return COMPONENTS.get(count) or tuple(f"_{component}" for component in range(count))


def whole_fields(variables: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Return the positions of the components of each field in ``variables``.

    Variables belong together when all components of a vector or of a tensor are there, and the
    name of the field is not that of another variable. The fields are in the order of their first
    components.
    """
    known = set(variables)
    parts_of: dict[str, list[str]] = {}
    field_of: dict[str, str] = {}
    # The largest first: a full tensor has all names of a symmetric one, and a vector in space
    # all names of a vector in the plane.
    for count in (9, 6, 3, 2):
        first, *_ = COMPONENTS[count]
        for stem in (name.removesuffix(first) for name in variables if name.endswith(first)):
            parts = [stem + ending for ending in COMPONENTS[count]]
            if (
                stem
                and stem not in known | parts_of.keys()
                and set(parts) <= known - field_of.keys()
            ):
                parts_of[stem] = parts
                field_of |= dict.fromkeys(parts, stem)
    # A field has the place of its first component.
    position = {name: index for index, name in enumerate(variables)}
    fields: dict[str, tuple[int, ...]] = {}
    for name in variables:
        field = field_of.get(name, name)
        fields[field] = tuple(position[part] for part in parts_of.get(field, [field]))
    return fields
