"""The result of an evaluation, and its file."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Annotated, Literal, Self, cast

from pydantic import BeforeValidator, Field, JsonValue

from simulgenvae.errors import UserError
from simulgenvae.evaluation.results.base import Record, RunError
from simulgenvae.evaluation.results.combination import Combination
from simulgenvae.evaluation.results.errors import SplitErrors, StageErrors
from simulgenvae.evaluation.results.folds import CrossValidation
from simulgenvae.evaluation.results.format_1 import from_format_1
from simulgenvae.evaluation.results.latents import LatentResults
from simulgenvae.evaluation.results.physics import Physics
from simulgenvae.evaluation.results.quantities import Quantities
from simulgenvae.evaluation.results.sensitivity import Sensitivity
from simulgenvae.evaluation.results.study import (
    SPLITS,
    DataSummary,
    SplitIds,
    Timing,
    TrainedRange,
    TrainedValues,
)
from simulgenvae.evaluation.results.uncertainty import Uncertainty
from simulgenvae.models.training_record import TrainingInfo
from simulgenvae.settings import Settings
from simulgenvae.utils.atomic import atomic_write
from simulgenvae.utils.damage import first_problem

if TYPE_CHECKING:
    from pathlib import Path

FORMAT: Literal[2] = 2


def _with_undefined_losses(training: object) -> object:
    """Return the content of a file with NaN for losses that are null, as they were in training."""
    if not isinstance(training, dict):
        return training
    content = cast("dict[str, JsonValue]", training)
    history: list[JsonValue] = []
    for entry in cast("list[JsonValue]", content.get("history", [])):
        if isinstance(entry, dict):
            entry = {
                key: math.nan if value is None and key in {"train", "validation"} else value
                for key, value in entry.items()
            }
        history.append(entry)
    return content | {"history": history}


class BestBaseline(Record):
    """The baseline with the least mean error on the compared split.

    Each ratio is the mean error of a part of the surrogate relative to the baseline's; None where
    the part does not exist.
    """

    name: str
    relative_l2: float
    prediction_ratio: float | None
    networks_ratio: float | None
    gaussian_processes_ratio: float | None


class EvaluationResult(Record):
    """Everything that an evaluation found; ``metrics.json`` is its dump."""

    format: Literal[2] = FORMAT
    data: DataSummary
    split: SplitIds
    errors: dict[str, dict[str, SplitErrors]]
    """Errors by method (``prediction``, ``networks``, ``gaussian_processes``, ``reconstruction``,
    ``projection_floor`` and the baselines), and by split; only splits that have runs."""
    compared_split: str
    """Split on which methods are compared: test, else validation, else training."""
    best_baseline: BestBaseline | None
    """None if no baseline was fitted, or if there are only training runs: the nearest run of a
    training run is itself."""
    combination: Combination
    stages: dict[str, StageErrors]
    """Errors after each training stage, by its name."""
    worst_runs: dict[str, tuple[RunError, ...]]
    """Runs with the largest errors of each split, undefined ones first."""
    baselines: dict[str, dict[str, JsonValue]]
    """Choices that each baseline made while fitting, by its name."""
    uncertainty: Uncertainty
    physics: Physics
    sensitivity: Sensitivity
    latents: LatentResults
    trained_ranges: dict[str, TrainedRange]
    timing: Timing
    notes: tuple[str, ...]
    settings: Settings
    training: Annotated[TrainingInfo, BeforeValidator(_with_undefined_losses)]
    quantities: Quantities | None = None
    """Quantities of interest; None in files of earlier versions."""
    name: str = ""
    """Name of the study; empty in files of earlier versions."""
    date: str = ""
    """Date and time of the evaluation in UTC, as ``2026-05-01 14:30``; empty in files of earlier
    versions."""
    version: str = ""
    """Version of simulgenvae that measured; empty in files of earlier versions."""
    trained_values: dict[str, TrainedValues] = Field(default_factory=dict)
    """Range of each variable in the training runs; empty in files of earlier versions."""
    folds: CrossValidation | None = None
    """Errors of runs by surrogates that were trained without them; None if there are none."""
    figures: tuple[str, ...] = ()
    """Names of the files of the figures."""
    not_rendered: str | None = None
    """Reason why the mesh is not drawn, if it is not."""

    @property
    def compared(self) -> dict[str, SplitErrors]:
        """Errors of each method on the compared split."""
        split = self.compared_split
        return {name: found[split] for name, found in self.errors.items() if split in found}

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits that have runs, in the order of tables."""
        return tuple(split for split in SPLITS if split in self.errors["prediction"])

    def mean_error(self, method: str) -> float | None:
        """Return the mean joint relative error of a method on the compared split."""
        found = self.compared.get(method)
        return None if found is None else found.relative_l2.mean

    def write(self, path: Path) -> None:
        """Write ``metrics.json``; the previous file stays if this fails."""
        path.parent.mkdir(parents=True, exist_ok=True)
        # All settings, also those that have their default: only they say how a result was made.
        # Losses of a training that are not finite become null.
        with atomic_write(path) as temporary:
            temporary.write_text(self.model_dump_json(indent=1), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read ``metrics.json``, also one of format 1.

        Raises
        ------
        UserError
            When there is no such file, or it does not hold a result.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(content, dict) and content.get("format") == 1:
                content = from_format_1(content)
            return cls.model_validate(content)
        except FileNotFoundError:
            raise UserError(f"{path} does not exist: evaluate the study first.") from None
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            OverflowError,
            RecursionError,
        ) as error:
            reason = first_problem(error)
            raise UserError(
                f"{path} does not hold the result of an evaluation ({reason}). "
                "Evaluate the study again."
            ) from error
