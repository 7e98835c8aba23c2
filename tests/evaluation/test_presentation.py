"""Numbers and names as people read them."""

from __future__ import annotations

import pytest

from simulgenvae.evaluation.presentation import (
    METHOD_STYLES,
    METHODS,
    describe_conditions,
    method_names,
    number,
    percent,
    quantity,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0123456, "1.23 %"), (0.5, "50.0 %"), (1.0, "100 %"), (123.4, "12340 %"), (0.0, "0.00 %"), (None, "–")],
)
def test_percent(value: float | None, text: str) -> None:
    assert percent(value) == text


def test_names() -> None:
    assert number(None) == "–"
    assert number(1234.5678) == "1235"
    assert quantity("T", "K") == "T [K]"
    assert quantity("a$b$", "") == r"a\$b\$"
    assert set(METHOD_STYLES) == set(METHODS)


IMAGES = {"width": 100, "height": 50, "channels": 3, "size": 64}


def test_methods_say_what_they_know_of_a_design() -> None:
    table, images, both = (
        method_names({"parameters": names, "images": images})
        for names, images in ((["p"], None), ([], IMAGES), (["p"], IMAGES))
    )
    assert table == METHODS
    assert images["pod_rbf"] == "PCA of images + POD + RBF"
    assert both["pod_rbf"] == "PCA of images, parameters + POD + RBF"
    assert len({table["nearest_run"], images["nearest_run"], both["nearest_run"]}) == 3
    assert set(table) == set(images) == set(both)


def test_conditions_in_words() -> None:
    assert describe_conditions({"parameters": ["p", "q"], "images": None}) == "2 parameter(s): p, q"
    assert describe_conditions({"parameters": [], "images": IMAGES}) == "one image: 100 x 50 colour, read as 64 x 64"
    assert describe_conditions({"parameters": ["p"], "images": IMAGES}).startswith("1 parameter(s): p; one image")
