"""The split of runs into training, validation and test runs; there is one, used by everything."""

from __future__ import annotations

import csv
import math
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.csv_table import read_rows
from simulgenvae.data.names import listed
from simulgenvae.errors import UserError
from simulgenvae.utils.atomic import atomic_write

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.settings import DataSettings

_MIN_TRAINING = 2
_VALIDATION_FRACTION = 0.1
"""Fraction of the runs that is for validation by default."""
_ENOUGH_VALIDATION = 8
"""Number of validation runs that a larger fraction of few runs reaches by default: fewer say little
about which networks are better, and about the spread of errors."""
_LARGEST_FRACTION = 0.25
"""Largest fraction that is for validation by default."""
_USES = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "val": "validation",
    "test": "test",
}
"""Words for a use in a file, and the part of the split that each means."""


MIRRORED_VALIDATION = "mirrored validation"
"""Key of the rows of mirrored validation runs, which are learned from where these are."""


@dataclass(frozen=True)
class Split:
    """Run ids for each use, every run in exactly one. Validation and test may be empty."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    def parts(self) -> dict[str, tuple[str, ...]]:
        """Return the ids by use: ``train``, ``validation``, ``test``."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    def with_runs(self, ids: Sequence[str], settings: DataSettings) -> Split:
        """Return a split with further runs, in which every run keeps its use.

        New runs are drawn for test and validation until these have their fractions of all runs; the
        others are for training.
        """
        total = len(self.train) + len(self.validation) + len(self.test) + len(ids)
        validation, test = _counts(total, settings.validation_fraction, settings.test_fraction)
        more_test = max(0, test - len(self.test))
        more_validation = max(0, validation - len(self.validation))
        # Sorted first, so that the draw does not depend on the order of the ids.
        names = np.array(sorted(ids), dtype=object)
        shuffled = names[np.random.default_rng(settings.split_seed).permutation(len(ids))]
        for_test = set(shuffled[:more_test])
        for_validation = set(shuffled[more_test : more_test + more_validation])
        train = list(self.train)
        validation_ids = list(self.validation)
        test_ids = list(self.test)
        for name in ids:
            if name in for_test:
                test_ids.append(name)
            elif name in for_validation:
                validation_ids.append(name)
            else:
                train.append(name)
        return Split(tuple(train), tuple(validation_ids), tuple(test_ids))

    def without(self, ids: Collection[str]) -> Split:
        """Return the split of the other runs; UserError when fewer than two are for training."""
        kept = {}
        for use, names in self.parts().items():
            kept[use] = tuple(name for name in names if name not in ids)
        split = Split(**kept)
        if len(split.train) < _MIN_TRAINING:
            raise UserError(
                f"without the runs {listed(list(ids))}, fewer than 2 are left for training"
            )
        return split

    def rows(self, ids: Sequence[str]) -> dict[str, NDArray[np.intp]]:
        """Return the positions in ``ids`` of the runs, by use.

        Raises UserError when a run of the split is not among ``ids``.
        """
        row = {name: index for index, name in enumerate(ids)}
        unknown = [name for name in (*self.train, *self.validation, *self.test) if name not in row]
        if unknown:
            raise UserError(f"the split names runs that the data do not have: {listed(unknown)}")
        rows = {}
        for use, names in self.parts().items():
            rows[use] = np.array([row[name] for name in names], dtype=np.intp)
        return rows


def make_split(ids: Sequence[str], settings: DataSettings, file: Path | None) -> Split:
    """Return the split in ``file`` (CSV with ``id,split``) or, where it is None, a random one.

    The random one depends on the seed and on the ids, not on their order. Fractions are rounded to
    whole runs. From four runs on, a use with a fraction above 0 has at least one run; of three
    runs, two are for training and one for the test.

    Raises
    ------
    UserError
        For fewer than two training runs, and for a file that does not fit the ids.
    """
    if len(ids) < _MIN_TRAINING:
        raise UserError(
            f"there is only {len(ids)} run: a surrogate learns from the differences between several"
        )
    split = (
        Split((), (), ()).with_runs(ids, settings) if file is None else split_from_file(ids, file)
    )
    if len(split.train) < _MIN_TRAINING:
        where = "validation_fraction and test_fraction" if file is None else str(file)
        raise UserError(
            f"{where}: of {len(ids)} runs, {len(split.train)} is left for training, but 2 are "
            "needed"
        )
    return split


@contextmanager
def split_replaced(path: Path, split: Split | None) -> Iterator[Callable[[Collection[str]], None]]:
    """Write ``split`` to the CSV file at ``path`` when the block has succeeded; None removes it.

    Yields a function that takes runs out of the new split again. The file is complete under another
    name before the block starts. A full disk is therefore found out before anything is replaced,
    and a study never has the split of other data.

    Raises
    ------
    UserError
        When the file cannot be written.
    """
    if split is None:
        yield lambda runs: None
        path.unlink(missing_ok=True)
        return
    with atomic_write(path) as temporary:
        _write(split, path, temporary)
        # Ingestion may find bad runs only while it reads them.
        yield lambda runs: _write(split.without(runs), path, temporary)


def _write(split: Split, path: Path, temporary: Path) -> None:
    try:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("id", "split"))
            for use, names in split.parts().items():
                writer.writerows((name, use) for name in names)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from error


def validation_count(runs: int, fraction: float | None = None) -> int:
    """Return how many of ``runs`` are for validation where ``fraction`` is; None is the default."""
    if fraction is not None:
        return _rounded(fraction * runs)
    more = min(_ENOUGH_VALIDATION, math.floor(_LARGEST_FRACTION * runs))
    return max(_rounded(_VALIDATION_FRACTION * runs), more)


def _rounded(count: float) -> int:
    # Halves are rounded up. Python’s round would take the even neighbour, so that 0.1 of 5 and of
    # 15 runs would differ in direction.
    return math.floor(count + 0.5)


def _counts(runs: int, validation_fraction: float | None, test_fraction: float) -> tuple[int, int]:
    """Return how many of ``runs`` are for validation and for the test.

    Where there are too few for both, the test comes first: only it says what to trust.
    """
    validation = validation_count(runs, validation_fraction)
    test = _rounded(test_fraction * runs)
    if test == 0 and test_fraction > 0 and runs - validation - 1 >= _MIN_TRAINING:
        test = 1
    wanted = validation_fraction is None or validation_fraction > 0
    if validation == 0 and wanted and runs - test - 1 >= _MIN_TRAINING:
        validation = 1
    return validation, test


def split_from_file(ids: Sequence[str], path: Path) -> Split:
    """Return the split that a CSV file gives; UserError where it is not one of these runs."""
    rows = read_rows(path)
    header = [cell.lower() for cell in rows[0].cells]
    if sorted(header) != ["id", "split"]:
        raise UserError(
            f"{path}, line {rows[0].line}: must begin with the columns id,split, not "
            f"{','.join(header)}"
        )
    uses: dict[str, str] = {}
    present = set(ids)
    for row in rows[1:]:
        name = row.cells[header.index("id")]
        use = row.cells[header.index("split")].lower()
        # Every mistake of the file is an error: a run in no part, or in two, would make the test
        # dishonest.
        if name not in present:
            raise UserError(f"{path}, line {row.line}: the data have no run {name!r}")
        if name in uses:
            raise UserError(f"{path}, line {row.line}: run {name!r} is named a second time")
        if use not in _USES:
            raise UserError(f"{path}, line {row.line}: {use!r} is none of train, validation, test")
        uses[name] = _USES[use]
    missing = [name for name in ids if name not in uses]
    if missing:
        raise UserError(f"{path}: does not say what these runs are for: {listed(missing)}")
    # In the order of the data, not of the file.
    parts: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    for name in ids:
        parts[uses[name]].append(name)
    return Split(**{use: tuple(names) for use, names in parts.items()})


def rows_of_refit(rows: Mapping[str, NDArray[np.intp]]) -> NDArray[np.intp]:
    """Return the rows that a refit learns from: of training and validation runs, also mirrored."""
    parts = ("train", "validation", MIRRORED_VALIDATION)
    return np.concatenate([rows[part] for part in parts if part in rows])
