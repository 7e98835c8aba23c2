"""Coverage of the bands of quantities of interest: how many test runs lie in their 90 % band.

    python -m benchmarks.accuracy.quantities [PROBLEM ...] [--set group.key=value]
        [--studies FOLDER]

Peak and mean of each variable over all nodes and times, and probes (values at nodes and times that
are drawn at random) are predicted for the test runs of each problem (seed 0). With ``--studies``
the surrogates of FOLDER/PROBLEM are read instead of trained. Printed are, for each kind, the part
of the true values in their bands, the range in which this part lies with 95 % where nothing but
chance is at work, and the mean error relative to half the width of the band.

Chance has two parts: which runs are tested (binomial), and on which runs bands are calibrated: with
n of them the coverage of all designs is distributed as Beta(0.9 (n + 1), 0.1 (n + 1)) (Vovk 2012,
Conditional validity of inductive conformal predictors). Quantities of one run count as one, as they
are not independent.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.stats import betabinom

from benchmarks.accuracy.arguments import parsed, parser_of
from benchmarks.accuracy.cases import PROBLEMS, Case, load_case
from benchmarks.accuracy.public import PUBLIC_PROBLEMS
from simulgenvae.settings import StudyFolder, load_settings
from simulgenvae.surrogate.ensemble.calibration import LEVEL
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.measure_held_out import with_true_quantities
from simulgenvae.surrogate.quantities import quantity_predictor
from simulgenvae.surrogate.surrogate import Surrogate

KINDS = ("peak", "mean", "probe")
PROBES = 8
"""Probes of each variable."""


class Coverage(NamedTuple):
    """Bands of one kind of quantity on the test runs of a problem."""

    kind: str
    covered: NDArray[np.bool_]
    """Whether the band holds the true value, ``[runs, quantities]``."""
    errors: NDArray[np.float64]
    """Absolute errors in half widths of the band, of the same shape."""
    calibrated: int
    """Number of validation runs that the band was calibrated on."""

    @property
    def part(self) -> float:
        """Part of the values in their bands."""
        return float(self.covered.mean())

    @property
    def expected(self) -> tuple[float, float]:
        """Ends of the range of this part with 95 % by chance."""
        runs = len(self.covered)
        several = self.calibrated + 1
        low, high = betabinom.interval(0.95, runs, LEVEL * several, (1 - LEVEL) * several)
        return low / runs, high / runs


def coverages(model: Surrogate, case: Case) -> Iterator[Coverage]:
    """Yield the coverage of each kind of quantity."""
    texts = quantity_texts(case)
    # As where they are declared before the training.
    model = with_true_quantities(model, case.dataset, texts=texts)
    predictor = quantity_predictor(model, texts)
    rows = case.rows["test"]
    found = predictor.predict(case.dataset.conditions.select(rows))
    group = predictor.on_mesh().group
    true = np.stack([group.of_run(case.dataset.run(int(row))).values for row in rows])
    covered = (found.lower <= true) & (true <= found.upper)
    errors = np.abs(found.values - true) / np.maximum((found.upper - found.lower) / 2, 1e-300)
    for kind in KINDS:
        columns = [column for column, name in enumerate(texts) if name.startswith(kind)]
        runs = predictor.calibration.runs
        yield Coverage(kind, covered[:, columns], errors[:, columns], runs)


def quantity_texts(case: Case) -> dict[str, str]:
    """Return peak, mean and probes of each variable."""
    random = np.random.default_rng(0)
    dataset = case.dataset
    texts = {}
    for variable in dataset.variables:
        texts[f"peak_{variable}"] = f"max(`{variable}`)"
        texts[f"mean_{variable}"] = f"mean(`{variable}`)"
        nodes = random.integers(dataset.shape[2], size=PROBES)
        times = random.choice(dataset.times, PROBES)
        for probe, (node, time) in enumerate(zip(nodes, times, strict=True)):
            texts[f"probe{probe}_{variable}"] = f"value(`{variable}`, node={node}, time={time})"
    return texts


def surrogate_of(case: Case, overrides: list[str], studies: Path | None) -> Surrogate:
    """Return the surrogate of a problem, trained or read."""
    study = None if studies is None else StudyFolder(studies / case.name)
    if study is not None:
        return Surrogate.load(study)
    # The working folder may be a study with settings of its own.
    with TemporaryDirectory() as folder:
        settings = load_settings(StudyFolder(Path(folder)), overrides=[*case.declared, *overrides])
    return fit(case.dataset, settings, split=case.split)


def main() -> None:
    parser = parser_of(__doc__, (*PROBLEMS, *PUBLIC_PROBLEMS), ())
    parser.add_argument("--studies", type=Path, metavar="FOLDER", help="trained surrogates")
    options = parsed(parser, (*PROBLEMS, *PUBLIC_PROBLEMS))
    # Wide enough for the table, also in a file.
    console = Console(width=120, highlight=False)
    titles = ("problem", "calibrated on", "tested on", "quantity", "number")
    table = Table(*titles, "in their bands", "by chance", "error")
    for name in options.problems or (*PROBLEMS, *PUBLIC_PROBLEMS):
        case = load_case(name, 0)
        model = surrogate_of(case, options.set, options.studies)
        for found in coverages(model, case):
            runs, number = found.covered.shape
            low, high = found.expected
            table.add_row(
                name, str(found.calibrated), str(runs), found.kind, str(number),
                f"{100 * found.part:.0f} %", f"{100 * low:.0f} to {100 * high:.0f} %",
                f"{found.errors.mean():.2f}",
            )  # fmt: skip
    console.print(table)


if __name__ == "__main__":
    main()
