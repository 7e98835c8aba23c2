"""Verdicts on given errors: which part beats every baseline, and what to do about it."""

from __future__ import annotations

import pytest

from simulgenvae.evaluation.results import Combination
from simulgenvae.evaluation.verdict import ADVICE, Verdict, ratio


def verdict(
    weight: float,
    prediction: float,
    networks: float,
    processes: float | None,
    baseline: float | None = 0.25,
) -> Verdict:
    combination = Combination(
        members=3,
        weight=weight,
        gaussian_processes="none" if processes is None else "combined",
    )
    return Verdict(combination, prediction, networks, processes, baseline)


@pytest.mark.parametrize(
    ("given", "winner", "words"),
    [
        (
            verdict(0.0, 0.1, 0.1, 0.2),
            "networks",
            "The surrogate is more accurate than every baseline.",
        ),
        (
            verdict(0.0, 0.1, 0.1, None),
            "networks",
            "The surrogate is more accurate than every baseline.",
        ),
        (
            verdict(0.4, 0.1, 0.2, 0.2),
            "networks",
            "so are its networks without the Gaussian processes, at 20.0 %.",
        ),
        (
            verdict(0.4, 0.2, 0.3, 0.26),
            "combination",
            "together (weight 0.4) are more accurate than every baseline",
        ),
        (
            verdict(0.95, 0.0748, 0.54, 0.08),
            "gaussian processes",
            "It is the Gaussian processes (weight 0.95)",
        ),
        (
            verdict(0.6, 0.24, 0.5, 0.24),
            "gaussian processes",
            "the networks without them are at 50.0 %, 2.0 times",
        ),
        (verdict(0.4, 0.25, 0.3, 0.3), "baseline", "A baseline is at least as accurate"),
        (verdict(0.4, 0.1, 0.2, 0.2, None), "nothing compared", "no baselines, to compare with"),
    ],
)
def test_like_is_compared_with_like(given: Verdict, winner: str, words: str) -> None:
    assert given.winner == winner
    assert words in given.sentence()


@pytest.mark.parametrize(
    ("given", "noted"),
    [
        (verdict(0.95, 0.08, 0.54, 0.08), True),  # it is the Gaussian processes
        (verdict(0.3, 0.2, 0.3, 0.19), True),  # the same, with a small weight
        (verdict(0.5, 0.1, 0.126, 0.2), True),  # much worse than the prediction
        (verdict(0.5, 0.24, 0.26, 0.25), True),  # worse than a baseline
        (verdict(0.5, 0.1, 0.126, 0.2, None), True),  # whatever the baselines are
        (verdict(0.5, 0.1, 0.124, 0.2), False),
        (verdict(0.4, 0.1, 0.2, 0.2), False),
        (verdict(0.0, 0.3, 0.3, 0.2), False),
    ],
)
def test_networks_of_little_use_are_to_be_trained_longer(given: Verdict, *, noted: bool) -> None:
    notes = given.notes()
    assert bool(notes) == noted
    assert all(ADVICE in note and f"weight {given.combination.weight:g}" in note for note in notes)


def test_ratios() -> None:
    assert ratio(0.5, 0.25) == 2.0
    assert ratio(None, 0.25) is ratio(0.5, None) is ratio(0.5, 0.0) is None
    given = verdict(0.95, 0.1, 0.5, 0.1, 0.3)
    assert "1.7 times the error of the best baseline" in given.sentence()
    # Not "1 times".
    assert "1.0 times the error" in verdict(0.95, 0.1, 0.304, 0.1, 0.3).sentence()
