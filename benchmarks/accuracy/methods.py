"""Methods that are compared, and a hash of everything that their results depend on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from benchmarks.accuracy.baselines import baselines
from benchmarks.accuracy.cases import Case
from benchmarks.accuracy.contents import SUITE, digest, package_files
from benchmarks.accuracy.ezyrb_methods import ezyrb_methods
from benchmarks.accuracy.fitted import Method
from benchmarks.accuracy.gpr_time import gpr_time
from benchmarks.accuracy.own import surrogate
from simulgenvae.settings import Settings, StudyFolder, load_settings


class Choice(NamedTuple):
    """A method of the suite, or several that are fitted together."""

    fit: Method
    files: Sequence[Path]
    """Source files: its finished results are outdated when their content changes."""
    libraries: tuple[str, ...] = ("numpy", "scipy")
    overrides: tuple[str, ...] = ()
    own: bool = False
    """True for a surrogate of this package, to which ``--set`` applies."""

    def settings(self, declared: Sequence[str], asked: Sequence[str], folder: Path) -> Settings:
        """Return the settings of this method.

        They are the defaults, those that the problem declares and, for our own surrogates, those
        that the command line names. A symmetry is declared for the others only: ours find it.
        """
        overrides = [*declared, *self.overrides]
        if self.own:
            kept = [each for each in declared if not each.startswith(SYMMETRY)]
            overrides = [*kept, *self.overrides, *asked]
        return load_settings(StudyFolder(folder), overrides=overrides)

    def key(self, case: Case, settings: Settings) -> str:
        """Return a hash of everything that its results depend on."""
        text = {
            "problem": case.source,
            "method": digest(self.files),
            "libraries": {name: version(name) for name in self.libraries},
            "settings": settings.model_dump(mode="json") if self.own else case.declared,
        }
        return hashlib.sha256(json.dumps(text).encode()).hexdigest()


def _suite(*names: str) -> list[Path]:
    return [SUITE / f"{name}.py" for name in (*names, "cases", "fitted")]


SYMMETRY = "training.augmentation."
METRICS = "evaluation/metrics/*.py"
UNCERTAINTY = "evaluation/analyses/uncertainty.py"
# The import rules forbid fitting and surrogate to use the folders that are left out here; only
# the metrics are needed to measure.
LEARNED = [
    *package_files("**/*.py", but=("cli", "demo", "evaluation", "export")),
    *package_files(METRICS, UNCERTAINTY),
    *_suite("own", "quantities"),
]
SIMPLE = package_files(
    "baselines/*.py",
    "data/conditions.py",
    "data/images/*.py",
    "data/symmetry.py",
    METRICS,
    "reduction/*.py",
    "utils/cache_blocks.py",
    "utils/moments.py",
    "utils/snapshots.py",
)
METHODS = {
    "ours": Choice(surrogate, LEARNED, ("numpy", "scipy", "torch"), own=True),
    "baselines": Choice(baselines, [*SIMPLE, *_suite("baselines")]),
    "gpr_time": Choice(gpr_time, [*SIMPLE, *_suite("gpr_time")]),
    "ezyrb": Choice(
        ezyrb_methods,
        [*SIMPLE, *_suite("ezyrb_methods")],
        ("ezyrb", "numpy", "scikit-learn", "scipy"),
    ),
    "none": Choice(
        surrogate, LEARNED, ("numpy", "scipy", "torch"), ("reduction.method=none",), own=True
    ),
}
