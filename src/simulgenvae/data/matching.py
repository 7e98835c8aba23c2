"""Matching of runs with the rows of a table and with images.

A wrong pairing would train without any error and predict nonsense, so ids that do not fit are
refused, and where only the order decides, a note says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simulgenvae.data.condition_files import (
    ConditionTable,
    Known,
    read_condition_files,
    read_conditions,
)
from simulgenvae.data.conditions import Conditions, Levels
from simulgenvae.data.conditions_at import conditions_at
from simulgenvae.data.names import listed
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.data.images.arrays import Images
    from simulgenvae.data.readers import Source
    from simulgenvae.settings import DataSettings


class _ImageFiles(NamedTuple):
    path: Path
    ids: tuple[str, ...]
    images: Images


def match_conditions(
    sources: Sequence[Source],
    params: Path | None,
    images: Path | None,
    settings: DataSettings,
    runs: int,
    stored: Conditions | None = None,
) -> tuple[Conditions, list[str]]:
    """Return the conditions of all runs, in their order, and notes on how they were matched.

    Ids decide where both sides have them: the ids of the fields, then of the table, then the names
    of the images. Otherwise the order decides.

    Parameters
    ----------
    sources
        Open files with fields, which may hold ids and parameters too.
    params
        CSV file with parameters, or a folder of them.
    images
        Folder or table of images.
    settings
        Size of the images and their suffixes.
    runs
        Number of runs in all sources.
    stored
        Conditions of the runs that these are appended to.

    Raises
    ------
    UserError
        Where counts or ids do not agree, or there is neither table nor image.
    """
    # Sorted out in steps: the fields' own ids first, which decide the order of everything else.
    ids = _ids(sources, runs)
    if images is None:
        table, notes = _parameters(sources, params, ids, runs, stored)
        return table.conditions, notes
    from simulgenvae.data.images.files import read_images

    files = _ImageFiles(
        images, *read_images(images, settings.image_size, endings=settings.image_endings)
    )
    if params is None:
        ordered, note = _ordered_images(files, ids, runs)
        return ordered, [note]
    table, notes = _parameters(sources, params, ids, runs, stored)
    joined, note = _joined(table, files)
    return joined, [*notes, note]


def read_new_conditions(
    params: Path | None,
    images: Path | None,
    scaler: ConditionScaler,
    written: Sequence[str] = (),
) -> tuple[Conditions, list[str]]:
    """Return the conditions of designs to predict, and notes on how they were matched.

    ``scaler`` is that of the trained model. It says which parameters and which images are needed.
    Parameters are in a file, or ``written`` out, see :func:`.conditions_at.conditions_at`. Raises
    UserError where they or the images are missing, not needed, or do not fit each other.
    """
    kinds = []
    if scaler.names:
        kinds.append("parameters")
    if scaler.images is not None:
        kinds.append("images")
    trained = " and ".join(kinds)
    # A table or images that the model was not trained with cannot be ignored: the user expects
    # that they matter.
    for path, needed, flag in (
        (params, bool(scaler.names), "--params"),
        (images, bool(scaler.images), "--images"),
    ):
        if needed and path is None and not (flag == "--params" and written):
            advice = "--params or --at" if flag == "--params" else flag
            raise UserError(f"the model was trained with {trained}: give {advice} too")
        if path is not None and not needed:
            raise UserError(f"{path}: the model was trained with {trained} only: leave {flag} out")
    known = Known(scaler.names, scaler.levels, scaler.left_out, units=scaler.units)
    table = None
    if written:
        table = ConditionTable(conditions_at(written, scaler), has_ids=False)
    elif params is not None:
        table = read_conditions(params, known)
    if images is None or scaler.images is None:
        assert table is not None, "there are parameters or images"
        return table.conditions, list(table.notes)
    from simulgenvae.data.images.files import read_images

    files = _ImageFiles(images, *read_images(images, scaler.images.size, like=scaler.images))
    if table is None:
        return Conditions.of_images(files.ids, files.images), []
    joined, note = _joined(table, files)
    return joined, [*table.notes, note]


def _ordered_images(files: _ImageFiles, ids: tuple[str, ...], runs: int) -> tuple[Conditions, str]:
    """Return images in the order of ``ids``; where there are none, the images name the runs."""
    if ids:
        rows = _rows(files.path, files.ids, ids, "image")
        ordered = Conditions.of_images(ids, files.images.select(rows))
        return ordered, f"images matched to the runs by id ({runs} runs)"
    if len(files.ids) != runs:
        raise UserError(f"{files.path}: {len(files.ids)} images, but the fields have {runs} runs")
    note = (
        f"the fields have no ids: run k is image k of {files.path}, {files.ids[0]!r} to "
        f"{files.ids[-1]!r}"
    )
    return Conditions.of_images(files.ids, files.images), note


def _joined(table: ConditionTable, files: _ImageFiles) -> tuple[Conditions, str]:
    """Join parameters and images of the same designs: by id, or in order for a table without."""
    conditions = table.conditions
    ids = conditions.ids if table.has_ids else ()
    ordered, note = _ordered_images(files, ids, len(conditions))
    return replace(conditions, ids=ordered.ids, images=ordered.images), note


def _ids(sources: Sequence[Source], runs: int) -> tuple[str, ...]:
    """Return the ids of the runs in the files with fields; none where no file has ids."""
    # The readers of fields take as long to load as a design to predict.
    from simulgenvae.data.readers.companions import strings

    # Half of the files with ids and half without could be matched in two ways.
    carrying = [source for source in sources if "ids" in source.companions]
    if carrying and len(carrying) < len(sources):
        without = next(source.path for source in sources if "ids" not in source.companions)
        raise UserError(
            f"{without}: has no 'ids', but {carrying[0].path} has: either all files name their "
            "runs, or none"
        )
    ids: list[str] = []
    for source in carrying:
        ids += strings(source.path, source.companions["ids"], "ids")
    if carrying and len(ids) != runs:
        raise UserError(f"{carrying[0].path}: there are {len(ids)} 'ids' for {runs} runs")
    return tuple(ids)


def _parameters(
    sources: Sequence[Source],
    params: Path | None,
    ids: tuple[str, ...],
    runs: int,
    stored: Conditions | None,
) -> tuple[ConditionTable, list[str]]:
    if params is None:
        return ConditionTable(_own_conditions(sources, ids, runs), bool(ids)), []
    known = None
    if stored is not None:
        known = Known(
            stored.names, stored.levels, stored.left_out, more_levels=True, units=stored.units
        )
    table, has_ids, found = read_condition_files(params, known)
    if ids and has_ids:
        order = _rows(params, table.ids, ids, "row")
        return ConditionTable(table.select(order), True), [
            *found,
            f"parameters matched to the runs by id ({runs} runs)",
        ]
    if len(table) != runs:
        raise UserError(
            f"{params}: {len(table)} rows of parameters, but the fields have {runs} runs"
        )
    if ids:
        note = f"{params} has no id column: its rows are the runs in order"
        return ConditionTable(replace(table, ids=ids), True), [*found, note]
    # Matched by order only: the note lets the user see it, as a wrong order raises no error.
    named = (
        "its id column names them" if has_ids else "it has no id column, so runs are named 0, 1, …"
    )
    note = f"the fields have no ids: run k is row k of {params}; {named}"
    return ConditionTable(table, has_ids), [*found, note]


def _own_conditions(sources: Sequence[Source], ids: tuple[str, ...], runs: int) -> Conditions:
    """Return the parameters that the files with fields hold themselves."""
    from simulgenvae.data.readers.companions import texts

    tables = [source.companions["params"] for source in sources if "params" in source.companions]
    if not tables and all(source.common is not None for source in sources):
        # Their geometry is what is known of them.
        return Conditions.without_parameters(ids or tuple(map(str, range(runs))))
    if len(tables) < len(sources):
        raise UserError(
            "the runs have no conditions: give a table with --params, images with --images, or both"
        )
    # All sources are joined along the runs, so that their tables need the same columns.
    for source, table in zip(sources, tables, strict=True):
        expected = f"[{source.shape[0]}, P]"
        if table.dtype.kind not in "fiuUST" or table.ndim != 2 or table.shape[0] != source.shape[0]:
            raise UserError(
                f"{source.path}: 'params' must be numbers or texts {expected}, but are "
                f"{table.dtype} {table.shape}"
            )
        if table.shape[1] != tables[0].shape[1]:
            raise UserError(
                f"{source.path}: 'params' has {table.shape[1]} columns, others have "
                f"{tables[0].shape[1]}"
            )
    names = texts(sources, "param_names")
    if not names:
        names = tuple(f"p{column}" for column in range(tables[0].shape[1]))
    ids = ids or tuple(map(str, range(runs)))
    units = texts(sources, "param_units") or ()
    columns = [_codes(column) for column in np.concatenate(tables).T]
    numbers = np.stack([values for values, _ in columns], axis=1)
    levels = tuple(found for _, found in columns)
    return Conditions(ids, names, numbers, levels=levels, units=units)


def _codes(column: NDArray[Any]) -> tuple[NDArray[np.float64], Levels]:
    """Return a column as numbers; of a category the codes of its texts, and these."""
    try:
        return column.astype(np.float64), ()
    except ValueError:
        levels, codes = np.unique(column.astype(np.str_), return_inverse=True)
        return codes.astype(np.float64), tuple(levels.tolist())


def _rows(path: Path, found: Sequence[str], ids: tuple[str, ...], what: str) -> list[int]:
    """Return the position of each run's id among those found.

    Raises UserError naming the runs without a row or image, and the rows or images without a run.
    """
    # Both sides are compared: a row without a run is often a run whose file was forgotten.
    row = {name: index for index, name in enumerate(found)}
    missing = [name for name in ids if name not in row]
    extra = sorted(set(found) - set(ids))
    problems = []
    if missing:
        problems.append(f"no {what} for the runs {listed(missing)}")
    if extra:
        problems.append(f"no fields for {listed(extra)}")
    if problems:
        raise UserError(
            f"{path}: {len(found)} {what}s, but the fields have {len(ids)} runs: "
            f"{'; '.join(problems)}"
        )
    return [row[name] for name in ids]
