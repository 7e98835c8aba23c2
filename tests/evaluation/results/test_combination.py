"""Names of the prediction and its parts for every way of combining them."""

from __future__ import annotations

import pytest

from simulgenvae.evaluation.results import Combination


@pytest.mark.parametrize(
    ("combination", "names"),
    [
        (
            Combination(members=3, weight=0.35, gaussian_processes="combined"),
            (
                "Surrogate (weight of Gaussian processes 0.35)",
                "Networks only (3)",
                "Gaussian processes only",
            ),
        ),
        (
            Combination(members=3, weight=0.0, gaussian_processes="combined"),
            (
                "Surrogate (weight of Gaussian processes 0)",
                "Networks only (3)",
                "Gaussian processes only",
            ),
        ),
        (
            Combination(members=1, weight=0.0, gaussian_processes="off"),
            (
                "Surrogate (Gaussian processes: off)",
                "Network only",
                "Gaussian processes only (not used)",
            ),
        ),
        (
            Combination(members=3, weight=1.0, gaussian_processes="combined"),
            (
                "Surrogate (weight of Gaussian processes 1)",
                "Networks only (3)",
                "Gaussian processes only",
            ),
        ),
    ],
)
def test_names(combination: Combination, names: tuple[str, str, str]) -> None:
    assert tuple(combination.method_titles().values()) == names
    assert max(map(len, names)) <= 46, "a table of 80 columns has no more"


@pytest.mark.parametrize(
    ("combination", "words"),
    [
        (
            Combination(members=3, weight=0.35, gaussian_processes="combined"),
            "combines 3 networks and Gaussian processes (weight 0.35).",
        ),
        (
            Combination(members=3, weight=1.0, gaussian_processes="combined"),
            "is that of the Gaussian processes only (weight 1); 3 networks have none.",
        ),
        (
            Combination(members=3, weight=0.0, gaussian_processes="combined"),
            "is that of 3 networks; Gaussian processes have the weight 0.",
        ),
        (
            Combination(members=1, weight=0.0, gaussian_processes="off"),
            "is that of one network; Gaussian processes are switched off.",
        ),
        (
            Combination(members=2, weight=0.0, gaussian_processes="none"),
            "is that of 2 networks; there are no Gaussian processes.",
        ),
        (
            Combination(
                members=3,
                weight=0.1,
                gaussian_processes="combined",
                decoders={"modulated": 0.25, "field": 0.75},
            ),
            "combines 3 networks (weights by decoder: modulated 0.25, field 0.75) and Gaussian "
            "processes (weight 0.1).",
        ),
    ],
)
def test_sentences(combination: Combination, words: str) -> None:
    assert combination.describe() == f"The prediction {words}"


def test_its_dump_is_read_again() -> None:
    given = Combination(members=3, weight=0.30000000000000004, gaussian_processes="combined")
    assert Combination.model_validate_json(given.model_dump_json()) == given
    assert given.weight_text == "0.3"
