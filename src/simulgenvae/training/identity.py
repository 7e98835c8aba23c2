"""Identity of a training: what must be the same when an interrupted one is resumed.

Tested in tests/training/test_checkpoint.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from simulgenvae.settings import Settings

Json = Mapping[str, object]
"""JSON object. Files hold identities of other versions too, so that they are compared key by key
instead of being read into a class."""

MAY_DIFFER = {"device", "checkpoint_seconds", "rank_timeout", "performance"}
"""Settings of training that change how fast and how safely networks learn, but not what."""
NOT_TRAINING = {"data", "evaluation", "quantities"}
"""Groups of settings that are left out of a comparison. ``data`` says what is read and how it is
split, which the fingerprint and the lists of runs say too. ``evaluation`` and ``quantities`` come
after training."""


@dataclass(frozen=True)
class TrainingIdentity:
    """Settings, data and runs of a training."""

    settings: Settings
    data: str
    """Fingerprint of the dataset."""
    stages: Sequence[str]
    training_runs: Sequence[str]
    validation_runs: Sequence[str]

    def to_json(self) -> dict[str, object]:
        """Return the identity as files hold it."""
        return {
            "settings": self.settings.model_dump(mode="json"),
            "data": self.data,
            "stages": list(self.stages),
            "training runs": list(self.training_runs),
            "validation runs": list(self.validation_runs),
        }


def check_identity(path: Path, about: Json, identity: TrainingIdentity) -> None:
    """Refuse a file that was written by a training of other settings or data.

    Parameters
    ----------
    path
        The file, for the message.
    about
        Description in the file; its entry ``identity`` is compared.
    identity
        Identity of this training.

    Raises
    ------
    UserError
        When they differ; it names each difference.
    """
    # Both as JSON: a tuple in the settings is a list in a file.
    old = comparable(about.get("identity"))
    new = comparable(identity.to_json())
    found = differences(old, new)
    if found:
        again = " ".join(_as_options(old.get("settings"), new["settings"]))
        same = f" ({again})" if again else ""
        raise UserError(
            f"{path} belongs to another training: {'; '.join(found)}. Use the same settings{same} "
            "and data to resume, or start afresh with --overwrite."
        )


def of_training(found: object, settings: Settings, data: str, stages: Sequence[str]) -> bool:
    """Return whether the identity ``found`` in a file has these settings, data and stages."""
    own = comparable(
        {"settings": settings.model_dump(mode="json"), "data": data, "stages": list(stages)}
    )
    other = comparable(found)
    return all(other.get(key) == value for key, value in own.items())


def comparable(identity: object) -> dict[str, object]:
    """Return an identity without the settings that a resumed training may change.

    It is empty where a file holds no identity.
    """
    if not isinstance(identity, Mapping):
        return {}
    settings = identity.get("settings")
    if not isinstance(settings, Mapping):
        return dict(identity)
    kept = {group: values for group, values in settings.items() if group not in NOT_TRAINING}
    training = kept.get("training")
    if isinstance(training, Mapping):
        kept["training"] = {key: training[key] for key in training if key not in MAY_DIFFER}
    return {**identity, "settings": kept}


def _as_options(old: object, new: object, path: str = "") -> list[str]:
    """Return the options of the command line that set again what only ``old`` has."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        options = []
        for key in sorted(old.keys() & new.keys()):
            place = f"{path}.{key}" if path else key
            options += _as_options(old[key], new[key], place)
        return options
    # Lists and values that are not given cannot be written on the command line in one way only.
    if old == new or not isinstance(old, str | int | float):
        return []
    text = str(old).lower() if isinstance(old, bool) else str(old)
    return [f"--set {path}={text}"]


def differences(old: object, new: object, path: str = "") -> list[str]:
    """Return a readable line for each place where two JSON values differ.

    ``path`` is the dotted name of the place that they were taken from.
    """
    # Only objects are compared in parts; lists differ as a whole.
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        return [] if old == new else [f"{path} was {_shown(old)} and is {_shown(new)}"]
    lines = []
    for key in sorted(old.keys() | new.keys()):
        place = f"{path}.{key}" if path else key
        lines += differences(old.get(key), new.get(key), place)
    return lines


def _shown(value: object) -> str:
    return "not given" if value is None else str(value)
