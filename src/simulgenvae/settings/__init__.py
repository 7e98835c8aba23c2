"""Settings of a study: one typed schema, the readers of all its file formats, and the folder.

Tested in tests/settings/test_load.py.
"""

from typing import TYPE_CHECKING

from simulgenvae.utils.lazy_names import lazy_names

if TYPE_CHECKING:
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

# The schema takes a tenth of a second to build, and the folder of a study needs none of it.
__getattr__ = lazy_names(
    __name__,
    {
        "AugmentationSettings": "training",
        "Axis": "training",
        "ConditionerSettings": "schema",
        "ConditionerStageSettings": "training",
        "DataSettings": "schema",
        "EndToEndSettings": "training",
        "EvaluationSettings": "schema",
        "IMAGE_ENDINGS": "schema",
        "Loss": "training",
        "ModelSettings": "schema",
        "PerformanceSettings": "training",
        "ReductionSettings": "schema",
        "Settings": "schema",
        "SettingsNote": "problems",
        "StageSettings": "training",
        "StudyFolder": "folder",
        "TrainingSettings": "training",
        "load_settings": "load",
    },
)
