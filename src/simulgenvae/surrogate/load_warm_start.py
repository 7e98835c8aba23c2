"""Trained parts of a study that a further training starts with.

Tested in tests/surrogate/test_files.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.errors import UserError
from simulgenvae.surrogate.assemble import assemble
from simulgenvae.surrogate.files import read_conditioner, read_vae
from simulgenvae.surrogate.model_file import complete_model
from simulgenvae.surrogate.weights import starting_with
from simulgenvae.training.warm_start import WarmStart

if TYPE_CHECKING:
    from pathlib import Path

    from simulgenvae.settings import Settings, StudyFolder


def load_warm_start(
    vae_file: Path, study: StudyFolder, settings: Settings, *, conditioner: bool
) -> WarmStart:
    """Return the VAE of a file, and the study's conditioner where it is wanted.

    Parameters
    ----------
    vae_file
        File of the VAE, of this study or another one.
    study
        Study whose conditioner is read.
    settings
        Settings of the training that starts.
    conditioner
        Whether the conditioner is read, too.

    Raises
    ------
    UserError
        When a file is missing or damaged, or has another reduction or architecture than
        ``settings``.
    """
    tensors, vae = read_vae(vae_file, study)
    trained = read_conditioner(vae, study) if conditioner else None
    with complete_model(vae_file):
        parts = assemble(tensors, vae, trained)
    # The weights fit only the architecture and the coefficients that they were trained with.
    for group in ("reduction", "model", "conditioner") if conditioner else ("reduction", "model"):
        _require_same(group, parts.settings, settings, vae_file)
    return WarmStart(
        reduction=parts.reduction,
        split=parts.split,
        decoder=parts.networks.decoder_name,
        weights=starting_with("vae.", tensors) | ({} if trained is None else trained.weights),
        data_fingerprint=parts.info.data_fingerprint,
        shape=(len(parts.times), *parts.reduction.field_shape),
        condition_scaler=parts.condition_scaler,
        vae_training=parts.vae_training,
        vae_file=vae_file,
    )


def _require_same(group: str, trained: Settings, wanted: Settings, vae_file: Path) -> None:
    """Raise UserError, naming each difference, unless a group of settings is the same."""
    old = getattr(trained, group).model_dump(mode="json")
    new = getattr(wanted, group).model_dump(mode="json")
    # Key by key, so that the message says which setting it is.
    changed = [
        f"{group}.{key} was {old[key]} and is {new[key]}" for key in old if old[key] != new[key]
    ]
    if changed:
        raise UserError(
            f"{vae_file} was trained with other settings: {'; '.join(changed)}. Use the same "
            "ones for later stages, or train all stages again with --overwrite."
        )
