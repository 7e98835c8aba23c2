from pathlib import Path

import pytest

from simulgenvae.errors import UserError
from simulgenvae.settings import Settings, SettingsNote, StudyFolder
from simulgenvae.settings.classic.preset_file import read_preset
from simulgenvae.settings.raw import validate

HEADER = "data_No, init_beta_divisior, num_filter_enc, latent_conditioner_filter\n"
REAL_FILE = f"{HEADER}1\n0\n1024 512 256 128\n16 4"


def read(folder: Path, text: str, preset: int = 1, name: str = "preset.txt") -> Settings:
    (folder / name).write_text(text, encoding="utf-8")
    return validate(read_preset(StudyFolder(folder), preset))


def test_a_real_file(tmp_path: Path) -> None:
    settings = read(tmp_path, REAL_FILE)
    assert settings.training.init_beta_divisor == 0.0
    assert settings.model.filters == (1024, 512, 256, 128)
    assert settings.conditioner.filters == (16, 4)


def test_blocks_comments_blank_lines_and_a_byte_order_mark(tmp_path: Path) -> None:
    text = f"\ufeff# presets\n\n{HEADER}1 # data\n\n0\n8, 4\n% conditioner\n16 4\n'\n{HEADER}3\n2.5\n6\n5"
    assert read(tmp_path, text, 1).model.filters == (8, 4)
    third = read(tmp_path, text, 3)
    assert (third.training.init_beta_divisor, third.model.filters, third.conditioner.filters) == (
        2.5,
        (6,),
        (5,),
    )


def test_its_own_file_comes_first(tmp_path: Path) -> None:
    read(tmp_path, f"{HEADER}2\n0\n8\n8", 2)
    with pytest.warns(SettingsNote, match=r"preset\.txt: not read, because preset2\.txt is there"):
        assert read(tmp_path, f"{HEADER}2\n0\n9\n9", 2, "preset2.txt").model.filters == (9,)


def test_without_a_file_only_preset_1_exists(tmp_path: Path) -> None:
    assert read_preset(StudyFolder(tmp_path), 1) == {}
    with pytest.raises(
        UserError, match=r"preset 2: there is neither .*preset2\.txt nor .*preset\.txt"
    ):
        read_preset(StudyFolder(tmp_path), 2)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{HEADER}2\n0\n8\n8\n", "there is no preset 1 in this file, only: 2"),
        ("# nothing\n", "there is no preset 1 in this file, only: none"),
        (
            f"{HEADER}1\n0\n\n16 4\n",
            "line 1: this preset needs .* none of them empty .* ends before "
            "latent_conditioner_filter",
        ),
        (f"{HEADER}{HEADER}1\n0\n8\n8\n", "line 1: this preset needs .* ends before data_No"),
        (f"{HEADER}1\n0\n[]\n16 4\n", "line 4: num_filter_enc must have at least 1 value"),
        (
            f"{HEADER}1\n0\n64 64\n16 4\n",
            "line 4: model: filters must decrease from first to last, but are: 64 64",
        ),
        (
            f"{HEADER}1\n0\n64 0\n16 4\n",
            "line 4: value 2 of num_filter_enc must be at least 1, but is 0",
        ),
        (
            f"{HEADER}1\n0\n64\nlarge\n",
            "line 5: latent_conditioner_filter must be a number, but is 'large'",
        ),
        (f"{HEADER}1.5\n0\n64\n4\n", "line 2: data_No must be a whole number, but is '1.5'"),
        (f"{HEADER}1\n-1\n64\n4\n", "line 3: init_beta_divisor must be at least 0"),
        (f"{HEADER}1\n0\n64\n4\n{HEADER}1\n0\n64\n4\n", "line 6: preset 1 is there twice"),
    ],
)
def test_mistakes_name_file_line_and_reason(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason) as error:
        read(tmp_path, text)
    assert str(tmp_path / "preset.txt") in str(error.value)
