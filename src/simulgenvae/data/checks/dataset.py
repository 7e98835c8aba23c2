"""Everything that can be wrong with a dataset, found before anything is trained on it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.checks.designs import check_designs, design_keys, image_keys
from simulgenvae.data.checks.finding import Finding
from simulgenvae.data.checks.pairing import check_pairing
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.names import listed
from simulgenvae.data.split import Split
from simulgenvae.data.statistics import FieldStatistics, field_statistics
from simulgenvae.utils.resources import megabytes

# robust standard deviations; 3.5 is usual (Iglewicz & Hoaglin 1993), but designs are meant to
# differ
_OUTLIER = 6.0
_LEAST_SPREAD = 0.05
_FEWEST_FOR_OUTLIERS = 8


@dataclass(frozen=True)
class Table:
    """Cells for printing, row by row."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class CheckReport:
    """What :func:`check` found."""

    tables: tuple[Table, ...]
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """No finding is an error."""
        return all(finding.level != "error" for finding in self.findings)


def check(dataset: Dataset, split: Split, further: Sequence[Finding] = ()) -> CheckReport:
    """Check a dataset and its split: values, constants, duplicates, outliers, coverage of the
    designs, order.

    ``further`` findings of others are sorted in with its own.

    Reads every run once and holds one at a time. Raises UserError where a run cannot be read or the
    split does not fit.
    """
    statistics, rows = field_statistics(dataset), split.rows(dataset.ids)
    findings = [
        *_nonfinite(dataset, statistics),
        *_constants(dataset, statistics),
        *_duplicates(dataset, statistics, rows),
        *_outliers(dataset, statistics),
        *check_designs(dataset.conditions, rows),
        *check_pairing(dataset.conditions, statistics.samples),
        *_held_out(rows),
        *further,
        Finding(
            "info",
            f"all fields: {megabytes(4 * math.prod(dataset.shape))} (read run by run unless "
            "load_all is set)",
        ),
        *(
            Finding("info", f"noted when the data were read: {remark}")
            for remark in dataset.remarks
        ),
    ]
    order = ("error", "warning", "info")
    return CheckReport(
        _tables(dataset, statistics, rows),
        tuple(sorted(findings, key=lambda f: order.index(f.level))),
    )


def _tables(
    dataset: Dataset, statistics: FieldStatistics, rows: dict[str, NDArray[np.intp]]
) -> tuple[Table, ...]:
    runs, steps, nodes, variables = dataset.shape
    coords = dataset.mesh.coords
    shape = [
        ("runs", f"{runs}", ", ".join(f"{len(part)} {use}" for use, part in rows.items())),
        ("timesteps", f"{steps}", f"{dataset.times[0]:g} to {dataset.times[-1]:g}"),
        (
            "nodes",
            f"{nodes}",
            "no coordinates" if coords is None else f"{coords.shape[1]}-dimensional",
        ),
        (
            "cells",
            f"{sum(map(len, dataset.mesh.cells.values()))}",
            ", ".join(dataset.mesh.cells) or "unknown",
        ),
        ("variables", f"{variables}", ", ".join(dataset.variables)),
    ]
    images = dataset.conditions.images
    if images is not None:
        about = images.format
        text = f"{about}, resized to {about.size} x {about.size}; {len(set(image_keys(images)))} different"
        shape.append(("images", f"{len(images)}", text))
    lower, upper = _over_runs(statistics)
    ranges = [
        (name, unit, f"{lower[v]:.6g}", f"{upper[v]:.6g}")
        for v, (name, unit) in enumerate(zip(dataset.variables, dataset.units, strict=True))
    ]
    table = dataset.conditions.table
    parameters = [
        (
            name,
            f"{table[:, p].min():.6g}",
            f"{table[:, p].max():.6g}",
            f"{len(np.unique(table[:, p]))}",
        )
        for p, name in enumerate(dataset.conditions.names)
    ]
    tables = (
        Table("Dataset", ("", "number", ""), tuple(shape)),
        Table("Variables", ("variable", "unit", "minimum", "maximum"), tuple(ranges)),
    )
    if not parameters:
        return tables
    return *tables, Table(
        "Parameters", ("parameter", "minimum", "maximum", "different values"), tuple(parameters)
    )


def _over_runs(statistics: FieldStatistics) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return statistics.node_lower.min(axis=0), statistics.node_upper.max(axis=0)


def _nonfinite(dataset: Dataset, statistics: FieldStatistics) -> Iterator[Finding]:
    size = math.prod(dataset.shape[1:])
    for row in np.flatnonzero(statistics.nonfinite):
        count = statistics.nonfinite[row]
        yield Finding(
            "error", f"run {dataset.ids[row]!r}: {count} of {size} field values are NaN or infinite"
        )


def _constants(dataset: Dataset, statistics: FieldStatistics) -> Iterator[Finding]:
    lower, upper = _over_runs(statistics)
    for v, name in enumerate(dataset.variables):
        if lower[v] == upper[v]:
            yield Finding(
                "warning",
                f"variable {name!r} is {lower[v]:g} everywhere: nothing to learn, leave it out",
            )
            continue
        constant = int(np.count_nonzero(statistics.node_lower[:, v] == statistics.node_upper[:, v]))
        if constant:
            text = (
                f"{constant} of {dataset.nodes} nodes have the same value in all runs and timesteps"
            )
            yield Finding("info", f"variable {name!r}: {text}")
    if len(dataset.times) > 1 and np.array_equal(dataset.run(0)[0], dataset.run(0)[-1]):
        yield Finding(
            "info", f"run {dataset.ids[0]!r} ends as it began: check that its timesteps differ"
        )


def _duplicates(
    dataset: Dataset, statistics: FieldStatistics, rows: dict[str, NDArray[np.intp]]
) -> Iterator[Finding]:
    use = {int(row): name for name, part in rows.items() for row in part}
    conditions = dataset.conditions
    known = " and ".join(
        ["parameters"] * bool(conditions.names) + ["images"] * (conditions.images is not None)
    )
    keys: Sequence[Hashable]
    for what, keys in (("fields", statistics.hashes), (known, design_keys(conditions))):
        for group in _groups(keys):
            uses = {use[row] for row in group if row in use}
            leak = (
                f", although they are for {' and '.join(sorted(uses))}: the test would be no test"
                if len(uses) > 1
                else ""
            )
            yield Finding(
                "warning",
                f"identical {what}: runs {listed([dataset.ids[row] for row in group])}{leak}",
            )


def _groups(keys: Sequence[Hashable]) -> list[list[int]]:
    places: dict[Hashable, list[int]] = defaultdict(list)
    for row, key in enumerate(keys):
        places[key].append(row)
    return [group for group in places.values() if len(group) > 1]


def _outliers(dataset: Dataset, statistics: FieldStatistics) -> Iterator[Finding]:
    if len(dataset.ids) < _FEWEST_FOR_OUTLIERS:
        return
    measures = (
        ("root mean square", statistics.norm),
        ("range", statistics.upper - statistics.lower),
    )
    for v, variable in enumerate(dataset.variables):
        for what, values in measures:
            scores = robust_scores(values[:, v])
            for row in np.flatnonzero(np.abs(scores) > _OUTLIER):
                text = f"{what} of {variable!r} is {values[row, v]:.4g}, others' median {np.nanmedian(values[:, v]):.4g}"
                yield Finding("warning", f"outlier run {dataset.ids[row]!r}: {text}")


def robust_scores(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance from the median in robust standard deviations (1.4826 × median absolute deviation),
    on a logarithmic scale where all values are positive; 0 where most values are equal or the value
    is not finite.

    The standard deviation counts as at least 5 % of the median: where most runs agree to a
    thousandth, one that differs by a tenth is no outlier.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        return np.zeros(values.shape)
    logarithmic = bool(np.all(finite > 0))
    if logarithmic:
        values, finite = np.log(values), np.log(finite)
    middle = float(np.median(finite))
    spread = 1.4826 * float(np.median(np.abs(finite - middle)))
    if spread <= 1e-9 * float(np.abs(finite).max()):
        return np.zeros(values.shape)
    spread = max(spread, _LEAST_SPREAD * (1.0 if logarithmic else abs(middle)))
    return np.where(np.isfinite(values), (values - middle) / spread, 0.0)


def _held_out(rows: dict[str, NDArray[np.intp]]) -> Iterator[Finding]:
    for use, purpose in (
        ("validation", "the best model is chosen by its training loss"),
        ("test", "no error is measured"),
    ):
        if not len(rows[use]):
            yield Finding("warning", f"no {use} runs: {purpose}")
