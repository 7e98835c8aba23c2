"""Record of how networks were trained, as checkpoints and model files hold it.

Tested in tests/surrogate/test_files.py and tests/training/test_checkpoint.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from simulgenvae.models.search_record import SearchRecord

Count = Annotated[int, Field(ge=0)]


def _printable(text: str) -> str:
    # Texts of a file from a stranger are shown on terminals, which obey control characters.
    if not text.isprintable():
        raise ValueError("a text has characters that cannot be printed")
    return text


Line = Annotated[str, AfterValidator(_printable)]
Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
"""Name or label of a training stage. Which stages exist is not known here: it can be one that was
added from outside the package."""


def stage_of(label: str) -> str:
    """Return the name of the stage in a label that also names a part of an ensemble.

    That is the number of a further network, a refit, or the encoder.
    """
    return re.sub("(_[0-9]+)?(_refit|_encoder)?$", "", label)


class HistoryEntry(BaseModel):
    """Errors at one validation of a training stage."""

    # Some keys of the files are older than the names in the code, hence the aliases.
    model_config = ConfigDict(frozen=True, validate_by_name=True, serialize_by_alias=True)

    stage: Name
    """Label of the stage, such as ``vae`` or ``end_to_end_2``."""
    step: Count
    """Number of steps of the stage that were done."""
    train_loss: Annotated[float, Field(alias="train")]
    """Mean training loss since the previous validation."""
    train_error: float | None = None
    """Error of as many training runs by the same measure, or None in files of older versions."""
    validation_error: Annotated[float, Field(alias="validation")]
    """Error of the validation runs."""
    joint_error: float | None = None
    """Mean joint relative error of the validation runs, as in the report; None where it is not
    known, as for errors of latents."""


class TrainingInfo(BaseModel):
    """Facts about a training that has ended."""

    model_config = ConfigDict(frozen=True)

    data_fingerprint: str
    stages: tuple[Name, ...]
    """Names of the stages that were run, in their order."""
    history: tuple[HistoryEntry, ...]
    """All validations, oldest first."""
    warnings: tuple[Line, ...] = ()
    """Warnings about how the stages learned, each starting with the label of its stage."""
    skipped_steps: Count | None = None
    """Number of steps that were left out because of an exploding gradient, where it is known."""
    rank: Count | None = None
    """Number of coefficients per timestep."""
    refitted: bool = False
    """True if the validation runs were learned from too, after they had chosen the weights."""
    versions: dict[str, str] = Field(default_factory=dict)
    """Versions of Python and of the libraries that the result depends on, by their names."""
    symmetry: tuple[Line, ...] = ()
    """A line about each axis along which the runs were looked at for a symmetry."""
    search: SearchRecord | None = None
    """Search that chose some of the settings; None where there was none."""

    @property
    def learned_splits(self) -> tuple[str, ...]:
        """Parts of the split whose runs were learned from."""
        return ("train", "validation") if self.refitted else ("train",)

    @model_validator(mode="after")
    def _history_of_stages(self) -> Self:
        for entry in self.history:
            if not {entry.stage, stage_of(entry.stage)} & set(self.stages):
                raise ValueError(f"the history has a stage {entry.stage}, which was not run")
        return self

    def to_json(self) -> dict[str, Any]:
        """Return the record for a file, without what is not known."""
        return self.model_dump(mode="json", exclude_none=True)


@dataclass(frozen=True)
class VaeTraining:
    """Record of the training that made a VAE."""

    settings: dict[str, Any]
    """The settings that the VAE depends on, as JSON. Others are left out, so that a VAE that only
    its own stage has trained has the same file whatever was trained later."""
    info: TrainingInfo
