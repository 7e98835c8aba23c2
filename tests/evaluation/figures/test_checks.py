"""The figures show every quantity and input that is known, and draw where little is."""

from __future__ import annotations

from typing import Any

import pytest

from simulgenvae.evaluation.figures.checks import (
    CAPTIONS,
    check_figures,
    quantities_over_time,
    sensitivity_bars,
)
from simulgenvae.evaluation.presentation import png


def physics(timesteps: int, count: int) -> dict[str, Any]:
    quantity = {
        "relative_error": {"mean": None},
        "typical": {"truth": [1.0] * timesteps, "prediction": [None] * timesteps},
    }
    kinds = ["sum"] * (count - 1) + ["expression"]
    found = [quantity | {"kind": kind, "of": f"p$x${k}"} for k, kind in enumerate(kinds)]
    return {"typical_run": "run$1$", "quantities": found}


def sensitivity(*known: str) -> dict[str, Any]:
    field = {name: [0.5, -0.1] for name in ("first", "total")}
    field |= {f"{name}_standard_error": [0.1, 0.1] for name in field}
    inputs = {"a$x$": {"error": 0.2, "rise": 0.1}, "b": {"error": None, "rise": None}}
    found: dict[str, Any] = {
        "sobol": {"field": field},
        "permutation": {"error": 0.1, "inputs": inputs},
    }
    return {"inputs": list(inputs), "split": "test"} | {
        key: found[key] if key in known else None for key in found
    }


@pytest.mark.parametrize(("timesteps", "count", "panels"), [(1, 1, 1), (4, 4, 4), (3, 20, 12)])
def test_checks_come_first(timesteps: int, count: int, panels: int) -> None:
    figure = quantities_over_time(physics(timesteps, count), [float(k) for k in range(timesteps)])
    titles = [axes.get_title() for axes in figure.axes if axes.axison]
    assert len(titles) == panels
    assert titles[0] == rf"p\$x\${count - 1} (–)"
    assert png(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize("known", [("sobol",), ("permutation",), ("sobol", "permutation")])
def test_bars_of_what_is_known(known: tuple[str, ...]) -> None:
    figure = sensitivity_bars(sensitivity(*known))
    assert len(figure.axes) == len(known)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [r"a\$x\$", "b"]
    assert png(figure).startswith(b"\x89PNG")


def test_every_figure_has_a_caption() -> None:
    assert [
        name for name, _ in check_figures(physics(3, 4), sensitivity("sobol"), [0.0, 1.0, 2.0])
    ] == list(CAPTIONS)
    assert [name for name, _ in check_figures(physics(3, 4), sensitivity(), [0.0, 1.0, 2.0])] == [
        "physics"
    ]
