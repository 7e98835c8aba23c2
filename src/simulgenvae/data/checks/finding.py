"""What a check has to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """``error``: training would fail or mislead; ``warning``: look at it; ``info``: good to
    know."""

    level: Literal["error", "warning", "info"]
    message: str
