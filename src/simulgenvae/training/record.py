"""Record of how a VAE was trained, made at the end of a training that changed it.

Tested in tests/surrogate/test_files.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.models.training_record import TrainingInfo, VaeTraining
from simulgenvae.training.stages import STAGES
from simulgenvae.training.stages.vae import VAE

if TYPE_CHECKING:
    from simulgenvae.settings import Settings


def vae_training(settings: Settings, info: TrainingInfo) -> VaeTraining:
    """Return the record of a training with ``settings`` that ended with ``info``."""
    # A VAE that a later stage has changed too depends on all settings.
    later = [name for name in info.stages if name != VAE.name]
    if any(STAGES[name].stage_class.changes_vae(settings) for name in later):
        return VaeTraining(settings.model_dump(mode="json"), info)
    # Only its own stage has trained the VAE: what belongs to later stages is left out, so that the
    # file is the same whatever follows.
    unused: dict[str, bool | set[str]] = {
        "conditioner": True,
        "prediction": True,
        "evaluation": True,
        "quantities": True,
        "training": set(settings.training.stage_names()) - {VAE.name},
    }
    own = TrainingInfo(
        data_fingerprint=info.data_fingerprint,
        stages=(VAE.name,),
        history=tuple(entry for entry in info.history if entry.stage == VAE.name),
        warnings=tuple(text for text in info.warnings if text.startswith(f"{VAE.title}:")),
        rank=info.rank,
        versions=info.versions,
        symmetry=info.symmetry,
    )
    return VaeTraining(settings.model_dump(mode="json", exclude=unused), own)
