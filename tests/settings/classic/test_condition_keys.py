import re

import pytest

from simulgenvae.settings.classic.condition_keys import (
    ADDED_KEYS,
    CLASSIC_KEYS,
    CONDITION_KEYS,
    OLD_KEYS,
    UNUSED,
)
from simulgenvae.settings.classic.preset_file import LINES
from simulgenvae.settings.raw import FIELDS


def test_every_classic_key_fills_settings_that_exist() -> None:
    filled = {setting for key in CONDITION_KEYS.values() for setting in key.settings} | {
        setting for setting, _ in LINES.values()
    }
    assert filled <= FIELDS.keys()


def test_a_key_has_one_meaning() -> None:
    assert not CONDITION_KEYS.keys() & UNUSED.keys()
    assert not CLASSIC_KEYS.keys() & ADDED_KEYS.keys()
    assert not OLD_KEYS.keys() & (CONDITION_KEYS.keys() | UNUSED.keys())
    assert set(OLD_KEYS.values()) <= CLASSIC_KEYS.keys()


@pytest.mark.parametrize(
    ("key", "successors"),
    [
        ("e2e_gradient_checkpointing", {"gradient_checkpointing"}),
        ("e2e_memory_efficient", {"gradient_checkpointing"}),
        ("num_aug_f", {"flips", "pixel_noise", "parameter_noise", "field_noise", "mixup"}),
        ("num_aug_a", {"flips", "pixel_noise", "parameter_noise", "field_noise", "mixup"}),
        ("Dim3_red", {"Dim3_start", "Dim3_end"}),
        ("n_sample", {"Dim1"}),
        ("e2e_batch_reduction_factor", {"latent_conditioner_batch"}),
    ],
)
def test_an_unused_key_names_those_that_do_its_job(key: str, successors: set[str]) -> None:
    assert set(re.findall(r"\w+", UNUSED[key])) & CONDITION_KEYS.keys() == successors
