"""Letters are readable at the size at which the report shows a figure."""

from __future__ import annotations

import pytest

from simulgenvae.evaluation.figures import style

PAGE_PIXELS = 1008
"""Width of a figure in the report: its text has 68 rem with paddings of 2 · 1.5 and 2 · 1 rem."""


@pytest.mark.parametrize("width", [4.0, 9.1, 14.0])
def test_no_figure_is_shrunk_by_the_page(width: float) -> None:
    figure = style.new_figure(3.0, width)
    assert figure.get_figwidth() * style.DPI <= PAGE_PIXELS
    assert figure.get_figwidth() == min(width, style.WIDTH)


def test_smallest_letters_have_eight_points() -> None:
    assert style.SMALL * style.DPI / 96 >= 8


def test_texts_of_data_are_no_formulas() -> None:
    assert style.labelled("a$b$", "K") == r"a\$b\$ [K]"
    assert style.labelled("T", "") == "T"


@pytest.mark.parametrize(("points", "marker"), [(1, "o"), (2, "o"), (3, "")])
def test_few_points_have_markers(points: int, marker: str) -> None:
    assert style.marker(points) == marker


def test_less_than_a_decade_has_plain_numbers() -> None:
    axes = style.new_figure(3.0).subplots()
    axes.set(yscale="log", ylim=(0.15, 0.6))
    style.plain_log_ticks(axes.yaxis)
    labels = [axes.yaxis.get_major_formatter()(tick) for tick in axes.get_yticks()]
    assert "0.2" in labels
    assert "0.5" in labels
    assert axes.yaxis.get_minor_formatter()(0.3) == ""
