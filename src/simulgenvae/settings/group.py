"""Base class of all groups of settings, and types of bounded values.

Tested in tests/settings/test_schema.py and tests/settings/test_every_value.py.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0.0, lt=1.0)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=10_000_000)]
Width = Annotated[int, Field(ge=1, le=16_384)]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
SENTENCES = "sentences"
"""Annotation of a list whose entries hold spaces, so that one text is one entry."""


class Group(BaseModel):
    """Common behaviour of all groups of settings: immutable, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
