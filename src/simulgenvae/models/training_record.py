"""Record of how a VAE was trained, as its file keeps it whatever is trained against that VAE
later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class VaeTraining:
    """Record of the training that made the VAE, ready for JSON.

    Attributes
    ----------
    settings
        The settings that the VAE depends on. Others are left out, so that a VAE that only its own
        stage has trained has the same file whatever came after it.
    info
        Data fingerprint, stages, history, warnings, rank and versions.
    """

    settings: dict[str, Any]
    info: dict[str, Any]
