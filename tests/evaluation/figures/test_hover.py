"""Values at the pointer: where points are in the image, and which of them have a text."""

from __future__ import annotations

import numpy as np

from simulgenvae.evaluation.figures import style
from simulgenvae.evaluation.figures.hover import UNITS, hover_panels, name_points


def test_lines_have_values_at_their_places() -> None:
    figure = style.new_figure(4.0, 4.0)
    axes = figure.subplots()
    x = np.linspace(0.0, 2.0, 3)
    axes.plot(x, [1.0, 3.0, 2.0], label=r"a \$b\$")
    axes.plot(x, [3.0, 1.0, 2.0], label="_hidden")
    axes.plot([0.0, 2.0], [1.0, 1.0], label="other times")
    axes.set(xlabel="time [s]", xlim=(0, 2), ylim=(1, 3))
    style.png(figure)
    (panel,) = hover_panels(figure)
    left, top, right, bottom = panel.box
    assert 0 < left < right <= UNITS
    assert 0 <= top < bottom < UNITS
    (series,) = panel.series
    assert (panel.x_label, panel.x_texts) == ("time [s]", ("0", "1", "2"))
    assert (series.label, series.texts) == ("a $b$", ("1", "3", "2"))
    assert np.allclose(series.x, [left, (left + right) / 2, right], atol=1)
    assert np.allclose(series.y, [bottom, top, (top + bottom) / 2], atol=1)


def test_named_points_come_before_lines_and_points_off_the_axis_are_outside() -> None:
    figure = style.new_figure(3.0, 3.0)
    axes = figure.subplots()
    axes.set_xscale("log")
    axes.plot([1, 10], [1, 10], label="diagonal")
    name_points(axes.scatter([1, 10], [2, 3]), [1, 10, 0], [2, 3, 1], ["run<1>", "b", "zero"])
    style.png(figure)
    (panel,) = hover_panels(figure)
    assert panel.series[0].texts == ("run<1>", "b", "zero")
    assert panel.x_texts == ()
    assert not 0 <= panel.series[0].x[2] <= UNITS


def test_figures_without_points_have_no_values() -> None:
    figure = style.new_figure(3.0, 3.0)
    figure.subplots().bar([1], [2])
    style.png(figure)
    assert hover_panels(figure) == ()


def test_long_lines_have_some_of_their_values() -> None:
    figure = style.new_figure(3.0, 3.0)
    figure.subplots().plot(np.arange(5000.0), np.arange(5000.0), label="long")
    style.png(figure)
    (panel,) = hover_panels(figure)
    assert len(panel.x_texts) == 200
    assert panel.x_texts[-1] == "4999"
