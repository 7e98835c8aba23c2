"""Descriptions that model files hold besides their tensors, as JSON.

Tested in tests/surrogate/test_files.py.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, PlainSerializer, model_validator

from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.metadata import check_motion
from simulgenvae.data.names import check_ids, check_names
from simulgenvae.data.split import Split
from simulgenvae.data.units import check_unit
from simulgenvae.models.training_record import TrainingInfo
from simulgenvae.settings import Settings
from simulgenvae.settings.networks import DECODERS
from simulgenvae.surrogate.ensemble.file_content import EnsembleDescription
from simulgenvae.surrogate.shapes import ShapeDescription

Info = Annotated[TrainingInfo, PlainSerializer(TrainingInfo.to_json)]
"""Facts about a training, which are written without those that are not known."""


class ModelDescription(BaseModel):
    """Description that all model files hold, so that different trainings are not mixed."""

    model_config = ConfigDict(frozen=True)

    format_version: Literal[3]
    vae: str
    """Digest of the VAE's weights, see :func:`simulgenvae.surrogate.weights.digest`."""
    condition_scaler: ConditionScaler


class VaeDescription(ModelDescription):
    """Description of the VAE's file, which also has reduction, mesh and times."""

    kind: Literal["vae"] = "vae"
    settings: dict[str, Any]
    """The settings that the VAE depends on. They stay as they were written, so that the file is the
    same whatever is trained against that VAE later."""
    info: Info
    decoder: str | None = None
    """Decoder of the VAE, which may be that of the ensemble's second network; None, in files of
    earlier versions, for that of the settings."""
    split: Split
    variables: tuple[str, ...]
    units: tuple[str, ...]
    time_unit: str = ""
    """Unit of the times; files of earlier versions have none."""
    length_unit: str = ""
    """Unit of the positions; files of earlier versions have none."""
    sets: tuple[str, ...] = ()
    """Names of the sets of nodes; files of earlier versions have none."""
    shapes: ShapeDescription | None = None
    """Description of geometries, where runs have meshes of their own."""
    motion: tuple[str, ...] = ()
    """Names of the variables by which nodes move, where the mesh moves in time."""

    @model_validator(mode="after")
    def _names_that_are_known(self) -> Self:
        # Files of predictions are named after runs, so that ids of a stranger must be harmless.
        check_ids((*self.split.train, *self.split.validation, *self.split.test))
        if not self.split.train:
            raise ValueError("the split has no training runs")
        check_names(self.variables, "variable")
        if self.decoder is not None and self.decoder not in DECODERS:
            raise ValueError(f"there is no decoder {self.decoder}")
        if len(self.variables) != len(self.units):
            raise ValueError(f"{len(self.variables)} variables have {len(self.units)} units")
        check_motion(self.motion, self.variables)
        for unit in (self.time_unit, self.length_unit):
            check_unit(unit, "the model")
        return self


class ConditionerDescription(ModelDescription):
    """Description of the conditioner's file."""

    kind: Literal["conditioner"] = "conditioner"
    conditioner: str
    """Digest of the conditioner's weights."""
    settings: Settings
    """Settings of the last training."""
    info: Info
    """Facts about the last training."""


class EnsembleFileDescription(ModelDescription, EnsembleDescription):
    """Description of the ensemble's file."""

    kind: Literal["ensemble"] = "ensemble"
    conditioner: str
    """Digest of the first member's conditioner."""
