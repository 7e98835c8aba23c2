"""Short descriptions of models and studies for ``repr`` and notebooks.

Tested in tests/study/test_model.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.errors import UserError
from simulgenvae.utils.formatting import count, percent, quantity
from simulgenvae.utils.summary import Summary, shown

if TYPE_CHECKING:
    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.settings import StudyFolder
    from simulgenvae.surrogate.surrogate import Surrogate


def describe_model(surrogate: Surrogate, study: StudyFolder | None) -> Summary:
    """Return what a model predicts from what, and how well."""
    scaler = surrogate.design_scaler
    times = surrogate.times
    mesh = surrogate.whole_mesh
    nodes = surrogate.reduction.field_shape[0]
    if surrogate.mask is not None:
        nodes = len(surrogate.mask.valued)
    cells = [f"{number:,} {kind}" for kind, number in mesh.cells.describe().items()]
    units = dict(zip(surrogate.variables, surrogate.units, strict=True))
    variables = [quantity(name, unit) for name, unit in units.items()]
    lines = {}
    if scaler.names:
        lines["parameters"] = shown(_parameters(scaler))
    if scaler.images is not None:
        lines["images"] = str(scaler.images)
    where = "" if mesh.coords is None else f" in {mesh.coords.shape[1]}D"
    span = f" from {times[0]:g} to {times[-1]:g}" if len(times) > 1 else f": {times[0]:g}"
    lines |= {
        "variables": shown(variables),
        "times": f"{len(times)}{span}",
        "mesh": ", ".join([f"{nodes:,} nodes{where}", *cells]),
        "error": _measured_error(surrogate, study),
    }
    learned = len(surrogate.split.train)
    origin = "in memory" if study is None else str(study.folder)
    if study is not None and study.model is not None:
        origin += f", {study.model}"
    return Summary(f"Model of {count(learned, 'training run')} ({origin})", lines)


def describe_study(study: StudyFolder) -> Summary:
    """Return what is in a study folder; its files are not read."""
    return Summary(
        f"Study {study.folder}",
        {
            "data": _there(study.dataset.exists(), "input_data/dataset.zarr", "not ingested yet"),
            "settings": _there(study.settings_file.exists(), "study.toml", "the defaults"),
            "model": _models(study),
            "report": _report(study),
        },
    )


def _models(study: StudyFolder) -> str:
    """Return the names of the trained models, the one that is used first."""
    names = study.model_names
    if not names:
        return "not trained yet"
    try:
        used = study.model or study.current_model or names[0]
    except UserError as error:
        return str(error)
    others = [name for name in names if name != used]
    return f"{used} (others: {', '.join(others)})" if others else used


def _report(study: StudyFolder) -> str:
    """Return the path of the report, or that there is none."""
    try:
        report = study.report_file
    except UserError:
        return "unknown"
    path = report.relative_to(study.folder).as_posix()
    return _there(report.exists(), path, "not evaluated yet")


def _there(exists: bool, text: str, otherwise: str) -> str:
    return text if exists else otherwise


def _parameters(scaler: ConditionScaler) -> list[str]:
    """Return each parameter with its trained range, or the texts of a category."""
    found = []
    for name, levels, lower, upper in zip(
        scaler.names, scaler.levels, scaler.lower, scaler.upper, strict=True
    ):
        found.append(f"{name} {'/'.join(levels)}" if levels else f"{name} {lower:g} to {upper:g}")
    return found


def _measured_error(surrogate: Surrogate, study: StudyFolder | None) -> str:
    """Return the error of the last evaluation, if that was of this model."""
    if surrogate.ensemble is None:
        return "none: only the VAE is trained"
    unknown = "not measured: call evaluate()"
    if study is None or not study.metrics_file.exists():
        return unknown if study is not None else "not measured: needs fit(…, study=FOLDER)"
    from simulgenvae.evaluation.results import EvaluationResult

    try:
        result = EvaluationResult.read(study.metrics_file)
    except UserError as error:
        return f"unknown: {error}"
    if result.training.data_fingerprint != surrogate.info.data_fingerprint:
        return unknown
    runs = result.compared["prediction"].runs
    return (
        f"{percent(result.mean_error('prediction'))} joint relative L2, mean of "
        f"{count(runs, f'{result.compared_split} run')}"
    )
