"""Names of the prediction and its parts for every way of combining them."""

from __future__ import annotations

from typing import Any

import pytest

from simulgenvae.evaluation.combination import Combination


@pytest.mark.parametrize(
    ("combination", "names"),
    [
        (
            Combination(3, 0.35, "combined"),
            (
                "Surrogate (weight of Gaussian processes 0.35)",
                "Networks alone (3)",
                "Gaussian processes alone",
            ),
        ),
        (
            Combination(3, 0.0, "combined"),
            (
                "Surrogate (weight of Gaussian processes 0)",
                "Networks alone (3)",
                "Gaussian processes alone",
            ),
        ),
        (
            Combination(1, 0.0, "off"),
            (
                "Surrogate (Gaussian processes: off)",
                "Network alone",
                "Gaussian processes alone (not used)",
            ),
        ),
        (
            Combination(3, 1.0, "combined"),
            (
                "Surrogate (weight of Gaussian processes 1)",
                "Networks alone (3)",
                "Gaussian processes alone",
            ),
        ),
    ],
)
def test_names(combination: Combination, names: tuple[str, str, str]) -> None:
    assert tuple(combination.method_names().values()) == names
    assert max(map(len, names)) <= 46, "a table of 80 columns has no more"


@pytest.mark.parametrize(
    ("combination", "words"),
    [
        (
            Combination(3, 0.35, "combined"),
            "combines 3 networks and Gaussian processes (weight 0.35).",
        ),
        (
            Combination(3, 1.0, "combined"),
            "is that of Gaussian processes alone (weight 1); 3 networks have none.",
        ),
        (
            Combination(3, 0.0, "combined"),
            "is that of 3 networks; Gaussian processes have the weight 0.",
        ),
        (
            Combination(1, 0.0, "off"),
            "is that of one network; Gaussian processes are switched off.",
        ),
        (Combination(2, 0.0, "none"), "is that of 2 networks; there are no Gaussian processes."),
    ],
)
def test_sentences(combination: Combination, words: str) -> None:
    assert combination.described() == f"The prediction {words}"


def test_metrics_hold_it() -> None:
    given = Combination(3, 0.30000000000000004, "combined")
    entry: dict[str, Any] = given.to_dict()
    assert entry == {
        "gaussian_process_weight": given.weight,
        "members": 3,
        "gaussian_processes": "combined",
    }
    assert Combination.from_metrics({"combination": entry}) == given
    assert given.weight_text == "0.3"
