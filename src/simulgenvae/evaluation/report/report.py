"""The evaluation as one self-contained HTML page: no links out of it, no scripts, every string from
data escaped."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

from simulgenvae.evaluation.combination import Combination
from simulgenvae.evaluation.figures import latents as latent_figures
from simulgenvae.evaluation.figures import mesh_figures as rendered
from simulgenvae.evaluation.figures import uncertainty as uncertainty_figures
from simulgenvae.evaluation.figures.make import CAPTIONS
from simulgenvae.evaluation.presentation import (
    SPLITS,
    STAGES,
    describe_conditions,
    method_names,
    number,
    percent,
    sentence,
    shown_errors,
)
from simulgenvae.evaluation.report.check_sections import physics_section, sensitivity_section
from simulgenvae.evaluation.report.html import chapters, figure, folded, page, section, table
from simulgenvae.evaluation.report.latent_section import latent_section
from simulgenvae.evaluation.report.uncertainty_section import uncertainty_section
from simulgenvae.evaluation.verdict import Verdict
from simulgenvae.surrogate.ensemble import interval_label, interval_warning

if TYPE_CHECKING:
    from simulgenvae.settings.training import StageName


def render_report(metrics: dict[str, Any], figures: dict[str, bytes]) -> str:
    """HTML page for ``metrics`` (the content of ``metrics.json``) and ``figures`` (PNG and GIF
    files by name)."""

    def drawn(*kinds: str) -> str:
        of_kind = ((_kind(name), image) for name, image in figures.items())
        return "".join(figure(image, CAPTIONS[kind]) for kind, image in of_kind if kind in kinds)

    images = "" if metrics["data"]["images"] is None else _IMAGES_NOTE
    contents = {
        "On the mesh": _on_mesh(metrics["not_rendered"], drawn(*rendered.CAPTIONS)),
        "Errors": section("Errors of all methods", _METHODS_NOTE + images, _methods_table(metrics))
        + drawn("references", "error_over_time")
        + section("Errors per variable", _variables_note(metrics), _variables_table(metrics))
        + section("Worst runs", "Joint relative L2 error of the prediction.", _worst_table(metrics))
        + drawn("runs"),
        "Fields": _headed("Fields", drawn("temporal", "nodal", "error_map")),
        "Uncertainty": uncertainty_section(
            metrics["uncertainty"], Combination.from_metrics(metrics)
        )
        + drawn(*uncertainty_figures.CAPTIONS),
        "Physics checks": physics_section(metrics["physics"]) + drawn("physics"),
        "Conditioning": sensitivity_section(metrics["sensitivity"]) + drawn("sensitivity"),
        "Latents": latent_section(metrics["latents"]) + drawn(*latent_figures.CAPTIONS),
        "Training": _stages(metrics["stages"]) + drawn("training"),
        "Data, settings and versions": _provenance(metrics),
    }
    return page("Evaluation of the surrogate", _headline(metrics) + chapters(contents))


def _kind(name: str) -> str:
    """The entry of ``CAPTIONS`` that the file of a figure belongs to."""
    return next(kind for kind in CAPTIONS if name.startswith((f"{kind}.", f"{kind}_")))


def _on_mesh(not_rendered: str | None, pictures: str) -> str:
    note = (
        ""
        if not_rendered is None
        else f'<p class="note">No pictures on the mesh: {escape(not_rendered)}</p>'
    )
    return _headed("On the mesh", note + pictures)


def _headed(title: str, content: str) -> str:
    return f"<h2>{escape(title)}</h2>{content}" if content else ""


_METHODS_NOTE = (
    "Joint relative L2 error of whole trajectories: ‖prediction − truth‖ / ‖truth‖ after "
    "shifting and scaling each variable by its mean and standard deviation in the training runs. "
    "VAE reconstruction and projection floor see the true field; the floor is what the reduction "
    "itself loses. The others see the condition alone. The surrogate's prediction combines its "
    "networks and its Gaussian processes, each of which stands alone below it."
)
_IMAGES_NOTE = (
    " The baselines read an image as its principal components over the training runs, whose "
    "errors alone decide how many of them."
)


def _headline(metrics: dict[str, Any]) -> str:
    split, best = metrics["compared_split"], metrics["best_reference"]
    error = metrics["errors"]["prediction"][split]["relative_l2"]["mean"]
    baseline = method_names(metrics)[best["name"]] if best else "none"
    uncertainty, combination = metrics["uncertainty"], Combination.from_metrics(metrics)
    covered, runs = uncertainty.get(split, {}).get("coverage"), uncertainty["calibration_runs"]
    cards = [
        (percent(error), f"mean error of the prediction on {split} runs"),
        (percent(best["relative_l2"]) if best else "–", f"best baseline: {baseline}"),
        (
            number(metrics["ratio_to_best_reference"]),
            "surrogate's error as a fraction of the best baseline's",
        ),
        (
            combination.weight_text,
            "weight of Gaussian processes beside the networks in the prediction",
        ),
        (percent(covered), f"of {split} values inside their {interval_label(runs)}"),
        (f"{1e3 * metrics['timing']['seconds_for_one_run']:.3g} ms", "to predict one new design"),
    ]
    verdict, notes = Verdict.from_metrics(metrics).sentence(), list(metrics["notes"])
    if covered is not None and (doubt := interval_warning(runs, uncertainty["left_out_coverage"])):
        notes.append(sentence(doubt))
    if split != "test":
        notes.append(
            f"There are no test runs: the figures below are for {split} runs, which training has "
            "used."
        )
    data = metrics["data"]
    size = (
        f"{data['runs']} runs, {data['timesteps']} timesteps, {data['nodes']} nodes, "
        f"{len(data['variables'])} variable(s): {', '.join(data['variables'])}"
    )
    known = f"Known of a design: {describe_conditions(data)}"
    boxes = "".join(
        f'<div class="card"><b>{escape(big)}</b><span>{escape(small)}</span></div>'
        for big, small in cards
    )
    warnings = "".join(f'<p class="warning">{escape(note)}</p>' for note in notes)
    return (
        f'<h1>Evaluation of the surrogate</h1><p class="note">{escape(size)}. {escape(known)}.</p>'
        f'<div class="cards">{boxes}</div><p class="lead">{escape(verdict)}</p>{warnings}'
    )


def _methods_table(metrics: dict[str, Any]) -> str:
    errors, names = shown_errors(metrics), method_names(metrics)
    used = [split for split in SPLITS if errors["prediction"][split]["runs"]]
    head = [
        "Method",
        *(f"{split}: {measure}" for split in used for measure in ("mean", "median", "max")),
    ]
    body = [
        [
            names[name],
            *(
                percent(by_split[s]["relative_l2"][m])
                for s in used
                for m in ("mean", "median", "max")
            ),
        ]
        for name, by_split in errors.items()
    ]
    return table(head, body, own=names["prediction"])


def _variables_note(metrics: dict[str, Any]) -> str:
    return (
        f"On {metrics['compared_split']} runs, in physical units. Relative L2 error on the raw "
        "field, and RMSE: mean over the runs; max error: the largest at any node, time and run; "
        "R²: over all values of the split."
    )


def _variables_table(metrics: dict[str, Any]) -> str:
    split, data, names = metrics["compared_split"], metrics["data"], method_names(metrics)
    body = []
    for variable, unit in zip(data["variables"], data["units"], strict=True):
        for name, by_split in shown_errors(metrics).items():
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
    return table(
        ["Method", "Variable", "Relative L2", "RMSE", "Max error", "R²"],
        body,
        own=names["prediction"],
    )


def _stages(stages: dict[StageName, dict[str, Any]]) -> str:
    """Errors after each training stage side by side; nothing where they are not known."""
    if not stages:
        return ""
    body = [
        [
            f"{STAGES[name]}: {by['measure']}",
            *(percent(by[s]["mean"] if s in by else None) for s in SPLITS),
        ]
        for name, by in stages.items()
    ]
    note = (
        "Mean joint relative L2 error after each stage: of the reconstruction, or of what the "
        "networks alone predict from conditions."
    )
    return section("Training stages", note, table(["After stage", *SPLITS], body))


def _worst_table(metrics: dict[str, Any]) -> str:
    body = [
        [split, run["id"], percent(run["relative_l2"])]
        for split in SPLITS
        for run in metrics["worst_runs"][split]
    ]
    return table(["Split", "Run", "Error"], body)


def _provenance(metrics: dict[str, Any]) -> str:
    split_sizes = table(
        ["Split", "Runs"], [[split, str(len(metrics["split"][split]))] for split in SPLITS]
    )
    known = {key: value for key, value in metrics["surrogate"].items() if key != "history"}
    blocks = {
        "Baselines": metrics["references"],
        "Surrogate": known,
        "Settings": metrics["settings"],
    }
    details = "".join(
        folded(title, f"<pre>{escape(_json(content))}</pre>") for title, content in blocks.items()
    )
    fingerprint = f'<p class="note">Fingerprint of the data: <code>{escape(metrics["data"]["fingerprint"])}</code></p>'
    return f"<h2>Data, settings and versions</h2>{split_sizes}{fingerprint}{details}"


def _json(content: Any) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False)
