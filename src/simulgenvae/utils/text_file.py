"""Reading small text files that people write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

# Bytes. A larger file was given by mistake, or by a stranger to fill the memory.
_LARGEST = 1_000_000


def read_text(path: Path, *, strict: bool = True) -> str:
    r"""Return the content of a UTF-8 file, without a byte-order mark.

    Where ``strict`` is False, bytes that are no UTF-8 become ``\ufffd``: old files have comments
    in other encodings. Raises UserError when the file cannot be read, is larger than 1 MB or is no
    text.
    """
    try:
        if not path.is_file():
            raise UserError(f"{path}: there is no such file")
        with path.open("rb") as file:
            # Read up to the limit, whatever the file says its size is: a device has none.
            raw = file.read(_LARGEST + 1)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(raw) > _LARGEST:
        raise UserError(
            f"{path}: larger than {_LARGEST // 1_000_000} MB; this is not a settings file"
        )
    try:
        text = raw.decode("utf-8-sig", errors="strict" if strict else "replace")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise UserError(f"{path}, line {line}: not UTF-8 text; save the file as UTF-8") from error
    if "\0" in text:
        raise UserError(f"{path}: not UTF-8 text (it holds zero bytes); save the file as UTF-8")
    return text
