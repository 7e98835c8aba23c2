"""Settings that a search tries, each with a range around its default."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from simulgenvae.errors import UserError
from simulgenvae.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from optuna import Trial

Value = int | float | str
STAGE = "end_to_end"
"""Stage whose settings are searched: the training of all networks from new weights."""
DECODER = "model.decoder"
STEPS = "training.end_to_end.steps"
EPOCHS = "training.end_to_end.epochs"
MEMBERS = "training.end_to_end.members"
SECOND = "training.end_to_end.second_decoder"


@dataclass(frozen=True)
class Range:
    """A setting and its values: whole numbers in steps, or all numbers on a logarithmic scale."""

    key: str
    low: float
    high: float
    step: int | None = None
    """Distance of whole numbers; None for a logarithmic scale."""
    decoder: str | None = None
    """Decoder that reads the setting; None where all do."""

    def suggest(self, trial: Trial) -> Value:
        """Return the value that Optuna suggests for a trial."""
        if self.step is None:
            return trial.suggest_float(self.key, self.low, self.high, log=True)
        return trial.suggest_int(self.key, int(self.low), int(self.high), step=self.step)


# The other settings are left alone. KL weight and reconstruction loss do not reach the decoder,
# which learns from predictions only, and early stopping makes up for wrong numbers of steps.
RANGES = (
    Range("training.end_to_end.weight_decay", 0.005, 0.5),
    Range("training.end_to_end.learning_rate", 1e-3, 2e-2),
    Range("model.latent_dim", 8, 64, step=8),
    Range("model.width", 128, 768, step=128, decoder="modulated"),
    Range("model.field_width", 64, 256, step=64, decoder="field"),
)


def require_searchable(settings: Settings, stages: Sequence[str]) -> None:
    """Raise UserError unless a training is that of all networks from new weights."""
    if list(stages) != [STAGE] or not settings.training.end_to_end.replaces_other_stages:
        raise UserError(
            "--budget searches settings of the training of all networks from new weights: leave "
            "out --stage, and do not set training.end_to_end.from_scratch = false "
            "(e2e_from_scratch 0), enabled = false, decoder = frozen or vae_path."
        )


def value_of(settings: Settings, key: str) -> Any:
    """Return the value of the setting with this dotted name."""
    return reduce(getattr, key.split("."), settings)


def is_written(settings: Settings, key: str) -> bool:
    """Return whether a user has written this setting down, be it with the default's value."""
    *groups, last = key.split(".")
    return last in value_of(settings, ".".join(groups)).model_fields_set


def with_values(settings: Settings, values: Mapping[str, Value | None]) -> Settings:
    """Return settings with other values; None takes a setting back to its default.

    Raises
    ------
    pydantic.ValidationError
        When settings exclude each other.
    """
    # Without the defaults: these would look as if the user had chosen them.
    given = settings.model_dump(exclude_unset=True)
    for key, value in values.items():
        *groups, last = key.split(".")
        branch = given
        for group in groups:
            branch = branch.setdefault(group, {})
        branch[last] = value
    return Settings.model_validate(given)


@dataclass(frozen=True)
class Space:
    """Settings that one search varies."""

    ranges: tuple[Range, ...]
    decoders: tuple[str, ...]
    """Decoders to choose from, the user's or default one first."""

    @classmethod
    def of(cls, settings: Settings, second_decoder: str | None) -> Space:
        """Return the settings that the user has left open.

        ``second_decoder`` is the decoder that the second network of the ensemble would have.
        """
        decoders = [settings.model.decoder]
        if second_decoder is not None and not any(
            is_written(settings, key) for key in (DECODER, SECOND)
        ):
            decoders.append(second_decoder)
        ranges = [
            each
            for each in RANGES
            if not is_written(settings, each.key) and each.decoder in {None, *decoders}
        ]
        return cls(tuple(ranges), tuple(decoders))

    @property
    def keys(self) -> tuple[str, ...]:
        """Dotted names of the settings."""
        decoder = (DECODER,) if len(self.decoders) > 1 else ()
        return decoder + tuple(each.key for each in self.ranges)

    def defaults(self, settings: Settings) -> list[dict[str, Value]]:
        """Return the values that are tried first: the user's and the defaults, by decoder."""
        found: list[dict[str, Value]] = []
        for decoder in self.decoders:
            values = {each.key: value_of(settings, each.key) for each in self._read_by(decoder)}
            found.append(self._with_decoder(decoder, values))
        return found

    def suggest(self, trial: Trial) -> dict[str, Value]:
        """Return the values that Optuna suggests for a trial."""
        decoder = self.decoders[0]
        if len(self.decoders) > 1:
            decoder = trial.suggest_categorical(DECODER, self.decoders)
        values = {each.key: each.suggest(trial) for each in self._read_by(decoder)}
        return self._with_decoder(decoder, values)

    def _read_by(self, decoder: str) -> Sequence[Range]:
        return [each for each in self.ranges if each.decoder in {None, decoder}]

    def _with_decoder(self, decoder: str, values: dict[str, Value]) -> dict[str, Value]:
        return {DECODER: decoder, **values} if len(self.decoders) > 1 else values
