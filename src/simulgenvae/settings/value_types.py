"""Types of the values that settings take, from the declarations in the schema.

Tested in tests/settings/test_every_value.py.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, Union, get_args, get_origin

from simulgenvae.settings.group import SENTENCES
from simulgenvae.settings.networks import OneOf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo


@dataclass(frozen=True)
class ValueType:
    """Values that a setting, or each entry of its list, may have."""

    types: frozenset[type]
    """Types among bool, int, float and str."""
    literals: tuple[str, ...]
    """Texts that are allowed, too."""
    is_list: bool
    """True if the setting is a list."""
    sentences: bool
    """True if the entries of the list hold spaces."""
    one_of: OneOf | None
    """Registry whose names are allowed, too."""

    @classmethod
    def of(cls, field: FieldInfo) -> Self:
        """Return the type of a declared setting."""
        parts = list(_parts(field.annotation))
        one_of = next((entry for entry in field.metadata if isinstance(entry, OneOf)), None)
        literals = [part for part in parts if get_origin(part) is Literal]
        types = frozenset(part for part in parts if part in _NAMES)
        return cls(
            # A setting with a registry is declared as `str`, but takes the registry’s names only.
            types=types if one_of is None else types - {str},
            literals=tuple(itertools.chain.from_iterable(map(get_args, literals))),
            is_list=tuple in parts,
            sentences=SENTENCES in field.metadata,
            one_of=one_of,
        )

    @property
    def words(self) -> tuple[str, ...]:
        """All texts that are allowed."""
        return self.literals if self.one_of is None else self.one_of.names

    @property
    def is_text(self) -> bool:
        """True if every text is allowed, such as ``true`` and ``2024``."""
        return str in self.types

    def __str__(self) -> str:
        """Return what is accepted, in words: ``true, false or 'auto'``."""
        *others, last = [
            *(_NAMES[part] for part in _NAMES if part in self.types),
            *map(repr, self.words),
        ]
        return f"{', '.join(others)} or {last}" if others else last


_NAMES = {bool: "true, false", int: "a whole number", float: "a number", str: "text"}


def _parts(annotation: Any) -> Iterator[Any]:
    """Yield the types and literals in a declaration; ``tuple`` comes before its entries."""
    # `int | None` and `Optional[int]` are two classes to Python.
    if isinstance(annotation, UnionType) or get_origin(annotation) is Union:
        for part in get_args(annotation):
            yield from _parts(part)
    elif get_origin(annotation) is Annotated:
        # Bounds and other metadata follow the type itself.
        yield from _parts(get_args(annotation)[0])
    elif get_origin(annotation) is tuple:
        yield tuple
        yield from _parts(get_args(annotation)[0])
    else:
        yield annotation
