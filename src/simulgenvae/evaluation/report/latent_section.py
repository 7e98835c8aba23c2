"""The part of the report about the latents."""

from __future__ import annotations

from typing import Any

from simulgenvae.evaluation.presentation import SPLITS, number, percent
from simulgenvae.evaluation.report.html import section, table

_NOTE = (
    "Of the first network, where the surrogate has several. KL: mean divergence of a level's "
    "posterior from its prior, in nats. Active: dimensions whose posterior mean varies between "
    "training runs (variance above 0.01), and, by KL, those with more than 0.01 nats. R²: how "
    "well the conditioner predicts what the encoder finds, over all dimensions of the level; the "
    "end-to-end stage gives it up where the fields gain by that. Switched off: joint relative L2 "
    "error of the reconstruction when the level is replaced by the mean of its prior given the "
    "levels above."
)


def latent_section(latents: dict[str, Any]) -> str:
    """HTML of what :func:`simulgenvae.evaluation.analyses.latents.latent_analysis` returned."""
    found = latents["reconstruction"]
    head = [
        "Level",
        "Size",
        "KL: train",
        "KL: validation",
        "Active",
        "Active by KL",
        *(f"R²: {s}" for s in SPLITS),
    ]
    body = [
        [
            name,
            str(level["size"]),
            number(level["kl"]["train"]),
            number(level["kl"]["validation"]),
            str(level["active"]),
            str(level["active_by_kl"]),
            *(number(level["r2"][split]["all"]) for split in SPLITS),
            percent(found["level_off"][name]),
        ]
        for name, level in latents["levels"].items()
    ]
    levels = table([*head, f"Switched off: {found['split']}"], body)
    return section("Latents", _NOTE, f"<p>{_verdict(found)}</p>{levels}")


def _verdict(found: dict[str, Any]) -> str:
    dead = found["dead_levels"]
    whole = f"With all levels, the mean error of the reconstruction on {found['split']} runs is "
    whole += f"{percent(found['relative_l2'])}. "
    if dead:
        return f"{whole}Dead, without any use for the reconstruction: {', '.join(dead)}."
    return f"{whole}No level is dead: each makes the error larger when it is switched off."
