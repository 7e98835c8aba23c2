"""Settings of a study: one typed schema, the readers of all its file formats, and the folder."""

from simulgenvae.settings.folder import StudyFolder
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
from simulgenvae.settings.training import (
    AugmentationSettings,
    Axis,
    ConditionerStageSettings,
    EndToEndSettings,
    Loss,
    PerformanceSettings,
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
    "PerformanceSettings",
    "ReductionSettings",
    "Settings",
    "SettingsNote",
    "StageSettings",
    "StudyFolder",
    "TrainingSettings",
    "load_settings",
]
