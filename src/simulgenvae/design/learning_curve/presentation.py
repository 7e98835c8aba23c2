"""Figure, table and sentences of a learning curve.

Tested in tests/design/learning_curve/test_curve.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from rich.table import Table

from simulgenvae.design.learning_curve.power_law import LEVEL
from simulgenvae.evaluation.methods import method_color
from simulgenvae.utils.formatting import percent, quantity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes

    from simulgenvae.design.learning_curve.points import Method
    from simulgenvae.design.learning_curve.result import (
        ExpectedError,
        Law,
        LearningCurve,
        MethodCurve,
    )

NAMES = {"prediction": "Surrogate", "pod_gpr": "POD + GPR"}
_NO_FLOOR = 1e-6
"""Relative error below which a floor is 0: no field in 32 bits reaches it."""


def curve_figure(found: LearningCurve) -> Figure:
    """Return a figure of the measured errors, the laws through them and their intervals."""
    figure = Figure(figsize=(7.5, 4.6), layout="constrained")
    axes = figure.subplots()
    for method, curve in found.methods.items():
        _draw_points(axes, method, curve)
        _draw_law(axes, method, curve)
    if found.target is not None:
        label = f"target {percent(found.target)}"
        axes.axhline(100 * found.target, color="#000000", linestyle=":", label=label)
    axes.axvline(
        found.training_runs,
        color="#999999",
        linestyle="--",
        linewidth=1,
        label="all training runs",
    )
    _set_scales(axes)
    axes.set(
        xlabel="training runs",
        ylabel=quantity(
            f"mean joint relative L2 error\non {found.measured_runs} {found.measured_on} runs", "%"
        ),
    )
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize="small")
    return figure


def _draw_points(axes: Axes, method: Method, curve: MethodCurve) -> None:
    """Draw the mean error of each point as a dot."""
    runs = []
    errors = []
    for count, error in zip(curve.runs, curve.relative_l2, strict=True):
        if error:  # neither undefined nor 0, which has no place on a logarithmic axis
            runs.append(count)
            errors.append(100 * error)
    if runs:
        color = method_color(method)
        axes.plot(runs, errors, "o", color=color, label=f"{NAMES[method]}, measured")


def _draw_law(axes: Axes, method: Method, curve: MethodCurve) -> None:
    """Draw the law through the points as a line, and its interval as a band."""
    if curve.law is None:
        return
    color = method_color(method)
    runs = [entry.runs for entry in curve.curve]
    mean = [100 * entry.relative_l2 for entry in curve.curve]
    lower = [100 * entry.lower for entry in curve.curve]
    upper = [100 * entry.upper for entry in curve.curve]
    axes.plot(runs, mean, color=color, label=_formula(curve.law))
    axes.fill_between(runs, lower, upper, color=color, alpha=0.15)


def _set_scales(axes: Axes) -> None:
    """Set logarithmic axes, on which a power law is a straight line, with plain numbers."""
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    # Errors within one decade would get a single label from a locator of decades.
    low, high = axes.get_ylim()
    if high > 10.0 * low:
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    else:
        axes.yaxis.set_major_locator(MaxNLocator(6))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())


def curve_table(found: LearningCurve) -> Table:
    """Return a table with a row for each training, and rows of the errors expected with more."""
    title = f"Joint relative L2 error, mean over {found.measured_runs} {found.measured_on} runs"
    table = Table(title=title)
    table.add_column("Training runs")
    for method in found.methods:
        table.add_column(NAMES[method], justify="right")
    curves = list(found.methods.values())
    # All methods are measured with the same trainings.
    runs = found.methods["prediction"].runs
    for row in sorted(range(len(runs)), key=runs.__getitem__):
        table.add_row(str(runs[row]), *(percent(curve.relative_l2[row]) for curve in curves))
    extrapolated = [curve for curve in curves if curve.expected]
    if not extrapolated:
        return table
    table.add_section()
    for row, entry in enumerate(extrapolated[0].expected):
        cells = [_with_bounds(curve.expected[row]) if curve.expected else "–" for curve in curves]
        table.add_row(f"{entry.runs} (expected)", *cells)
    return table


def statements(found: LearningCurve) -> Iterator[str]:
    """Yield sentences on what each method's curve says, and how far it can be trusted."""
    for method, curve in found.methods.items():
        for sentence in _about_method(curve, found):
            yield f"{NAMES[method]}: {sentence}"
    laws = [curve.law for curve in found.methods.values() if curve.law is not None]
    if any(law.form == "b n^-c" for law in laws):
        yield (
            "Fewer than four different numbers of runs cannot show where the error levels off: "
            "a = 0 was assumed."
        )


def _about_method(curve: MethodCurve, found: LearningCurve) -> Iterator[str]:
    law = curve.law
    left_out = found.measured_runs - curve.counted_runs
    if left_out:
        yield (
            f"{left_out} of {found.measured_runs} runs have no relative error and were left out."
        )
    if law is None:
        yield ("nothing to extrapolate; it takes errors above 0 for two different numbers of runs.")
        return
    yield f"error ≈ {_formula(law)}; intervals hold {100 * LEVEL:.0f} %."
    if not law.spare_points:
        yield ("as many points as parameters: the intervals show only the choice of measured runs.")
    if found.target is not None:
        yield _about_target(curve, law, found.target, found.training_runs)


def _about_target(curve: MethodCurve, law: Law, wanted: float, training_runs: int) -> str:
    needed = curve.runs_for_target
    assert needed is not None, "there is a target"
    target = percent(wanted)
    fewest = min(curve.runs)
    far = f"more than {needed.farthest}"
    if needed.value is None:
        if law.a >= wanted:
            why = f"the error seems to level off at {percent(law.a)}"
        else:
            why = f"it would take {far} training runs"
        at_best = "" if needed.lower is None else f"; {needed.lower} training runs at best"
        return f"{target} cannot be extrapolated: {why}{at_best}."
    if needed.value < fewest:
        return f"{target} takes fewer than {fewest} training runs; there are {training_runs}."
    if needed.value <= training_runs:
        return f"{target} takes about {needed.value} training runs; there are {training_runs}."
    lower = far if needed.lower is None else needed.lower
    upper = far if needed.upper is None else needed.upper
    return f"{target} takes about {needed.value} training runs ({lower} to {upper})."


def _with_bounds(entry: ExpectedError) -> str:
    lower = percent(entry.lower).removesuffix(" %")
    upper = percent(entry.upper).removesuffix(" %")
    return f"{percent(entry.relative_l2)} ({lower} to {upper})"


def _formula(law: Law) -> str:
    floor = f"{percent(law.a)} + " if law.a > _NO_FLOOR else ""
    return f"{floor}{percent(law.b)} · n^-{law.c:.2f}"
