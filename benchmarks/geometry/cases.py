"""The problems whose runs have meshes of their own: solved once and cached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.accuracy.cases import CACHE
from benchmarks.accuracy.contents import GEOMETRY, digest, module_files
from benchmarks.geometry import bracket, ellipses, graetz_own, plates, struck_plate
from benchmarks.geometry.case import GeometryCase, read_case, write_case


class GeometryProblem(NamedTuple):
    """How a problem is made."""

    module: str
    make: Callable[..., GeometryCase]
    """Function of ``seed`` and the numbers of runs, ``train`` and ``test``."""


GEOMETRY_PROBLEMS = {
    "plates": GeometryProblem("plates", plates.make),
    "plates_without_holes": GeometryProblem(
        "plates", partial(plates.make, holes=(0,), name="plates_without_holes")
    ),
    "ellipses": GeometryProblem("ellipses", ellipses.make),
    "struck_plate_corresponding": GeometryProblem(
        "struck_plate", partial(struck_plate.make, "corresponding")
    ),
    "struck_plate_remeshed": GeometryProblem(
        "struck_plate", partial(struck_plate.make, "remeshed")
    ),
    "bracket": GeometryProblem("bracket", bracket.make),
    "graetz_own": GeometryProblem("graetz_own", graetz_own.make),
}
"""Problems by name, in the order of tables."""


def load_case(name: str, seed: int, cache: Path = CACHE) -> GeometryCase:
    """Return the problem of this name from the cache; it is solved and stored when not there."""
    problem = GEOMETRY_PROBLEMS[name]
    source = digest(module_files(problem.module, GEOMETRY))
    file = cache / f"geometry-{name}-{seed}-{source[:16]}.npz"
    if not file.exists():
        cache.mkdir(parents=True, exist_ok=True)
        write_case(replace(problem.make(seed=seed), source=source), file)
    return read_case(file)
