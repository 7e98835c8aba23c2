"""The figure shows users' checks first, and draws where little is known."""

from __future__ import annotations

from typing import Literal

import pytest

from simulgenvae.evaluation.figures.physics import quantities_over_time
from simulgenvae.evaluation.figures.style import png
from simulgenvae.evaluation.results.base import OverRuns
from simulgenvae.evaluation.results.physics import (
    IntegrationWeights,
    Physics,
    QuantityErrors,
    Series,
)

UNDEFINED = OverRuns(mean=None, median=None, max=None, undefined_runs=1)


def quantity(kind: Literal["sum", "expression"], of: str, timesteps: int) -> QuantityErrors:
    return QuantityErrors(
        kind=kind,
        of=of,
        unit="K · area" if kind == "sum" else "",
        expression=None,
        relative_error=UNDEFINED,
        error_by_absolute=UNDEFINED,
        worst_run=None,
        typical=Series(truth=(1.0,) * timesteps, prediction=(None,) * timesteps),
    )


def physics(timesteps: int, count: int) -> Physics:
    sums = [quantity("sum", f"p$x${k}", timesteps) for k in range(count - 1)]
    check = quantity("expression", f"p$x${count - 1}", timesteps)
    return Physics(
        runs=1,
        typical_run="run$1$",
        weights=IntegrationWeights(kind="area", total=1.0, note=""),
        quantities=(*sums, check),
        notes=(),
    )


@pytest.mark.parametrize(("timesteps", "count", "panels"), [(1, 1, 1), (4, 4, 4), (3, 20, 12)])
def test_checks_come_first(timesteps: int, count: int, panels: int) -> None:
    times = tuple(float(k) for k in range(timesteps))
    figure = quantities_over_time(physics(timesteps, count), times)
    titles = [axes.get_title() for axes in figure.axes if axes.axison]
    assert len(titles) == panels
    assert titles[0] == rf"p\$x\${count - 1} (–)"
    assert png(figure).startswith(b"\x89PNG")


def test_a_quantity_has_its_unit() -> None:
    figure = quantities_over_time(physics(3, 2), (0.0, 1.0, 2.0))
    assert [axes.get_ylabel() for axes in figure.axes[:2]] == ["", "[K · area]"]
