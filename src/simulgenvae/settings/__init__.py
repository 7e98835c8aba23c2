"""What the user asks for: one typed schema, the readers of every form in which it is written, and the study folder."""

from simulgenvae.settings.load import load_settings
from simulgenvae.settings.problems import SettingsNote
from simulgenvae.settings.schema import (
    IMAGE_ENDINGS,
    ConditionerSettings,
    DataSettings,
    EvaluationSettings,
    ModelSettings,
    ReductionSettings,
    Settings,
)
from simulgenvae.settings.study import Study
from simulgenvae.settings.training import (
    AugmentationSettings,
    Axis,
    ConditionerStageSettings,
    EndToEndSettings,
    Loss,
    SpeedSettings,
    StageSettings,
    TrainingSettings,
)

__all__ = [
    "IMAGE_ENDINGS",
    "AugmentationSettings",
    "Axis",
    "ConditionerSettings",
    "ConditionerStageSettings",
    "DataSettings",
    "EndToEndSettings",
    "EvaluationSettings",
    "Loss",
    "ModelSettings",
    "ReductionSettings",
    "Settings",
    "SettingsNote",
    "SpeedSettings",
    "StageSettings",
    "Study",
    "TrainingSettings",
    "load_settings",
]
