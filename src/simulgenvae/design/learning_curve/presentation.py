"""A learning curve for people: figure, table, and what it says in words."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from rich.table import Table

from simulgenvae.design.learning_curve.power_law import LEVEL
from simulgenvae.design.learning_curve.result import (
    ExpectedError,
    Law,
    LearningCurve,
    MethodCurve,
)
from simulgenvae.evaluation.presentation import method_styles, percent

NAMES = {"prediction": "Surrogate", "pod_gpr": "POD + GPR"}
_NO_FLOOR = 1e-6
"""An error that no field reaches in 32 bits."""


def curve_figure(found: LearningCurve) -> Figure:
    """Measured errors, the laws through them and their interval; ``found`` is what
    ``learning_curve`` returns."""
    figure = Figure(figsize=(7.5, 4.6), layout="constrained")
    axes = figure.subplots()
    for method, summary in found.methods.items():
        color, _ = method_styles()[method]
        known = [(n, e) for n, e in zip(summary.runs, summary.relative_l2, strict=True) if e]
        if known:
            sizes, errors = zip(*known, strict=True)
            axes.plot(
                sizes,
                [100 * e for e in errors],
                "o",
                color=color,
                label=f"{NAMES[method]}, measured",
            )
        if summary.law is None:
            continue
        runs = [entry.runs for entry in summary.curve]
        mean, lower, upper = (
            [100 * getattr(entry, key) for entry in summary.curve]
            for key in ("relative_l2", "lower", "upper")
        )
        axes.plot(runs, mean, color=color, label=_formula(summary.law))
        axes.fill_between(runs, lower, upper, color=color, alpha=0.15)
    if found.target is not None:
        axes.axhline(
            100 * found.target,
            color="#000000",
            linestyle=":",
            label=f"target {percent(found.target)}",
        )
    axes.axvline(
        found.training_runs,
        color="#999999",
        linestyle="--",
        linewidth=1,
        label="all training runs",
    )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(
        LogLocator(subs=(1.0, 2.0, 5.0)) if high > 10.0 * low else MaxNLocator(6)
    )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.set(
        xlabel="training runs",
        ylabel=f"mean joint relative L2 error\non {found.measured_runs} {found.measured_on} runs [%]",
    )
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize="small")
    return figure


def curve_table(found: LearningCurve) -> Table:
    """Measured errors, one row a training, and those expected with more runs."""
    title = f"Joint relative L2 error, mean over {found.measured_runs} {found.measured_on} runs"
    table = Table(title=title)
    table.add_column("Training runs")
    methods = found.methods
    for method in methods:
        table.add_column(NAMES[method], justify="right")
    measured = zip(*(summary.relative_l2 for summary in methods.values()), strict=True)
    for runs, errors in sorted(
        zip(methods["prediction"].runs, measured, strict=True), key=lambda row: row[0]
    ):
        table.add_row(str(runs), *map(percent, errors))
    expected = [summary.expected for summary in methods.values()]
    more: list[ExpectedError] = next((each for each in expected if each), [])
    if more:
        table.add_section()
    for row, about in enumerate(more):
        cells = ["–" if not each else _with_bounds(each[row]) for each in expected]
        table.add_row(f"{about.runs} (expected)", *cells)
    return table


def statements(found: LearningCurve) -> Iterator[str]:
    """What the curve of each method says, and how far it can be trusted."""
    for method, summary in found.methods.items():
        name, law = NAMES[method], summary.law
        left_out = found.measured_runs - summary.counted_runs
        if left_out:
            yield f"{name}: {left_out} of {found.measured_runs} runs have no relative error and were left out."
        if law is None:
            yield f"{name}: nothing to extrapolate; it takes errors above 0 for two different numbers of runs."
            continue
        yield f"{name}: error ≈ {_formula(law)}; intervals hold {100 * LEVEL:.0f} %."
        if not law.spare_points:
            yield f"{name}: as many points as parameters: the intervals know the choice of measured runs alone."
        if found.target is not None:
            yield f"{name}: {_about_target(summary, law, found.target, found.training_runs)}"
    if any(
        summary.law is not None and summary.law.form == "b n^-c"
        for summary in found.methods.values()
    ):
        yield "Fewer than four different numbers of runs cannot show where the error levels off: a = 0 was assumed."


def _about_target(summary: MethodCurve, law: Law, wanted: float, training_runs: int) -> str:
    needed = summary.runs_for_target
    assert needed is not None, "there is a target"
    target = percent(wanted)
    fewest = min(summary.runs)
    far = f"more than {needed.farthest}"
    if needed.value is None:
        levels_off = f"the error seems to level off at {percent(law.a)}"
        why = levels_off if law.a >= wanted else f"it would take {far} training runs"
        at_best = "" if needed.lower is None else f"; {needed.lower} training runs at best"
        return f"{target} cannot be extrapolated: {why}{at_best}."
    if needed.value < fewest:
        return f"{target} takes fewer than {fewest} training runs; there are {training_runs}."
    if needed.value <= training_runs:
        return f"{target} takes about {needed.value} training runs; there are {training_runs}."
    lower, upper = (far if bound is None else str(bound) for bound in (needed.lower, needed.upper))
    return f"{target} takes about {needed.value} training runs ({lower} to {upper})."


def _with_bounds(entry: ExpectedError) -> str:
    lower, upper = (percent(getattr(entry, key)).removesuffix(" %") for key in ("lower", "upper"))
    return f"{percent(entry.relative_l2)} ({lower} to {upper})"


def _formula(law: Law) -> str:
    floor = f"{percent(law.a)} + " if law.a > _NO_FLOOR else ""
    return f"{floor}{percent(law.b)} · n^-{law.c:.2f}"
