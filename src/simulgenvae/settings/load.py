"""From a study's files and the command line to validated settings."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from simulgenvae.settings.classic.condition_file import read_condition_file
from simulgenvae.settings.classic.condition_keys import CLASSIC_DEFAULTS
from simulgenvae.settings.classic.preset_file import read_preset
from simulgenvae.settings.folder import StudyFolder
from simulgenvae.settings.overrides import read_overrides
from simulgenvae.settings.problems import SettingsNote
from simulgenvae.settings.raw import Draft, validate
from simulgenvae.settings.schema import Settings
from simulgenvae.settings.toml import read_toml


def load_settings(
    study: StudyFolder, *, preset: int = 1, overrides: Sequence[str] = ()
) -> Settings:
    """Settings of a study.

    They come from ``study.toml``; where there is none, from ``input_data/condition.txt`` and preset
    number `preset`. What neither sets has its default. `overrides`, each ``group.key=value``, come
    last. Everything is validated once.

    Raises UserError that lists every mistake with its file, line and key. What is read without
    effect is told by :class:`SettingsNote` warnings.
    """
    return validate({**_read_files(study, preset), **read_overrides(overrides)})


def _read_files(study: StudyFolder, preset: int) -> Draft:
    if study.settings_file.exists():
        if study.condition_file.exists():
            warnings.warn(
                f"{study.condition_file}: not read, because {study.settings_file.name} is there",
                SettingsNote,
                stacklevel=3,
            )
        return read_toml(study.settings_file)
    if not study.condition_file.exists():
        return read_preset(study, preset)
    return {
        **CLASSIC_DEFAULTS,
        **read_condition_file(study.condition_file),
        **read_preset(study, preset),
    }
