"""The parts of the report about the physics checks and the conditioning."""

from __future__ import annotations

from html import escape
from typing import Any

from simulgenvae.evaluation.analyses.physics import label
from simulgenvae.evaluation.presentation import number, percent
from simulgenvae.evaluation.report.html import folded, section, table

_PHYSICS_NOTE = (
    "Sums over the nodes, integrals over the domain and energies (integrals of the square; of "
    "all variables together: of their deviations from the training runs' means, in units of "
    "their standard deviations), over time. Error: ‖prediction − truth‖ / ‖truth‖ of the time "
    "series. Against absolute values: the same difference as a share of the sum or integral of "
    "absolute values, which stays meaningful where positive and negative parts cancel."
)
_SENSITIVITY_NOTE = (
    "Sobol indices: the share of the predicted field's variance over the trained range that an "
    "input explains alone (first order) and with all its interactions (total), each with the "
    "standard error of the estimate. Permutation: the error on unseen runs when this input is "
    "exchanged among them."
)
_IDLE = 0.01


def physics_section(physics: dict[str, Any]) -> str:
    """HTML of what ``PhysicsChecks.summary`` returned."""
    body = []
    for quantity in physics["quantities"]:
        error, worst = quantity["relative_error"], quantity["worst_run"]
        name = label(quantity["kind"], quantity["of"])
        body.append(
            [
                f"{name} = {quantity['expression']}" if quantity["expression"] else name,
                percent(error["mean"]),
                percent(error["max"]),
                "–" if worst is None else worst["id"],
                percent(quantity["error_by_absolute"]["mean"]),
            ]
        )
    notes = "".join(
        f'<p class="note">{escape(note)}</p>'
        for note in [physics["weights"]["note"], *physics["notes"]]
    )
    head = ["Quantity", "Mean error", "Largest", "Worst run", "Against absolute values"]
    return section("Physics checks", _PHYSICS_NOTE, notes + table(head, body))


def sensitivity_section(sensitivity: dict[str, Any]) -> str:
    """HTML of what ``conditioning`` returned."""
    sobol, permuted = sensitivity["sobol"], sensitivity["permutation"]
    head, columns = ["Input"], [sensitivity["inputs"]]
    if sobol is not None:
        field = sobol["field"]
        for which, title in (("first", "First order"), ("total", "Total")):
            pairs = zip(field[which], field[f"{which}_standard_error"], strict=True)
            head.append(title)
            columns.append([f"{value:.2f} ± {error:.2f}" for value, error in pairs])
    if permuted is not None:
        found = [permuted["inputs"][name] for name in sensitivity["inputs"]]
        head += [f"Error when exchanged ({sensitivity['split']})", "Rise"]
        columns += [
            [percent(one["error"]) for one in found],
            [percent(one["rise"]) for one in found],
        ]
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in sensitivity["notes"])
    indices = table(head, list(zip(*columns, strict=True))) if len(columns) > 1 else ""
    return section(
        "Conditioning",
        _SENSITIVITY_NOTE,
        notes + indices + _idle(sensitivity) + _outputs(sensitivity),
    )


def _idle(sensitivity: dict[str, Any]) -> str:
    """Names inputs that the surrogate does not use: a total index below one percent."""
    if sensitivity["sobol"] is None:
        return ""
    totals = zip(sensitivity["inputs"], sensitivity["sobol"]["field"]["total"], strict=True)
    names = [name for name, total in totals if total < _IDLE]
    if not names:
        return ""
    text = f"{', '.join(names)}: hardly moves the predicted field over the trained range."
    return f'<p class="note">{escape(text)}</p>'


def _outputs(sensitivity: dict[str, Any]) -> str:
    """Total indices of every scalar output, folded away."""
    if sensitivity["sobol"] is None:
        return ""
    shares = {f"component {k + 1}": share for k, share in enumerate(sensitivity["sobol"]["shares"])}
    body = []
    for name, indices in sensitivity["sobol"]["outputs"].items():
        total = indices["total"] or [None] * len(sensitivity["inputs"])
        share = f" ({percent(shares[name])} of the variance)" if name in shares else ""
        body.append([name + share, *(number(value) for value in total)])
    return folded(
        "Total indices of single outputs", table(["Output", *sensitivity["inputs"]], body)
    )
