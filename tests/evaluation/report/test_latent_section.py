"""The section says what was found, in words and in a table."""

from __future__ import annotations

from typing import Any

import pytest

from simulgenvae.evaluation.report.latent_section import latent_section


def _found(dead: list[str]) -> dict[str, Any]:
    r2 = {"train": {"all": 0.9}, "validation": {"all": None}, "test": {"all": 0.8125}}
    kl = {"train": 12.5, "validation": None, "test": 11.0}
    level = {"size": 4, "kl": kl, "active": 3, "active_by_kl": 2, "r2": r2}
    return {
        "levels": {"z": level, "h_1": level},
        "reconstruction": {
            "split": "test",
            "relative_l2": 0.01,
            "level_off": {"z": 0.5, "h_1": 0.01},
            "dead_levels": dead,
        },
    }


@pytest.mark.parametrize(
    ("dead", "verdict"),
    [([], "No level is dead"), (["h_1"], "Dead, without any use for the reconstruction: h_1.")],
)
def test_verdict_and_table(dead: list[str], verdict: str) -> None:
    page = latent_section(_found(dead))
    assert verdict in page
    cells = ["z", "4", "12.5", "–", "3", "2", "0.9", "–", "0.8125", "50.0 %"]
    assert "".join(f"<td>{cell}</td>" for cell in cells) in page
    assert page.count("<tr>") == 3
    assert "With all levels, the mean error of the reconstruction on test runs is 1.00 %." in page
