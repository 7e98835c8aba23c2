"""Fuzz the parsers of this package with atheris, which looks for inputs that reach new code.

atheris is no dependency: install it in an environment of its own that sees this one::

    python -m venv /tmp/atheris && /tmp/atheris/bin/pip install atheris
    echo "$PWD/.venv/lib/python3.11/site-packages" > \
        /tmp/atheris/lib/python3.11/site-packages/simulgenvae.pth
    /tmp/atheris/bin/python -m benchmarks.robustness.coverage_guided expression --seconds 120

Valid inputs of the campaign are the first ones. Whatever a parser raises, except a ``UserError``,
ends the run and is shown; the input is kept in ``benchmarks/cache/robustness/coverage/NAME``.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

atheris = importlib.import_module("atheris")

# Everything that the parsers import from the package is watched, and nothing else.
with atheris.instrument_imports(include=["simulgenvae"]):
    from simulgenvae.data.csv_table import read_table
    from simulgenvae.data.readers.pickled import open_pickle
    from simulgenvae.data.readers.runs.csv_files import is_csv_listing, open_csv
    from simulgenvae.data.readers.runs.ensight_case import VariableTimes
    from simulgenvae.data.readers.runs.ensight_names import plain_case
    from simulgenvae.data.readers.runs.external_files import check_case, series_entries
    from simulgenvae.data.readers.runs.file_times import time_inside
    from simulgenvae.data.readers.runs.frd import open_frd
    from simulgenvae.data.readers.runs.integrity import require_complete_d3plot
    from simulgenvae.data.readers.runs.name_numbers import numbers, series_name
    from simulgenvae.data.readers.runs.openfoam_probes import open_probes
    from simulgenvae.data.readers.runs.xdmf import plain_xdmf
    from simulgenvae.errors import UserError
    from simulgenvae.evaluation.analyses.expressions import parse_expression
    from simulgenvae.settings import StudyFolder
    from simulgenvae.settings.classic.condition_file import read_condition_file
    from simulgenvae.settings.classic.preset_file import read_preset
    from simulgenvae.settings.toml import read_toml

from benchmarks.robustness.inputs import INPUTS  # noqa: E402 - the package is imported first

CACHE = Path("benchmarks/cache/robustness/coverage")


class Target(NamedTuple):
    """A parser: what reads a file in a folder, its name there, and where a valid one is from."""

    parse: Callable[[Path], object]
    name: str
    kind: str
    """Kind of input that has such a file; empty where ``valid`` has the content."""
    valid: bytes = b""

    def first(self) -> bytes:
        """Return a valid content."""
        if not self.kind:
            return self.valid
        with tempfile.TemporaryDirectory() as folder:
            INPUTS[self.kind].write(Path(folder))
            return (Path(folder) / self.name).read_bytes()


def _frd(file: Path) -> None:
    series = open_frd(file)
    series.mesh()
    for step in range(len(series.times)):
        series.read(step)


def _case(file: Path) -> None:
    check_case(file)
    VariableTimes(plain_case(file))


def _listing(file: Path) -> None:
    if is_csv_listing(file):
        open_csv(file).read(0)


def _pickle(file: Path) -> None:
    with open_pickle(file) as arrays:
        for array in arrays.values():
            array.whole()


def _expression(file: Path) -> None:
    text = file.read_text(encoding="utf-8", errors="replace")
    names = ["T", "wall shear", "x", "t"]
    parse_expression(text, names)(dict.fromkeys(names, np.ones(1)))


def _name_numbers(file: Path) -> None:
    text = file.read_text(encoding="utf-8", errors="replace")
    files = [file.parent / name for name in text.split("\n") if name and "/" not in name]
    series = [each for each in files if series_name(each) == series_name(files[0])]
    if len(series) > 1:
        numbers(file.parent, series)


def _probes(file: Path) -> None:
    series = open_probes(file.parents[1])
    for step in range(len(series.times)):
        series.read(step)


TARGETS: dict[str, Target] = {
    "condition.txt": Target(
        read_condition_file, "input_data/condition.txt", "condition.txt, preset.txt"
    ),
    "preset.txt": Target(
        lambda file: read_preset(StudyFolder(file.parent), 1),
        "preset.txt",
        "condition.txt, preset.txt",
    ),
    "study.toml": Target(read_toml, "study.toml", "study.toml"),
    "table": Target(read_table, "p.csv", "parameters csv"),
    "listing": Target(_listing, "run/t_0.csv", "csv of COMSOL"),
    "frd": Target(_frd, "run.frd", "frd"),
    "probes": Target(_probes, "run/0/U", "openfoam probes"),
    "case": Target(_case, "run.case", "ensight text"),
    "xdmf": Target(plain_xdmf, "run.xdmf", "xdmf text"),
    "series": Target(series_entries, "run/s.vtu.series", "vtu.series"),
    "time": Target(time_inside, "run/step_1.vtr", "vtr"),
    "d3plot": Target(require_complete_d3plot, "d3plot", "d3plot"),
    "pickle": Target(_pickle, "a.pickle", "pickle"),
    "expression": Target(_expression, "e", "", b"0.5 * `wall shear`**2 + max(T, sqrt(x)) - 1e-3"),
    "name numbers": Target(
        _name_numbers, "n", "", b"T_0.vtu\nT_5e-05.vtu\nT_0.1.vtu\nT_000120.vtu"
    ),
}
"""Parsers by name."""


def main() -> None:
    """Fuzz one parser for some seconds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=120)
    chosen = parser.parse_args()
    target = TARGETS[chosen.target]
    corpus = CACHE / chosen.target.replace(" ", "_")
    corpus.mkdir(parents=True, exist_ok=True)
    (corpus / "valid").write_bytes(target.first())
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / target.name
        file.parent.mkdir(parents=True, exist_ok=True)

        def one(content: bytes) -> None:
            file.write_bytes(content)
            try:
                target.parse(file)
            except UserError as error:
                if not str(error).strip():
                    raise

        options = [f"-max_total_time={chosen.seconds}", "-timeout=20", "-rss_limit_mb=4096"]
        options += [f"-artifact_prefix={corpus}-", "-max_len=4096", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *options, str(corpus)], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
