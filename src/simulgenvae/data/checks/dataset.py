"""Everything that can be wrong with a dataset, found before anything is trained on it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.data.checks.designs import check_designs
from simulgenvae.data.checks.finding import SEVERITIES, Finding
from simulgenvae.data.checks.outliers import check_outliers
from simulgenvae.data.checks.pairing import check_pairing
from simulgenvae.data.checks.tables import Table, dataset_tables
from simulgenvae.data.checks.values import check_constants, check_duplicates, check_finite
from simulgenvae.data.statistics import dataset_statistics
from simulgenvae.utils.resources import megabytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.data.split import Split


@dataclass(frozen=True)
class CheckReport:
    """Tables about a dataset, and the findings of :func:`check`, the worst first."""

    tables: tuple[Table, ...]
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """True unless a finding is an error."""
        return all(finding.severity != "error" for finding in self.findings)


def check(dataset: Dataset, split: Split, further: Sequence[Finding] = ()) -> CheckReport:
    """Check values, constants, duplicates, outliers, coverage of the designs, and their order.

    Every run is read once, and one is held at a time.

    Parameters
    ----------
    dataset
        The dataset.
    split
        Its training, validation and test runs.
    further
        Findings of other checks, which are sorted in with the others.

    Raises
    ------
    UserError
        Where a run cannot be read or the split does not fit the dataset.
    """
    statistics = dataset_statistics(dataset)
    rows = split.rows(dataset.ids)
    # One pass collects what most checks need: reading is by far the slowest part.
    size = megabytes(4 * math.prod(dataset.shape))
    findings = [
        *check_finite(dataset, statistics),
        *check_constants(dataset, statistics),
        *check_duplicates(dataset, statistics, rows),
        *check_outliers(dataset, statistics),
        *check_designs(dataset.conditions, rows),
        *check_pairing(dataset.conditions, statistics.samples),
        *_check_held_out(rows),
        *further,
        Finding("info", f"{size} (read run by run unless load_all is set)", subject="all fields"),
    ]
    findings += [
        Finding("info", remark, subject="noted when the data were read")
        for remark in dataset.remarks
    ]
    # Sorting is stable: findings of one severity stay in the order of the checks.
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return CheckReport(dataset_tables(dataset, statistics, rows), tuple(findings))


def _check_held_out(rows: dict[str, NDArray[np.intp]]) -> Iterator[Finding]:
    """Yield a warning where there are no validation or no test runs."""
    for use, consequence in (
        ("validation", "the best model is chosen by its training loss"),
        ("test", "no error is measured"),
    ):
        if not len(rows[use]):
            yield Finding("warning", f"no {use} runs, so {consequence}")
