"""Figures of an evaluation as files: which runs are drawn, and what is drawn of them.

Tested in tests/evaluation/test_evaluate.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.evaluation.analyses.uncertainty import SAMPLES
from simulgenvae.evaluation.assemble import typical, worst
from simulgenvae.evaluation.compare.run_view import RunView
from simulgenvae.evaluation.figures.fields import Domain, RunFields
from simulgenvae.evaluation.figures.hover import HoverPanel, hover_panels
from simulgenvae.evaluation.figures.make import make_figures
from simulgenvae.evaluation.figures.mesh_figures import render
from simulgenvae.evaluation.figures.style import png
from simulgenvae.surrogate.ensemble import interval_label

if TYPE_CHECKING:
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.evaluation.compare import Comparison
    from simulgenvae.evaluation.results import EvaluationResult
    from simulgenvae.mesh.mesh import Mesh
    from simulgenvae.surrogate.surrogate import Surrogate


@dataclass(frozen=True)
class Drawings:
    """All figures of an evaluation."""

    files: dict[str, bytes]
    """Images by the names of their files."""
    hover: dict[str, tuple[HoverPanel, ...]]
    """Values at the pointer of figures that have some, by the same names."""
    frames: tuple[bytes, ...]
    """Images of the film, WebP."""
    not_rendered: str | None
    """Reason why the mesh is not drawn, if it is not."""


def draw(
    dataset: Dataset, surrogate: Surrogate, result: EvaluationResult, comparison: Comparison
) -> Drawings:
    """Return all figures."""
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
    domain = _domain(dataset, dataset.mesh)
    files = {}
    hover = {}
    for name, figure in make_figures(
        result, shown, domain, counted.node_rmse(), dataset.conditions
    ):
        # Made into bytes one at a time; a figure holds the triangles of its mesh until then.
        files[f"{name}.png"] = png(figure)
        if panels := hover_panels(figure):
            hover[f"{name}.png"] = panels
    rendered = render(shown["typical"], shown["typical"].domain or domain)
    return Drawings(files | rendered.files, hover, rendered.frames, rendered.reason)


def _run_fields(
    dataset: Dataset, surrogate: Surrogate, run: str, what: str, samples: int
) -> RunFields:
    row = dataset.ids.index(run)
    view = RunView.of(dataset, row)
    conditions = dataset.conditions.select([row])
    predicted = surrogate.predict(conditions, samples=samples)
    interval = None
    if samples:
        lower, upper = (view.own(predicted[name].to_numpy()[0]) for name in ("lower", "upper"))
        interval = (lower, upper)
    calibration = None if surrogate.ensemble is None else surrogate.ensemble.calibration
    return RunFields(
        title=f"{what} “{run}”",
        truth=view.own_truth,
        reconstruction=view.own(surrogate.reconstruct(view.truth)),
        prediction=view.own(predicted["fields"].to_numpy()[0]),
        interval=interval,
        interval_label=interval_label(0 if calibration is None else calibration.runs),
        image=conditions.images,
        domain=None if dataset.shapes is None else _domain(dataset, view.mesh),
    )


def _domain(dataset: Dataset, mesh: Mesh) -> Domain:
    # Figures do not see the data set, so that they can be drawn from arrays in tests.
    return Domain(
        dataset.times,
        mesh.coords,
        mesh.cells,
        dataset.variables,
        dataset.units,
        dataset.time_unit,
        mesh.unit,
        tuple(map(dataset.variables.index, dataset.motion)),
    )
