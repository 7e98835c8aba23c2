"""Figures of an evaluation as files: which runs are drawn, and what is drawn of them.

Tested in tests/evaluation/test_evaluate.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.evaluation.analyses.uncertainty import SAMPLES
from simulgenvae.evaluation.assemble import typical, worst
from simulgenvae.evaluation.figures.fields import Domain, RunFields
from simulgenvae.evaluation.figures.make import make_figures
from simulgenvae.evaluation.figures.mesh_figures import render
from simulgenvae.evaluation.figures.style import png
from simulgenvae.surrogate.ensemble import interval_label

if TYPE_CHECKING:
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.evaluation.compare import Comparison
    from simulgenvae.evaluation.results import EvaluationResult
    from simulgenvae.surrogate.surrogate import Surrogate


def draw(
    dataset: Dataset, surrogate: Surrogate, result: EvaluationResult, comparison: Comparison
) -> tuple[dict[str, bytes], str | None]:
    """Return all figures by the names of their files, and the reason if the mesh is not drawn."""
    split = result.compared_split
    counted = comparison.errors["prediction"][split]
    chosen = {"typical": typical(counted), "worst": worst(counted)}
    # With one run, or with all errors equal.
    if chosen["typical"] == chosen["worst"]:
        del chosen["worst"]
    # Where the uncertainty was too much for the memory, it is not drawn either.
    samples = SAMPLES if split in comparison.uncertainty else 0
    shown = {}
    for name, index in chosen.items():
        run = result.split.ids(split)[index]
        shown[name] = _run_fields(dataset, surrogate, run, f"{name} {split} run", samples)
    mesh = dataset.mesh
    # Figures do not see the data set, so that they can be drawn from arrays in tests.
    domain = Domain(
        dataset.times,
        mesh.coords,
        mesh.cells,
        dataset.variables,
        dataset.units,
        dataset.time_unit,
    )
    files = {}
    for name, figure in make_figures(
        result, shown, domain, counted.node_rmse(), dataset.conditions
    ):
        # Made into bytes one at a time; a figure holds the triangles of its mesh until then.
        files[f"{name}.png"] = png(figure)
    rendered, not_rendered = render(shown["typical"], domain)
    return files | rendered, not_rendered


def _run_fields(
    dataset: Dataset, surrogate: Surrogate, run: str, what: str, samples: int
) -> RunFields:
    row = dataset.ids.index(run)
    truth = dataset.run(row)
    conditions = dataset.conditions.select([row])
    predicted = surrogate.predict(conditions, samples=samples)
    interval = None
    if samples:
        interval = (predicted["lower"].to_numpy()[0], predicted["upper"].to_numpy()[0])
    calibration = None if surrogate.ensemble is None else surrogate.ensemble.calibration
    return RunFields(
        title=f"{what} “{run}”",
        truth=truth,
        reconstruction=surrogate.reconstruct(truth),
        prediction=predicted["fields"].to_numpy()[0],
        interval=interval,
        interval_label=interval_label(0 if calibration is None else calibration.runs),
        image=conditions.images,
    )
