"""Parameters from a table, or from a folder of tables as in the documented ``parametric_data``."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from simulgenvae.data.conditions import Conditions, read_conditions
from simulgenvae.data.names import naming
from simulgenvae.errors import UserError


def read_condition_files(path: Path) -> tuple[Conditions, bool]:
    """As :func:`read_conditions`, from a CSV file or from all CSV files of a folder in natural order.

    Several files are one table after another; without an id column a file of one row is called after its name.
    Raises UserError when there is no table or the tables have different parameters.
    """
    if not path.is_dir():
        return read_conditions(path)
    files = sorted((file for file in path.iterdir() if file.suffix.lower() == ".csv"), key=_natural)
    if not files:
        raise UserError(f"{path}: no .csv file in this folder")
    if len(files) == 1:
        return read_conditions(files[0])
    tables = [read_conditions(file) for file in files]
    first = tables[0][0]
    for file, (table, has_ids) in zip(files, tables, strict=True):
        if table.names != first.names or has_ids != tables[0][1]:
            raise UserError(
                f"{file}: has the columns {_columns(table, has_ids)}, but {files[0].name} has {_columns(*tables[0])}"
            )
    has_ids = tables[0][1]
    values = np.concatenate([table.table for table, _ in tables])
    if has_ids:
        ids = [name for table, _ in tables for name in table.ids]
    elif len(values) == len(files):
        ids, has_ids = [file.stem for file in files], True
    else:
        ids = [str(k) for k in range(len(values))]
    with naming(path):
        return Conditions(tuple(ids), first.names, values), has_ids


def _natural(path: Path) -> list[tuple[int, str]]:
    """``run2`` before ``run10``."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name.lower())]


def _columns(table: Conditions, has_ids: bool) -> str:
    return ", ".join(("id",) * has_ids + table.names)
