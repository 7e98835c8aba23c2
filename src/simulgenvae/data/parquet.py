"""Parquet files as rows of text.

Tested in tests/data/test_parquet.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulgenvae.data.table_text import NumberedRow, require_size
from simulgenvae.errors import UserError
from simulgenvae.utils.damage import damage_reported
from simulgenvae.utils.install import install_command
from simulgenvae.utils.resources import require_memory

if TYPE_CHECKING:
    from pathlib import Path

SUFFIXES = (".parquet", ".pq")
_BATCH = 1024
"""Rows that are converted together."""
_LONGEST_TEXT = 32_767
"""Characters of a text, as in a cell of Excel."""
_BYTES_PER_CELL = 200
_PANDAS_INDEX = "__index_level_0__"
"""Column that pandas writes for an index without a name."""


def read_parquet(path: Path, most_bytes: int) -> list[NumberedRow]:
    """Return the names of the columns and the rows of a Parquet file, numbered from 1.

    Numbers become texts that read back as the same numbers. Raises UserError when pyarrow is not
    installed, and for a file that is damaged, too large or nested.
    """
    try:
        import pyarrow as arrow
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise UserError(
            f"{path}: reading Parquet needs pyarrow: {install_command('parquet')}, or save the "
            "table as .csv"
        ) from error

    with damage_reported(path, "cannot be read as Parquet"):
        about = parquet.read_metadata(path)
        cells = about.num_rows * about.num_columns
        groups = [about.row_group(k).total_byte_size for k in range(about.num_row_groups)]
        require_size(path, max(sum(groups), path.stat().st_size), most_bytes)
        require_memory(
            sum(groups) + _BYTES_PER_CELL * cells,
            f"{path}: a table of {cells:,} cells",
            "is this the right file?",
        )
        schema = parquet.read_schema(path)
        texts = []
        for field in schema:
            if arrow.types.is_nested(field.type) or "binary" in str(field.type):
                raise UserError(
                    f"{path}: column {field.name!r} holds {field.type}, not a number or a text in "
                    "each row"
                )
            if arrow.types.is_string(field.type) or arrow.types.is_large_string(field.type):
                texts.append(field.name)
        # Texts stay numbers of a dictionary until they are checked: a long one may be repeated.
        with parquet.ParquetFile(path, read_dictionary=texts) as file:
            rows = _rows(path, file)
    return _index_first([NumberedRow(1, tuple(schema.names)), *rows])


def _rows(path: Path, file: Any) -> list[NumberedRow]:
    rows: list[NumberedRow] = []
    for batch in file.iter_batches(batch_size=_BATCH):
        columns = [_texts(path, *pair) for pair in zip(batch.schema.names, batch, strict=True)]
        for cells in zip(*columns, strict=True):
            rows.append(NumberedRow(len(rows) + 2, cells))
    return rows


def _texts(path: Path, name: str, column: Any) -> list[str]:
    import pyarrow as arrow

    if arrow.types.is_dictionary(column.type):
        levels = _plain(path, name, column.dictionary)
        return ["" if k is None else levels[k] for k in column.indices.to_pylist()]
    return _plain(path, name, column)


def _plain(path: Path, name: str, column: Any) -> list[str]:
    texts = []
    for value in column.to_pylist():
        text = "" if value is None else str(value).strip()
        if len(text) > _LONGEST_TEXT:
            raise UserError(
                f"{path}: column {name!r} has a text of {len(text):,} characters, more than "
                f"{_LONGEST_TEXT:,}"
            )
        texts.append(text)
    return texts


def _index_first(rows: list[NumberedRow]) -> list[NumberedRow]:
    """Return the rows with the nameless index of pandas as a first column without a name."""
    names = rows[0].cells
    if _PANDAS_INDEX not in names:
        return rows
    at = names.index(_PANDAS_INDEX)
    moved = []
    for line, cells in rows:
        value = cells[at] if line > 1 else ""
        moved.append(NumberedRow(line, (value, *cells[:at], *cells[at + 1 :])))
    return moved
