"""Bars of the inputs: each is labelled with its own length."""

from __future__ import annotations

import pytest
from matplotlib.patches import Rectangle

from simulgenvae.evaluation.figures.sensitivity import sensitivity_bars
from simulgenvae.evaluation.figures.style import png
from simulgenvae.evaluation.results.sensitivity import (
    ExchangedInput,
    FieldIndices,
    Permutation,
    Sensitivity,
    SobolIndices,
)

FIELD = FieldIndices(
    first=(0.5, -0.1),
    total=(0.5, -0.1),
    first_standard_error=(0.1, 0.1),
    total_standard_error=(0.1, 0.1),
)
EXCHANGED = {
    "a$x$": ExchangedInput(error=0.3, rise=0.2),
    "b": ExchangedInput(error=None, rise=None),
}


def sensitivity(*known: str) -> Sensitivity:
    sobol = SobolIndices(predictions=8, field=FIELD, variance_fractions=(1.0,), outputs={})
    permutation = Permutation(runs=4, shifts=1, error=0.1, inputs=EXCHANGED)
    return Sensitivity(
        inputs=tuple(EXCHANGED),
        times=1,
        nodes=1,
        sobol=sobol if "sobol" in known else None,
        permutation=permutation if "permutation" in known else None,
        split="test",
        notes=(),
    )


@pytest.mark.parametrize("known", [("sobol",), ("permutation",), ("sobol", "permutation")])
def test_bars_of_what_is_known(known: tuple[str, ...]) -> None:
    figure = sensitivity_bars(sensitivity(*known))
    assert len(figure.axes) == len(known)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [r"a\$x\$", "b"]
    assert png(figure).startswith(b"\x89PNG")


def test_a_bar_is_labelled_with_the_rise_that_it_shows() -> None:
    (axes,) = sensitivity_bars(sensitivity("permutation")).axes
    bar = axes.patches[0]
    assert isinstance(bar, Rectangle)
    assert bar.get_width() == pytest.approx(20.0)
    assert [text.get_text() for text in axes.texts] == ["20.0 %", ""]
    assert "above 10.0 %" in axes.get_xlabel()
