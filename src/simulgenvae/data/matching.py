"""Which row of the table and which picture belong to which run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simulgenvae.data.condition_files import read_condition_files, read_conditions
from simulgenvae.data.conditions import Conditions, ConditionScaler
from simulgenvae.data.images import Images
from simulgenvae.data.images.files import read_images
from simulgenvae.data.names import listed
from simulgenvae.data.readers import Source
from simulgenvae.data.readers.companions import strings, texts
from simulgenvae.errors import UserError
from simulgenvae.settings import DataSettings


class _Table(NamedTuple):
    conditions: Conditions
    has_ids: bool


class _Pictures(NamedTuple):
    path: Path
    ids: tuple[str, ...]
    images: Images


def match_conditions(
    sources: Sequence[Source],
    params: Path | None,
    images: Path | None,
    settings: DataSettings,
    runs: int,
) -> tuple[Conditions, list[str]]:
    """The conditions of all runs, in their order, and notes on how they were matched.

    Ids decide where both sides have them: those of the fields, then of the table, then the names of
    the pictures; else the order does. Raises UserError where counts or ids do not agree, or there
    is neither table nor picture.
    """
    ids = _ids(sources, runs)
    if images is None:
        table, notes = _parameters(sources, params, ids, runs)
        return table.conditions, notes
    pictures = _Pictures(
        images, *read_images(images, settings.image_size, endings=settings.image_endings)
    )
    if params is None:
        ordered, note = _in_order(pictures, ids, runs)
        return ordered, [note]
    table, notes = _parameters(sources, params, ids, runs)
    joined, note = _joined(table, pictures)
    return joined, [*notes, note]


def read_new_conditions(
    params: Path | None, images: Path | None, scaler: ConditionScaler
) -> tuple[Conditions, list[str]]:
    """Conditions of designs to predict, as the model with this ``scaler`` needs them, and notes on
    how they matched.

    Raises UserError where the table or the pictures are missing, too many, or do not fit each
    other.
    """
    trained = " and ".join(
        ["parameters"] * bool(scaler.names) + ["images"] * (scaler.images is not None)
    )
    for given, needed, flag in (
        (params, bool(scaler.names), "--params"),
        (images, bool(scaler.images), "--images"),
    ):
        if needed and given is None:
            raise UserError(f"the model was trained with {trained}: give {flag} too")
        if given is not None and not needed:
            raise UserError(
                f"{given}: the model was trained with {trained} alone: leave {flag} out"
            )
    if images is None or scaler.images is None:
        assert params is not None
        return read_conditions(params, names=scaler.names)[0], []
    pictures = _Pictures(images, *read_images(images, scaler.images.size, like=scaler.images))
    if params is None:
        return Conditions.of_images(pictures.ids, pictures.images), []
    joined, note = _joined(_Table(*read_conditions(params, names=scaler.names)), pictures)
    return joined, [note]


def _in_order(pictures: _Pictures, ids: tuple[str, ...], runs: int) -> tuple[Conditions, str]:
    """Pictures alone, for runs with the given ids, or without (then the pictures name them)."""
    path, found, images = pictures
    if ids:
        rows = _rows(path, found, ids, "picture")
        return Conditions.of_images(
            ids, images.select(rows)
        ), f"pictures matched to the runs by id ({runs} runs)"
    if len(found) != runs:
        raise UserError(f"{path}: {len(found)} pictures, but the fields have {runs} runs")
    note = f"the fields have no ids: run k is picture k of {path}, {found[0]!r} to {found[-1]!r}"
    return Conditions.of_images(found, images), note


def _joined(table: _Table, pictures: _Pictures) -> tuple[Conditions, str]:
    """Parameters and pictures of the same designs: by id where the table has ids, else in order."""
    ids = table.conditions.ids if table.has_ids else ()
    ordered, note = _in_order(pictures, ids, len(table.conditions))
    return Conditions(
        ordered.ids, table.conditions.names, table.conditions.table, ordered.images
    ), note


def _ids(sources: Sequence[Source], runs: int) -> tuple[str, ...]:
    """What the files with fields call their runs; empty where none does."""
    carrying = [source for source in sources if "ids" in source.companions]
    if carrying and len(carrying) < len(sources):
        without = next(source.path for source in sources if "ids" not in source.companions)
        raise UserError(
            f"{without}: has no 'ids', but {carrying[0].path} has: either all files name their "
            "runs, or none"
        )
    ids = tuple(
        name
        for source in carrying
        for name in strings(source.path, source.companions["ids"], "ids")
    )
    if carrying and len(ids) != runs:
        raise UserError(f"{carrying[0].path}: there are {len(ids)} 'ids' for {runs} runs")
    return ids


def _parameters(
    sources: Sequence[Source], params: Path | None, ids: tuple[str, ...], runs: int
) -> tuple[_Table, list[str]]:
    if params is None:
        return _Table(_own_conditions(sources, ids, runs), bool(ids)), []
    table, has_ids = read_condition_files(params)
    if ids and has_ids:
        order = _rows(params, table.ids, ids, "row")
        return _Table(table.select(order), True), [
            f"parameters matched to the runs by id ({runs} runs)"
        ]
    if len(table) != runs:
        raise UserError(
            f"{params}: {len(table)} rows of parameters, but the fields have {runs} runs"
        )
    if ids:
        note = f"{params} has no id column: its rows are the runs in order"
        return _Table(Conditions(ids, table.names, table.table), True), [note]
    named = (
        "its id column names them" if has_ids else "it has no id column, so runs are named 0, 1, …"
    )
    return _Table(table, has_ids), [f"the fields have no ids: run k is row k of {params}; {named}"]


def _own_conditions(sources: Sequence[Source], ids: tuple[str, ...], runs: int) -> Conditions:
    tables = [source.companions["params"] for source in sources if "params" in source.companions]
    if len(tables) < len(sources):
        raise UserError(
            "the runs have no conditions: give a table with --params, pictures with --images, or "
            "both"
        )
    for source, table in zip(sources, tables, strict=True):
        expected = f"[{source.shape[0]}, P]"
        if table.dtype.kind not in "fiu" or table.ndim != 2 or table.shape[0] != source.shape[0]:
            raise UserError(
                f"{source.path}: 'params' must be numbers {expected}, but are {table.dtype} "
                f"{table.shape}"
            )
        if table.shape[1] != tables[0].shape[1]:
            raise UserError(
                f"{source.path}: 'params' has {table.shape[1]} columns, others have "
                f"{tables[0].shape[1]}"
            )
    names = texts(sources, "param_names") or tuple(
        f"p{column}" for column in range(tables[0].shape[1])
    )
    return Conditions(
        ids or tuple(map(str, range(runs))), names, np.concatenate(tables).astype(np.float64)
    )


def _rows(path: Path, found: Sequence[str], ids: tuple[str, ...], what: str) -> list[int]:
    """Position of each run's id among those found; UserError naming the runs of either side that
    lack the other."""
    row = {name: index for index, name in enumerate(found)}
    missing, extra = [name for name in ids if name not in row], sorted(set(found) - set(ids))
    if missing or extra:
        parts = [f"no {what} for the runs {listed(missing)}"] * bool(missing)
        parts += [f"no fields for {listed(extra)}"] * bool(extra)
        raise UserError(
            f"{path}: {len(found)} {what}s, but the fields have {len(ids)} runs: {'; '.join(parts)}"
        )
    return [row[name] for name in ids]
