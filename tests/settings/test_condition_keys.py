from simulgenvae.settings.condition_keys import KEYS, UNUSED
from simulgenvae.settings.draft import FIELDS
from simulgenvae.settings.preset_file import LINES


def test_every_documented_key_fills_settings_that_exist() -> None:
    filled = {setting for key in KEYS.values() for setting in key.settings} | {setting for setting, _ in LINES.values()}
    assert filled <= FIELDS.keys()


def test_a_key_has_one_meaning() -> None:
    assert not KEYS.keys() & UNUSED.keys()
