"""Record of a search for settings, as model files and results of evaluations hold it.

Tested in tests/search/test_record.py.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.]*$", max_length=100)]
"""Dotted name of a setting."""
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=100)]
"""Value of a setting that is a word, such as the kind of a decoder."""
Finite = Annotated[float, Field(allow_inf_nan=False)]
Values = dict[Key, int | Finite | Word]
"""Values of settings by their dotted names."""
Seconds = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Error = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


# Model files leave out what is None, so that such fields have a default.
class TrialRecord(BaseModel):
    """One network that was trained with settings that could have been better."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Annotated[int, Field(ge=0)]
    """Number of the trial, counted from 0; that one has the defaults."""
    settings: Values
    """Values of the searched settings."""
    steps: Annotated[int, Field(ge=0)]
    """Steps of its longest training."""
    error: Error | None = None
    """Mean joint relative L2 error of the held-out runs after these; None where the training
    failed."""
    seconds: Seconds
    """Time of all its trainings."""
    state: Literal["finished", "stopped", "failed", "unfinished"]
    """``finished``: trained as long as a network of the ensemble; ``stopped``: others were better
    after fewer steps; ``failed``: its losses became infinite; ``unfinished``: the time was up."""


class SearchRecord(BaseModel):
    """All trials of a search, and what was chosen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    budget: Seconds
    """Time for search and training together, in seconds."""
    held_out: Annotated[int, Field(ge=1)]
    """Number of runs on which errors were measured: the validation runs, or of several parts of
    training and validation runs where these are few."""
    parts: Annotated[int, Field(ge=1)]
    """Number of trainings of each trial, each with other held-out runs; 1 where these are the
    validation runs."""
    trials: tuple[TrialRecord, ...]
    """Trials in the order of their numbers."""
    best: Annotated[int, Field(ge=0)] | None = None
    """Number of the trial whose settings were chosen; None where there was no time for a trial."""
    chosen: Values
    """Settings that differ from those of the user and the defaults."""
    default_error: Error | None = None
    """Error of the trial with the defaults; None where it was not finished."""
    best_error: Error | None = None
    """Error of the trial whose settings were chosen."""
    longer_steps: Annotated[int, Field(ge=1)] | None = None
    """Steps of a longer training with these settings; None where there was no time for it."""
    longer_error: Error | None = None
    """Error after these."""

    @model_validator(mode="after")
    def _best_is_a_trial(self) -> Self:
        if [trial.number for trial in self.trials] != list(range(len(self.trials))):
            raise ValueError("trials are not in the order of their numbers")
        if self.best is not None and self.best >= len(self.trials):
            raise ValueError(f"there is no trial {self.best}")
        return self

    @property
    def keys(self) -> tuple[str, ...]:
        """Dotted names of the searched settings."""
        names = [key for trial in self.trials for key in trial.settings]
        return tuple(dict.fromkeys(names))
