"""The problems of the suite: solved once and cached, with the split that all methods share."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.contents import ROOT, digest, module_files
from benchmarks.accuracy.problem import Problem
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.images import GREY, ImageFormat, Images
from simulgenvae.data.split import Split, validation_count
from simulgenvae.utils.atomic import atomic_write

PROBLEMS = ("burgers", "source", "steady", "impact", "plate", "dam_break", "pulse", "board")
"""Modules of this folder, each with ``make(seed=...) -> Problem``."""
CACHE = ROOT / "benchmarks" / "cache"


class Case(NamedTuple):
    """A problem with the designs of one seed.

    All methods learn from the runs for training and for validation.
    """

    name: str
    seed: int
    source: str
    """Hash of the files that made the runs."""
    dataset: Dataset
    split: Split
    rows: dict[str, NDArray[np.intp]]
    """Rows of the data set: train, validation, test, extrapolation (may be empty)."""
    declared: tuple[str, ...]
    """Settings that belong to the problem."""

    @property
    def learned(self) -> NDArray[np.intp]:
        """Rows of the runs that methods learn from."""
        return np.concatenate([self.rows["train"], self.rows["validation"]])


def load_case(name: str, seed: int, cache: Path = CACHE) -> Case:
    """Return the problem of this name, solved or from the cache."""
    source = digest(module_files(name))
    return case_of(solved(name, seed, source, cache), name, seed, source)


def case_of(problem: Problem, name: str, seed: int, source: str = "") -> Case:
    """Return the data set of a problem with its split.

    As many of the training runs as by default are for validation, drawn by the seed.
    """
    images = None
    if problem.images is not None:
        height, width = problem.images.shape[1:]
        images = Images(problem.images[..., np.newaxis], ImageFormat(width, height, GREY, width))
    dataset = Dataset.from_arrays(
        problem.fields,
        Conditions(problem.ids, problem.names, problem.table, images),
        times=problem.times,
        coords=problem.coords,
        variables=problem.variables,
    )
    drawn = np.random.default_rng(seed).permutation(problem.train)
    held = validation_count(len(drawn))
    parts = {"train": drawn[held:], "validation": drawn[:held], "test": problem.test}
    split = Split(**{part: tuple(problem.ids[row] for row in rows) for part, rows in parts.items()})
    return Case(
        name,
        seed,
        source,
        dataset,
        split,
        parts | {"extrapolation": problem.extrapolation},
        problem.declared,
    )


def solved(name: str, seed: int, source: str, cache: Path) -> Problem:
    """Return the runs from the cache.

    They are made and stored there when it has none of this problem, seed and source.
    """
    file = cache / f"{name}-{seed}-{source[:16]}.npz"
    if not file.exists():
        cache.mkdir(parents=True, exist_ok=True)
        problem: Problem = importlib.import_module(f"{__package__}.{name}").make(seed=seed)
        write_problem(problem, file)
    return read_problem(file)


def write_problem(problem: Problem, file: Path) -> None:
    """Write all parts of a problem as arrays of one file, completely or not at all."""
    arrays: dict[str, Any] = {
        name: np.array(part, dtype=np.str_) if isinstance(part, tuple) else part
        for name, part in problem._asdict().items()
        if part is not None
    }
    with atomic_write(file) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **arrays)


def read_problem(file: Path) -> Problem:
    """Read a file of :func:`write_problem`."""
    parts: dict[str, Any] = {}
    with np.load(file, allow_pickle=False) as arrays:
        for name in arrays.files:
            array = arrays[name]
            parts[name] = tuple(array.tolist()) if array.dtype.kind == "U" else array
    return Problem(**parts)
