"""Titles and order of the methods that an evaluation compares."""

from __future__ import annotations

from typing import Any

import pytest

from simulgenvae.baselines import BASELINES
from simulgenvae.evaluation.methods import OWN_METHODS, method_color, methods
from simulgenvae.evaluation.results import Combination, DataSummary, EvaluationResult
from simulgenvae.evaluation.results.study import ImageSummary

IMAGES = ImageSummary(width=100, height=50, channels=3, size=64)


def result(
    *names: str, parameters: tuple[str, ...] = ("p",), images: ImageSummary | None = None
) -> EvaluationResult:
    """Return a result that only has errors of the methods with these names."""
    data = DataSummary(
        fingerprint="",
        runs=1,
        timesteps=1,
        nodes=1,
        times=(0.0,),
        variables=("u",),
        units=("",),
        parameters=parameters,
        images=images,
    )
    combination = Combination(members=3, weight=0.35, gaussian_processes="combined")
    construct: Any = EvaluationResult.model_construct  # methods read only these parts
    return construct(data=data, combination=combination, errors={name: {} for name in names})


def titles(found: EvaluationResult) -> dict[str, str]:
    return {method.name: method.title for method in methods(found)}


def test_baselines_say_what_they_read() -> None:
    of_table = titles(result(*BASELINES))
    of_images = titles(result(*BASELINES, parameters=(), images=IMAGES))
    of_both = titles(result(*BASELINES, images=IMAGES))
    assert of_table == {name: spec.title for name, spec in BASELINES.items()}
    assert of_images["pod_rbf"] == "PCA of images + POD + RBF"
    assert of_both["pod_rbf"] == "PCA of images, parameters + POD + RBF"
    assert len({found["nearest_run"] for found in (of_table, of_images, of_both)}) == 3


def test_the_surrogate_is_first_and_unknown_methods_are_last() -> None:
    found = methods(result("pod_gpr", "of another version", "networks", "prediction"))
    assert [method.name for method in found] == [
        "prediction",
        "networks",
        "pod_gpr",
        "of another version",
    ]
    assert found[0].title == "Surrogate (weight of Gaussian processes 0.35)"


def test_every_method_has_a_colour() -> None:
    for name in (*(own.name for own in OWN_METHODS), *BASELINES):
        assert method_color(name).startswith("#")
    with pytest.raises(KeyError):
        method_color("unknown")


def test_conditions_in_words() -> None:
    assert result(parameters=("p", "q")).data.describe_conditions() == "2 parameters: p, q"
    images = result(parameters=(), images=IMAGES).data.describe_conditions()
    assert images == "one image: 100 x 50 pixels, colour, read as 64 x 64"
    both = result(images=IMAGES).data.describe_conditions()
    assert both.startswith("1 parameter: p; one image")
