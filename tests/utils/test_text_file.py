"""Small text files."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulgenvae.errors import UserError
from simulgenvae.utils.text_file import read_text


def test_the_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfa = \xc3\xbc\n")
    assert read_text(tmp_path / "a.txt") == "a = ü\n"


def test_other_encodings_are_refused_or_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"a\nb = \xfc\n")
    with pytest.raises(UserError, match=r"a\.txt, line 2: not UTF-8 text"):
        read_text(path)
    assert read_text(path, strict=False) == "a\nb = \ufffd\n"


@pytest.mark.parametrize(
    ("content", "reason"), [(b"a\0b", "zero bytes"), (b"a" * 1_000_001, "larger than 1 MB")]
)
def test_what_is_no_settings_file_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(UserError, match=reason):
        read_text(tmp_path / "a.txt")


def test_a_missing_file_or_a_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(UserError, match="no such file"):
            read_text(path)
