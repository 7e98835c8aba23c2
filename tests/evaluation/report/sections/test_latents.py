"""The section says in words and in a table what each level of the latents is worth."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulgenvae.evaluation.report.section import Section
from simulgenvae.evaluation.report.sections.latents import LATENTS
from simulgenvae.evaluation.results import EvaluationResult
from simulgenvae.evaluation.results.latents import LatentLevel, LatentR2, LevelsOff


def _level() -> LatentLevel:
    r2 = {"train": 0.9, "validation": None, "test": 0.8125}
    return LatentLevel(
        size=4,
        kl={"train": 12.5, "validation": None, "test": 11.0},
        kl_per_latent=(),
        variance_per_latent=(),
        active=3,
        active_by_kl=2,
        r2={split: LatentR2(all=value, per_latent=()) for split, value in r2.items()},
    )


@pytest.mark.parametrize(
    ("dead", "verdict"),
    [
        ((), "No level is dead"),
        (("h_1",), "Dead, without any use for the reconstruction: h_1."),
    ],
)
def test_verdict_and_table(
    html: Callable[[Section, EvaluationResult], str],
    result: EvaluationResult,
    dead: tuple[str, ...],
    verdict: str,
) -> None:
    off = LevelsOff(
        split="test", relative_l2=0.01, level_off={"z": 0.5, "h_1": 0.01}, dead_levels=dead
    )
    levels = {"z": _level(), "h_1": _level()}
    latents = result.latents.model_copy(update={"levels": levels, "reconstruction": off})
    page = html(LATENTS, result.model_copy(update={"latents": latents}))
    assert verdict in page
    cells = ["z", "4", "12.5", "–", "3", "2", "0.9", "–", "0.8125", "50.0 %"]
    assert "".join(f"<td>{cell}</td>" for cell in cells) in page
    assert page.count("<tr>") == 3
    assert "With all levels, the mean error of the reconstruction on test runs is 1.00 %." in page
