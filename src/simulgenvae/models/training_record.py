"""Record of how a VAE was trained, as its file keeps it whatever is trained against that VAE
later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simulgenvae.settings import Settings
from simulgenvae.settings.training import StageName

_NOT_ITS_OWN: dict[str, Any] = {
    "conditioner": True,
    "prediction": True,
    "evaluation": True,
    "training": {"conditioner", "end_to_end"},
}
"""Settings that the stage ``vae`` does not depend on."""


def changes_vae(stages: Sequence[StageName], settings: Settings) -> bool:
    """Return whether a training of these stages changes the VAE, or leaves a trained one bit by bit
    as it is."""
    return "vae" in stages or _trains_it_end_to_end(stages, settings)


def _trains_it_end_to_end(stages: Sequence[StageName], settings: Settings) -> bool:
    return "end_to_end" in stages and settings.training.end_to_end.decoder == "trained"


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

    @classmethod
    def of(cls, settings: Settings, info: dict[str, Any]) -> VaeTraining:
        """Return the record of a training with ``settings`` that ended with ``info`` and changed
        the VAE."""
        if _trains_it_end_to_end(info["stages"], settings):
            return cls(settings.model_dump(mode="json"), info)
        own = {
            "data_fingerprint": info["data_fingerprint"],
            "stages": ["vae"],
            "history": [entry for entry in info["history"] if entry["stage"] == "vae"],
            "warnings": [warning for warning in info["warnings"] if warning.startswith("vae:")],
            "rank": info["rank"],
            "versions": info["versions"],
        }
        return cls(settings.model_dump(mode="json", exclude=_NOT_ITS_OWN), own)
