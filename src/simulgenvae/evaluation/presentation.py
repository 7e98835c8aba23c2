"""How results are named, coloured and written for people: shared by the figures and the report."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from io import BytesIO
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from simulgenvae.baselines import BASELINES
from simulgenvae.data.images import ImageFormat
from simulgenvae.evaluation.combination import Combination

if TYPE_CHECKING:
    from simulgenvae.settings.training import StageName

_OWN_METHODS = {
    "prediction": "Surrogate",
    "networks": "Networks alone",
    "gaussian_processes": "Gaussian processes alone",
    "reconstruction": "VAE reconstruction",
    "projection_floor": "POD projection floor",
}
"""Names of the surrogate's own entries in ``errors`` of ``metrics.json``. The first combines the
next two; the baselines follow."""

STAGES: dict[StageName, str] = {
    "vae": "VAE",
    "conditioner": "Conditioner",
    "end_to_end": "End to end",
}

SPLITS = ("train", "validation", "test")

# Okabe & Ito (2008): told apart with every common form of colour blindness.
TRUTH, PREDICTION, RECONSTRUCTION = "#000000", "#D55E00", "#0072B2"
_OWN_STYLES = {
    "prediction": (PREDICTION, "-"),
    "networks": ("#E69F00", "-"),
    "gaussian_processes": ("#009E73", "-"),
    "reconstruction": (RECONSTRUCTION, "-"),
    "projection_floor": ("#000000", ":"),
}
SPLIT_STYLES = {
    "train": ("#999999", "o"),
    "validation": ("#56B4E9", "s"),
    "test": (PREDICTION, "^"),
}
"""Colour and marker of the runs of every split."""


def methods() -> dict[str, str]:
    """Return the names of all methods in a study of parameters: the surrogate's, the baselines'."""
    return _OWN_METHODS | {name: spec.title for name, spec in BASELINES.items()}


def method_styles() -> dict[str, tuple[str, str]]:
    """Return colour and line style of every method, baselines included."""
    return _OWN_STYLES | {name: (spec.color, spec.line) for name, spec in BASELINES.items()}


def method_names(metrics: Mapping[str, Any]) -> dict[str, str]:
    """Return the names of all methods, which say what is known of a design and how the prediction
    is combined.

    ``metrics`` is the content of ``metrics.json``.
    """
    images, parameters = metrics["data"]["images"] is not None, bool(metrics["data"]["parameters"])
    own = _OWN_METHODS | Combination.from_metrics(metrics).method_names()
    return own | {
        name: spec.title_for(parameters=parameters, images=images)
        for name, spec in BASELINES.items()
    }


def shown_errors(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``errors`` of ``metrics.json`` in the order of tables: the prediction first, then its
    two parts, the baselines last."""
    errors = metrics["errors"]
    return {name: errors[name] for name in methods() if name in errors}


def describe_conditions(data: dict[str, Any]) -> str:
    """What is known of a design; ``data`` is that entry of ``metrics.json``."""
    parts = []
    if data["parameters"]:
        parts.append(f"{len(data['parameters'])} parameter(s): {', '.join(data['parameters'])}")
    if data["images"] is not None:
        image = ImageFormat.from_dict(data["images"])
        parts.append(f"one image: {image}, read as {image.size} x {image.size}")
    return "; ".join(parts)


def percent(value: float | None) -> str:
    """A fraction as a percentage with three significant digits; a dash where there is none."""
    if value is None:
        return "–"
    scaled = 100 * value
    return f"{scaled:.0f} %" if scaled >= 1000 else f"{scaled:#.3g}".rstrip(".") + " %"


def number(value: Any) -> str:
    """A number with four significant digits; a dash where there is none."""
    return "–" if value is None else f"{value:.4g}"


def sentence(clause: str) -> str:
    """A clause with a capital letter and a full stop."""
    return f"{clause[:1].upper()}{clause[1:]}."


def quantity(name: str, unit: str) -> str:
    """A variable with its unit, as text that matplotlib does not read as a formula."""
    return literal(f"{name} [{unit}]" if unit else name)


def literal(text: str) -> str:
    """Text from data for matplotlib, where a pair of dollar signs would start a formula."""
    return text.replace("$", r"\$")


def compared_split(rows: Mapping[str, Sized]) -> str:
    """The split, of those with runs, that nothing has seen: test, else validation, else
    training."""
    return next(split for split in reversed(SPLITS) if split == "train" or len(rows.get(split, ())))


def png(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    buffer = BytesIO()
    figure.set_dpi(110)
    FigureCanvasAgg(figure).print_png(buffer)  # type: ignore[no-untyped-call] # savefig would draw twice
    return buffer.getvalue()
