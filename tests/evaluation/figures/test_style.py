"""Letters are readable at the size at which the report shows a figure."""

from __future__ import annotations

import ast
import re
from pathlib import Path

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
    assert style.labelled("", "K") == "[K]"
    assert style.labelled("humidity", "%") == "humidity [%]"


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


def test_units_of_axes_are_written_by_one_function() -> None:
    """No label of an axis has a unit in brackets that is spelt out."""
    spelt_out = re.compile(r"\[[^\[\]]+\]['\"]")
    found = []
    for path in sorted(Path(style.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            texts: list[ast.expr] = []
            if isinstance(node, ast.keyword) and (node.arg or "").endswith("label"):
                texts = [node.value]
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("label"):
                texts = node.args
            for each in (part for text in texts for part in ast.walk(text)):
                written = (
                    ast.unparse(each) if isinstance(each, ast.Constant | ast.JoinedStr) else ""
                )
                if spelt_out.search(written):
                    found.append(f"{path.name}: {ast.unparse(node)}")
    assert found == []
