"""From a study's files and the command line to validated settings."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from simulgenvae.settings.classic.condition_file import read_condition_file
from simulgenvae.settings.classic.condition_keys import CLASSIC_DEFAULTS
from simulgenvae.settings.classic.preset_file import read_preset
from simulgenvae.settings.overrides import read_overrides
from simulgenvae.settings.problems import SettingsNote
from simulgenvae.settings.raw import RawSettings, validate
from simulgenvae.settings.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulgenvae.settings.folder import StudyFolder
    from simulgenvae.settings.schema import Settings


def load_settings(
    study: StudyFolder, *, preset: int = 1, overrides: Sequence[str] = ()
) -> Settings:
    """Return the settings of a study.

    They come from ``study.toml``; if there is none, from ``input_data/condition.txt`` and the
    preset. Settings that are not given have their defaults. Lines without effect are reported by
    :class:`SettingsNote` warnings.

    Parameters
    ----------
    study
        Folder of the study, which need not exist.
    preset
        Number of the preset of a classic study.
    overrides
        Settings that take precedence over the files, each as ``group.key=value``.

    Raises
    ------
    UserError
        Lists every mistake with its file, line and key.
    """
    # Validated together once: an override may correct a value of a file, or contradict
    # another one.
    return validate({**_read_files(study, preset), **read_overrides(overrides)})


def _read_files(study: StudyFolder, preset: int) -> RawSettings:
    if study.settings_file.exists():
        # Two sources of settings: mixing them key by key would be hard to follow, so one is read
        # and the user hears of it.
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
        # Later entries win: the defaults of the classic system, then its two files, which share no
        # key.
        **CLASSIC_DEFAULTS,
        **read_condition_file(study.condition_file),
        **read_preset(study, preset),
    }
