"""What the user asks for: one typed schema, the readers of every form in which it is written, and the study folder."""

from simulgenvae.settings.load import load_settings
from simulgenvae.settings.problems import SettingsNote
from simulgenvae.settings.schema import (
    ConditionerSettings,
    ConditionerStageSettings,
    DataSettings,
    EndToEndSettings,
    EvaluationSettings,
    ModelSettings,
    ReductionSettings,
    Settings,
    StageSettings,
    TrainingSettings,
)
from simulgenvae.settings.study import Study

__all__ = [
    "ConditionerSettings",
    "ConditionerStageSettings",
    "DataSettings",
    "EndToEndSettings",
    "EvaluationSettings",
    "ModelSettings",
    "ReductionSettings",
    "Settings",
    "SettingsNote",
    "StageSettings",
    "Study",
    "TrainingSettings",
    "load_settings",
]
