"""Section about the latents: information, prediction and use of each level."""

from __future__ import annotations

from simulgenvae.evaluation.report.section import Section, Table
from simulgenvae.evaluation.results import SPLITS, EvaluationResult
from simulgenvae.utils.formatting import number, percent


def _levels(result: EvaluationResult) -> Table:
    found = result.latents
    rows = []
    for name, level in found.levels.items():
        kl = (number(level.kl.get("train")), number(level.kl.get("validation")))
        r2 = tuple(number(level.r2[s].all) if s in level.r2 else number(None) for s in SPLITS)
        off = percent(found.reconstruction.level_off[name])
        sizes = (str(level.size), *kl, str(level.active), str(level.active_by_kl))
        rows.append((name, *sizes, *r2, off))
    head = (
        "Level",
        "Size",
        "KL: train",
        "KL: validation",
        "Active",
        "Active by KL",
        *(f"R²: {split}" for split in SPLITS),
        f"Switched off: {found.reconstruction.split}",
    )
    return Table(head, tuple(rows))


LATENTS = Section("Latents", "report/latents.html", _levels, folded=True)
