"""Numbers and names as people read them."""

from __future__ import annotations

import pytest

from simulgenvae.baselines import BASELINES
from simulgenvae.evaluation.presentation import (
    describe_conditions,
    method_names,
    method_styles,
    number,
    percent,
    quantity,
    sentence,
    shown_errors,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0123456, "1.23 %"),
        (0.5, "50.0 %"),
        (1.0, "100 %"),
        (123.4, "12340 %"),
        (0.0, "0.00 %"),
        (None, "–"),
    ],
)
def test_percent(value: float | None, text: str) -> None:
    assert percent(value) == text


def test_names() -> None:
    assert number(None) == "–"
    assert number(1234.5678) == "1235"
    assert sentence("the T is high") == "The T is high."
    assert quantity("T", "K") == "T [K]"
    assert quantity("a$b$", "") == r"a\$b\$"


IMAGES = {"width": 100, "height": 50, "channels": 3, "size": 64}


def test_methods_say_what_they_know_of_a_design() -> None:
    combination = {"members": 3, "gaussian_process_weight": 0.35, "gaussian_processes": "combined"}
    table, images, both = (
        method_names({"data": {"parameters": names, "images": images}, "combination": combination})
        for names, images in ((["p"], None), ([], IMAGES), (["p"], IMAGES))
    )
    assert {name: table[name] for name in BASELINES} == {
        name: spec.title for name, spec in BASELINES.items()
    }
    assert set(table) == set(method_styles())
    assert (
        table["prediction"]
        == images["prediction"]
        == "Surrogate (weight of Gaussian processes 0.35)"
    )
    assert images["pod_rbf"] == "PCA of images + POD + RBF"
    assert both["pod_rbf"] == "PCA of images, parameters + POD + RBF"
    assert len({table["nearest_run"], images["nearest_run"], both["nearest_run"]}) == 3
    assert set(table) == set(images) == set(both)


@pytest.mark.parametrize("weight", [0.0, 0.35, 1.0])
def test_networks_processes_and_their_combination_are_three_rows(weight: float) -> None:
    errors = {name: {} for name in ("pod_gpr", "gaussian_processes", "networks", "prediction")}
    combination = {
        "members": 3,
        "gaussian_process_weight": weight,
        "gaussian_processes": "combined",
    }
    shown = shown_errors({"errors": errors, "combination": combination})
    assert list(shown) == ["prediction", "networks", "gaussian_processes", "pod_gpr"]


def test_conditions_in_words() -> None:
    assert describe_conditions({"parameters": ["p", "q"], "images": None}) == "2 parameter(s): p, q"
    assert (
        describe_conditions({"parameters": [], "images": IMAGES})
        == "one image: 100 x 50 colour, read as 64 x 64"
    )
    assert describe_conditions({"parameters": ["p"], "images": IMAGES}).startswith(
        "1 parameter(s): p; one image"
    )
