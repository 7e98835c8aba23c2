"""Surrogate at the end of an earlier training stage.

Tested in tests/surrogate/test_surrogate.py.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError
from simulgenvae.surrogate.ensemble import Ensemble
from simulgenvae.training.checkpoint import stage_file
from simulgenvae.training.identity import of_training
from simulgenvae.training.stages import STAGES
from simulgenvae.utils.tensor_file import read_tensors

if TYPE_CHECKING:
    from simulgenvae.settings import StudyFolder
    from simulgenvae.surrogate.surrogate import Surrogate


def surrogate_at_stage(surrogate: Surrogate, study: StudyFolder, stage: str) -> Surrogate:
    """Return the surrogate at the end of a training stage, from the study's checkpoints.

    Raises
    ------
    UserError
        When there is no checkpoint of that stage, or only that of another training (one that failed
        after this one, for instance).
    """
    path = stage_file(study.checkpoints, stage)
    weights, about = read_tensors(path)
    info = surrogate.info
    if not of_training(
        about.get("identity"), surrogate.settings, info.data_fingerprint, info.stages
    ):
        raise UserError(f"{path} belongs to another training than {study.vae_file}.")
    # The surrogate itself keeps its weights.
    networks = copy.deepcopy(surrogate.networks)
    try:
        networks.load_state_dict(weights)
    except RuntimeError as error:
        raise UserError(f"{path} is damaged: {error}") from error
    ensemble = None
    # A stage that reads no conditions trains no conditioner, without which nothing is predicted.
    if STAGES[stage].reads_conditions:
        # The network of that time only: Gaussian processes and calibration came afterwards.
        ensemble = Ensemble(
            members=(networks,),
            member_weights=(1.0,),
            scaler=surrogate.condition_scaler,
            times=surrogate.times,
            pod_gp=None,
            gp_weight=0.0,
            calibration=None,
        )
    return replace(surrogate, networks=networks, ensemble=ensemble)
