"""Which runs are for training, for validation and for the final test: one split, used by
everything."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.csv_table import read_rows
from simulgenvae.data.names import listed
from simulgenvae.errors import UserError
from simulgenvae.settings import DataSettings
from simulgenvae.utils.atomic import atomic_write

_MIN_TRAINING = 2
_ROLES = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "val": "validation",
    "test": "test",
}


@dataclass(frozen=True)
class Split:
    """Run ids for each use, every run in exactly one. Validation and test may be empty."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    def with_runs(self, ids: Sequence[str], settings: DataSettings) -> Split:
        """The same, and further runs: drawn for test and validation until these have their shares
        of all runs."""
        total = sum(map(len, (self.train, self.validation, self.test))) + len(ids)
        validation, test = _counts(total, settings.validation_fraction, settings.test_fraction)
        more = max(0, test - len(self.test)), max(0, validation - len(self.validation))
        names = sorted(ids)
        shuffled = [
            names[k] for k in np.random.default_rng(settings.split_seed).permutation(len(ids))
        ]
        for_test, for_validation = set(shuffled[: more[0]]), set(shuffled[more[0] : sum(more)])
        return Split(
            train=self.train + tuple(name for name in ids if name not in for_test | for_validation),
            validation=self.validation + tuple(name for name in ids if name in for_validation),
            test=self.test + tuple(name for name in ids if name in for_test),
        )

    def without(self, ids: Collection[str]) -> Split:
        """The same for the other runs; UserError when fewer than two are left for training."""
        kept = {
            part: tuple(name for name in names if name not in ids)
            for part, names in asdict(self).items()
        }
        split = Split(**kept)
        if len(split.train) < _MIN_TRAINING:
            raise UserError(
                f"without the runs {listed(list(ids))}, fewer than 2 are left for training"
            )
        return split

    def rows(self, ids: Sequence[str]) -> dict[str, NDArray[np.intp]]:
        """Positions in ``ids``, by use. Raises UserError when a run of the split is not among
        them."""
        row = {name: index for index, name in enumerate(ids)}
        unknown = [name for name in (*self.train, *self.validation, *self.test) if name not in row]
        if unknown:
            raise UserError(f"the split names runs that the data do not have: {listed(unknown)}")
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        return {
            use: np.array([row[name] for name in names], dtype=np.intp)
            for use, names in parts.items()
        }


def make_split(ids: Sequence[str], settings: DataSettings, file: Path | None) -> Split:
    """The split in ``file`` (CSV with ``id,split``) or, where it is None, a random one.

    The random one depends on the seed and on the ids, not on their order. Shares are rounded to
    whole runs. From four runs on, a use with a share above 0 has at least one; of three runs, two
    are for training and one for the test.

    Raises UserError for fewer than two training runs, and for a file that does not fit the ids.
    """
    if len(ids) < _MIN_TRAINING:
        raise UserError(
            f"there is only {len(ids)} run: a surrogate learns from the differences between several"
        )
    split = Split((), (), ()).with_runs(ids, settings) if file is None else _from_file(ids, file)
    if len(split.train) < _MIN_TRAINING:
        where = "validation_fraction and test_fraction" if file is None else str(file)
        raise UserError(
            f"{where}: of {len(ids)} runs, {len(split.train)} is left for training, but 2 are "
            "needed"
        )
    return split


@contextmanager
def split_replaced(path: Path, split: Split | None) -> Iterator[Callable[[Collection[str]], None]]:
    """Make ``split`` the CSV at ``path`` (None: remove what is there) when the block has succeeded.
    It gets a function that takes runs out again.

    The file is complete under another name before the block begins: a disk that fills up is found
    out before anything is replaced, and data never come to stand beside the split of others. Raises
    UserError when it cannot be written.
    """
    if split is None:
        yield lambda runs: None
        path.unlink(missing_ok=True)
        return
    with atomic_write(path) as temporary:
        _write(split, path, temporary)
        yield lambda runs: _write(split.without(runs), path, temporary)


def _write(split: Split, path: Path, temporary: Path) -> None:
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    try:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("id", "split"))
            writer.writerows((name, use) for use, names in parts.items() for name in names)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from error


def _counts(runs: int, validation_fraction: float, test_fraction: float) -> tuple[int, int]:
    """Runs for validation and test; the test comes first where there are too few, as only it says
    what to trust."""
    validation, test = (
        math.floor(fraction * runs + 0.5) for fraction in (validation_fraction, test_fraction)
    )
    if test == 0 and test_fraction > 0 and runs - validation - 1 >= _MIN_TRAINING:
        test = 1
    if validation == 0 and validation_fraction > 0 and runs - test - 1 >= _MIN_TRAINING:
        validation = 1
    return validation, test


def _from_file(ids: Sequence[str], path: Path) -> Split:
    rows = read_rows(path)
    header = [cell.lower() for cell in rows[0].cells]
    if sorted(header) != ["id", "split"]:
        raise UserError(
            f"{path}, line {rows[0].line}: must begin with the columns id,split, not "
            f"{','.join(header)}"
        )
    uses: dict[str, str] = {}
    known = set(ids)
    for row in rows[1:]:
        name, use = row.cells[header.index("id")], row.cells[header.index("split")].lower()
        if name not in known:
            raise UserError(f"{path}, line {row.line}: the data have no run {name!r}")
        if name in uses:
            raise UserError(f"{path}, line {row.line}: run {name!r} is named a second time")
        if use not in _ROLES:
            raise UserError(f"{path}, line {row.line}: {use!r} is none of train, validation, test")
        uses[name] = _ROLES[use]
    missing = [name for name in ids if name not in uses]
    if missing:
        raise UserError(f"{path}: does not say what these runs are for: {listed(missing)}")
    parts = {
        use: tuple(name for name in ids if uses[name] == use)
        for use in ("train", "validation", "test")
    }
    return Split(**parts)
