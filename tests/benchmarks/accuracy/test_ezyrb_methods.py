"""EZyRB as the suite uses it."""

from collections.abc import Callable

import pytest

from benchmarks.accuracy import ezyrb_methods, fitted
from benchmarks.accuracy.cases import case_of
from benchmarks.accuracy.problem import Problem
from simulgenvae.settings import Settings


def test_recovers_a_field_that_is_linear_in_the_parameters(
    tiny: Callable[..., Problem], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ezyrb_methods, "RANKS", (3, 40))
    monkeypatch.setattr(ezyrb_methods, "RESTARTS", 0)
    case = case_of(tiny(), "burgers", seed=0)
    answers = {
        each.name: fitted.measure(each, case)
        for each in ezyrb_methods.ezyrb_methods(case, Settings())
    }
    assert list(answers) == [
        "ezyrb_pod_rbf_3",
        "ezyrb_pod_gpr_3",
        "ezyrb_pod_rbf_20",
        "ezyrb_pod_gpr_20",
    ]
    for kind in ("rbf", "gpr"):
        assert answers[f"ezyrb_pod_{kind}_3"]["test"]["mean"] < 0.01
        assert answers[f"ezyrb_pod_{kind}_3"]["extrapolation"]["mean"] < 0.05
    assert answers["ezyrb_pod_rbf_3"]["test"]["mean"] == pytest.approx(0.0, abs=1e-5)


def test_pictures_are_read_by_components(
    tiny: Callable[..., Problem], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ezyrb_methods, "RANKS", ())
    monkeypatch.setattr(ezyrb_methods, "COMPONENTS", (1, 50))
    monkeypatch.setattr(ezyrb_methods, "RESTARTS", 0)
    case = case_of(tiny(images=True), "plate", seed=0)
    found = list(ezyrb_methods.ezyrb_methods(case, Settings()))
    assert found[0].name == "ezyrb_pod_rbf_20_of_1"
    assert {each.about["inputs"] for each in found} >= {1}
    assert found[0].predict(case.rows["test"]).shape == (4, 5, 6, 2)
