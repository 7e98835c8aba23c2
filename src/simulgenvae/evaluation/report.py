"""The evaluation as one self-contained HTML page: no links, no scripts, every string from data escaped."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from simulgenvae.evaluation.presentation import SPLITS, STAGES, describe_conditions, method_names, number, percent

if TYPE_CHECKING:
    from simulgenvae.training.train import StageName

_CSS = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1c2733; background: #f4f6f8; margin: 0; }
main { max-width: 68rem; margin: 0 auto; padding: 2rem 1.5rem 4rem; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { font-size: 1.2rem; margin: 2.4rem 0 .6rem; }
.lead { font-size: 1.1rem; } .note { color: #5b6875; font-size: .9rem; }
.warning { background: #fff4e0; border-left: 4px solid #d55e00; padding: .6rem 1rem; }
.cards { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1.4rem 0; }
.card { background: #fff; border-radius: 8px; padding: .9rem 1.2rem; flex: 1 1 11rem; box-shadow: 0 1px 3px #0002; }
.card b { display: block; font-size: 1.6rem; } .card span { color: #5b6875; font-size: .9rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; background: #fff; box-shadow: 0 1px 3px #0002; min-width: 60%; }
th, td { padding: .35rem .8rem; text-align: right; border-bottom: 1px solid #e4e8ec; }
td { font-variant-numeric: tabular-nums; } td:not(:first-child), .card b { white-space: nowrap; }
th { font-weight: 600; background: #e9eef2; } th:first-child, td:first-child { text-align: left; }
tr.own td { font-weight: 600; background: #fdf1ea; }
figure { background: #fff; margin: 1rem 0; padding: 1rem; border-radius: 8px; box-shadow: 0 1px 3px #0002; }
figure img { max-width: 100%; display: block; margin: 0 auto; } figcaption { color: #5b6875; font-size: .9rem; }
pre { background: #fff; padding: 1rem; overflow-x: auto; font-size: .85rem; }
code { overflow-wrap: anywhere; }
"""

_CAPTIONS = {
    "references": "Mean error of the surrogate and of simple methods that learned from the same training runs.",
    "runs": "Error of each run.",
    "error_over_time": "Error at each time as a share of the whole trajectory's norm.",
    "temporal": "Single nodes over time.",
    "nodal": "The field at some times.",
    "error_map": "Where the prediction errs: root mean square error at each node.",
    "training": "Losses during training.",
}


def render_report(metrics: dict[str, Any], figures: dict[str, bytes]) -> str:
    """HTML page for ``metrics`` (the content of ``metrics.json``) and ``figures`` (PNG files by name)."""
    images = "" if metrics["data"]["images"] is None else _IMAGES_NOTE
    sections = [
        _headline(metrics),
        _section("Errors of all methods", _METHODS_NOTE + images, _methods_table(metrics)),
        _section("Errors per variable", _variables_note(metrics), _variables_table(metrics)),
        _stages(metrics["stages"]),
        _section("Worst runs", "Joint relative L2 error of the prediction.", _worst_table(metrics)),
        "".join(_figure(name, image) for name, image in figures.items()),
        _provenance(metrics),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Evaluation of the surrogate</title><style>{_CSS}</style></head>\n"
        f"<body><main>{''.join(sections)}</main></body></html>\n"
    )


_METHODS_NOTE = (
    "Joint relative L2 error of whole trajectories: ‖prediction − truth‖ / ‖truth‖ after shifting and scaling each "
    "variable by its mean and standard deviation in the training runs. VAE reconstruction and projection floor see "
    "the true field; the floor is what the reduction itself loses. The others see the condition alone."
)
_IMAGES_NOTE = (
    " The references read an image as its principal components over the training runs, whose errors alone decide how "
    "many of them."
)


def _headline(metrics: dict[str, Any]) -> str:
    split, best = metrics["compared_split"], metrics["best_reference"]
    error = metrics["errors"]["prediction"][split]["relative_l2"]["mean"]
    ratio = metrics["ratio_to_best_reference"]
    reference = method_names(metrics["data"])[best["name"]] if best else "none"
    cards = [
        (percent(error), f"mean error of the prediction on {split} runs"),
        (percent(best["relative_l2"]) if best else "–", f"best reference: {reference}"),
        (number(ratio), "surrogate's error as a fraction of the best reference's"),
        (f"{1e3 * metrics['timing']['seconds_for_one_run']:.3g} ms", "to predict one new design"),
    ]
    if ratio is None:
        verdict = "There are no unseen runs, or no references, to compare with."
    elif ratio < 1:
        verdict = "The surrogate is more accurate than every reference."
    else:
        verdict = "A reference is at least as accurate as the surrogate: use it, or train longer or on more runs."
    notes = list(metrics["notes"])
    if split != "test":
        notes.append(f"There are no test runs: the figures below are for {split} runs, which training has used.")
    data = metrics["data"]
    size = (
        f"{data['runs']} runs, {data['timesteps']} timesteps, {data['nodes']} nodes, "
        f"{len(data['variables'])} variable(s): {', '.join(data['variables'])}"
    )
    known = f"Known of a design: {describe_conditions(data)}"
    boxes = "".join(f'<div class="card"><b>{escape(big)}</b><span>{escape(small)}</span></div>' for big, small in cards)
    warnings = "".join(f'<p class="warning">{escape(note)}</p>' for note in notes)
    return (
        f'<h1>Evaluation of the surrogate</h1><p class="note">{escape(size)}. {escape(known)}.</p>'
        f'<div class="cards">{boxes}</div><p class="lead">{escape(verdict)}</p>{warnings}'
    )


def _methods_table(metrics: dict[str, Any]) -> str:
    errors, names = metrics["errors"], method_names(metrics["data"])
    used = [split for split in SPLITS if errors["prediction"][split]["runs"]]
    head = ["Method", *(f"{split}: {measure}" for split in used for measure in ("mean", "median", "max"))]
    body = [
        [
            names[name],
            *(percent(by_split[s]["relative_l2"][m]) for s in used for m in ("mean", "median", "max")),
        ]
        for name, by_split in errors.items()
    ]
    return _table(head, body, own=names["prediction"])


def _variables_note(metrics: dict[str, Any]) -> str:
    return (
        f"On {metrics['compared_split']} runs, in physical units. Relative L2 error on the raw field, and RMSE: "
        "mean over the runs; max error: the largest at any node, time and run; R²: over all values of the split."
    )


def _variables_table(metrics: dict[str, Any]) -> str:
    split, data, names = metrics["compared_split"], metrics["data"], method_names(metrics["data"])
    body = []
    for variable, unit in zip(data["variables"], data["units"], strict=True):
        for name, by_split in metrics["errors"].items():
            one = by_split[split]["variables"][variable]
            body.append(
                [
                    names[name],
                    f"{variable} [{unit}]" if unit else variable,
                    percent(one["relative_l2"]["mean"]),
                    number(one["rmse"]["mean"]),
                    number(one["max_error"]["max"]),
                    "–" if one["r2"] is None else f"{one['r2']:.5f}",
                ]
            )
    return _table(["Method", "Variable", "Relative L2", "RMSE", "Max error", "R²"], body, own=names["prediction"])


def _stages(stages: dict[StageName, dict[str, Any]]) -> str:
    """Errors after each training stage side by side; nothing where they are not known."""
    if not stages:
        return ""
    body = [
        [f"{STAGES[name]}: {by['measure']}", *(percent(by[s]["mean"] if s in by else None) for s in SPLITS)]
        for name, by in stages.items()
    ]
    note = "Mean joint relative L2 error after each stage, of the reconstruction or of the prediction from conditions."
    return _section("Training stages", note, _table(["After stage", *SPLITS], body))


def _worst_table(metrics: dict[str, Any]) -> str:
    body = [[split, run["id"], percent(run["relative_l2"])] for split in SPLITS for run in metrics["worst_runs"][split]]
    return _table(["Split", "Run", "Error"], body)


def _figure(name: str, image: bytes) -> str:
    caption = next(text for key, text in _CAPTIONS.items() if name == key or name.startswith(f"{key}_"))
    return (
        f'<figure><img alt="{escape(caption)}" src="data:image/png;base64,{base64.b64encode(image).decode()}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _provenance(metrics: dict[str, Any]) -> str:
    split_sizes = _table(["Split", "Runs"], [[split, str(len(metrics["split"][split]))] for split in SPLITS])
    known = {key: value for key, value in metrics["surrogate"].items() if key != "history"}
    blocks = {"References": metrics["references"], "Surrogate": known, "Settings": metrics["settings"]}
    details = "".join(
        f"<details><summary>{title}</summary><pre>{escape(_json(content))}</pre></details>"
        for title, content in blocks.items()
    )
    fingerprint = f'<p class="note">Fingerprint of the data: <code>{escape(metrics["data"]["fingerprint"])}</code></p>'
    return f"<h2>Data, settings and versions</h2>{split_sizes}{fingerprint}{details}"


def _json(content: Any) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False)


def _section(title: str, note: str, content: str) -> str:
    return f'<h2>{escape(title)}</h2><p class="note">{escape(note)}</p>{content}'


def _table(head: Sequence[str], body: Iterable[Sequence[str]], own: str | None = None) -> str:
    """A table whose cells are escaped; rows that begin with ``own`` stand out."""
    columns = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    rows = "".join(
        f"<tr{' class=own' if row[0] == own else ''}>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>"
        for row in body
    )
    return f'<div class="scroll"><table><thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table></div>'
