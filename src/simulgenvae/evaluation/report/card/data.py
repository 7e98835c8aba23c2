"""Sections about the data that the surrogate was trained on, and about the trained range.

Tested in tests/evaluation/report/test_model_card.py.
"""

from __future__ import annotations

from simulgenvae.data.units import with_unit
from simulgenvae.evaluation.report.section import Section, Table
from simulgenvae.evaluation.results import SPLITS, EvaluationResult
from simulgenvae.utils.formatting import number, quantity


def _facts(result: EvaluationResult) -> Table:
    data = result.data
    sizes = ", ".join(f"{len(result.split.ids(split))} {split}" for split in SPLITS)
    variables = [f"{name} ({data.unit(name) or 'unit unknown'})" for name in data.variables]
    span = f"from {data.times[0]:g} to {data.times[-1]:g}"
    units = data.parameter_units or ("",) * len(data.parameters)
    rows = (
        ("Fingerprint", data.fingerprint),
        ("Runs", f"{data.runs}: {sizes}"),
        ("Times", f"{len(data.times)}, {with_unit(span, data.time_unit)}"),
        ("Nodes", str(data.nodes)),
        ("Variables", ", ".join(variables)),
        ("Parameters", ", ".join(map(quantity, data.parameters, units)) or "none"),
        ("Images", "none" if data.images is None else "one for every run"),
    )
    return Table(("", "of the training data"), rows)


def _ranges(result: EvaluationResult) -> Table | None:
    rows = []
    for name, trained in result.trained_ranges.items():
        limits = (number(trained.lower), number(trained.upper))
        if trained.levels:
            limits = (", ".join(trained.levels), "")
        rows.append((quantity(name, trained.unit), *limits, trained.scale))
    return Table(("Parameter", "from", "to", "scale"), tuple(rows)) if rows else None


DATA = Section("Data", "model_card/table.md", _facts)
RANGES = Section("Trained range", "model_card/table.md", _ranges)
