"""Quantities of interest in the page: values, bands, limits and a pinned design."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.explorer.browser.conftest import Open, Opened
from tests.explorer.browser.small_models import TIMES, SmallModel, packed, small_model

DESIGN, PINNED = np.array([0.4, 1.0]), np.array([-0.8, 2.0])
WIDTH, PART = 2.0, 0.5
REGION = np.array([3, 40, 41, 70])
WEIGHTS = np.array([0.1, 0.4, 0.3, 0.2])
STEP_WEIGHTS = np.array([0.3, 0.7])
FACTORS = {
    "peak": {"correction": 1.5, "typical": 4.0, "std_factor": 1.2},
    "mean speed": {"correction": 0.0, "typical": 1e-6, "std_factor": 0.9},
    "part": {"correction": -0.5, "typical": 1.0, "std_factor": 1.1},
}


def _numbers(fields: np.ndarray) -> dict[str, float]:
    """Return the quantities of fields ``[T, M, V]``."""
    speed = np.linalg.norm(fields[2:4][:, REGION, 1:], axis=2)
    return {
        "peak": float(fields[..., 0].max()),
        "mean speed": float(STEP_WEIGHTS @ speed @ WEIGHTS),
        "part": float((STEP_WEIGHTS @ fields[2:4][:, REGION, 0].astype(float)).min()),
    }


def _known(model: SmallModel, design: np.ndarray) -> dict[str, tuple[float, float, float]]:
    """Return value, lower and upper end of each quantity."""
    samples = [_numbers(each) for each in model.fields_of_samples(design)]
    found = {}
    for name, value in _numbers(model.fields(design)).items():
        factors = FACTORS[name]
        variance = np.var([each[name] for each in samples], ddof=1)
        spread = np.sqrt((1 - PART) * variance + PART * factors["typical"])
        half = WIDTH * factors["std_factor"] * spread
        middle = value + factors["correction"]
        found[name] = (middle, float(middle - half), float(middle + half))
    return found


def _container(model: SmallModel) -> bytes:
    """Return a container with a whole field, one of rows, and one of modes."""
    limits = _known(model, DESIGN)

    def quantity(name: str, arrays: dict[str, str], **more: Any) -> dict[str, Any]:
        nothing = dict.fromkeys(("modes", "mean", "rows", "weights", "coords"))
        common = {"name": name, "unit": "K", "text": f"{name} (T)", "limit": None, "columns": [0],
                  "one_time": False, "has_time": False}  # fmt: skip
        return common | FACTORS[name] | {"arrays": nothing | arrays} | more

    some = {"steps": "some", "step_weights": "some weights"}
    about = model.description() | {
        "quantities": [
            quantity(
                "peak",
                {"steps": "steps", "step_weights": "step weights", "coords": "coords"},
                statistic="max", has_time=True,
                limit={"value": limits["peak"][2] + 0.1, "comparison": "<"},
            ),
            quantity(
                "mean speed", some | {"rows": "rows", "weights": "weights"},
                statistic="mean", columns=[1, 2], unit="m",
                limit={"value": limits["mean speed"][0], "comparison": ">="},
            ),
            quantity("part", some | {"modes": "own", "mean": "own mean"}, statistic="min", one_time=True),
        ],
        "left_out_quantities": [{"name": "gone", "text": "max(x)", "reason": "there is no variable"}],
        "bands": {"label": "90 % band", "runs": 8, "width": WIDTH, "typical_part": PART,
                  "notes": ["a point is a node"]},
    }  # fmt: skip
    modes = (
        model.basis.reshape(model.rank, -1, len(model.variables))[:, REGION, :1] * model.factor[0]
    )
    arrays = {
        "steps": np.arange(len(TIMES), dtype=np.uint32),
        "step weights": np.full(len(TIMES), 1 / len(TIMES)),
        "coords": model.mesh.points[:, :2].astype(np.float32),
        "some": np.array([2, 3], np.uint32),
        "some weights": STEP_WEIGHTS,
        "rows": REGION.astype(np.uint32),
        "weights": WEIGHTS,
        "own": np.ascontiguousarray(modes.transpose(1, 2, 0), np.float32),
        "own mean": model.mean.reshape(-1, len(model.variables))[REGION, :1].astype(np.float64),
    }
    return packed(about, model.arrays() | arrays)


@pytest.fixture(scope="module")
def page(open_page: Open) -> Opened:
    return open_page(_container(small_model("plate")))


@pytest.mark.parametrize("design", [DESIGN, PINNED])
def test_values_and_bands_are_those_of_the_fields(page: Opened, design: np.ndarray) -> None:
    model = small_model("plate")
    page.set(f"{{design: {{parameters: {design.tolist()}, image: null}}, pinned: null}}")
    found = page.page.evaluate("window.explorer.quantities")
    for one, expected in zip(found, _known(model, design).values(), strict=True):
        assert [one["value"], one["lower"], one["upper"]] == pytest.approx(expected, rel=1e-5)
    fields = model.fields(design)[..., 0]
    time, node = np.unravel_index(fields.argmax(), fields.shape)
    assert found[0]["time"] == time
    assert found[0]["place"] == pytest.approx(model.mesh.points[node, :2].tolist())
    assert [found[1]["time"], found[2]["place"]] == [None, None]


def test_quantities_of_a_design_beyond_what_the_model_can_say(page: Opened) -> None:
    page.set("{design: {parameters: [1e39, 0], image: null}, pinned: null}")
    for one in page.page.evaluate("window.explorer.quantities"):
        assert np.isnan(one["value"])
        assert [one[name] for name in ("std", "lower", "upper")] == [np.inf, -np.inf, np.inf]
        assert [one["time"], one["place"]] == [None, None]
    shown = page.page.inner_text("#quantities")
    assert shown.count("90 % band: −∞ to ∞") == 3
    verdicts = page.page.locator(".verdict:visible").all_inner_texts()
    assert [text.split(": ")[1] for text in verdicts] == ["not certain", "not certain"]


def test_a_small_value_in_a_very_wide_band_is_not_zero(page: Opened) -> None:
    # Fields are linear in the input, and the spread grows with its square.
    page.set("{design: {parameters: [1e9, 0], image: null}, pinned: null}")
    (peak, *_) = page.page.evaluate("window.explorer.quantities")
    assert 0 < peak["value"] < 1e-6 * peak["upper"]
    shown = page.page.locator("#quantities .gauge-number").first.inner_text()
    assert float(shown.split()[0]) == pytest.approx(peak["value"], rel=1e-2)


def test_limits_and_what_is_left_out_are_told_in_words(page: Opened) -> None:
    page.set(f"{{design: {{parameters: {DESIGN.tolist()}, image: null}}, pinned: null}}")
    verdicts = page.page.locator(".verdict:visible").all_inner_texts()
    assert [text.split(": ")[1] for text in verdicts] == ["yes", "not certain"]
    assert verdicts[0].startswith("below ")
    assert verdicts[1].startswith("at least ")
    shown = page.page.inner_text("#quantities")
    assert "90 % band: " in shown
    assert re.search(r"the largest value is at t = \S+ s, at \(\S+, \S+\) m", shown)
    assert "“gone” (max(x)) is not in this page: there is no variable." in shown
    assert "A point is a node." in shown
    assert "computed" not in shown


def test_a_pinned_design_is_compared_also_in_the_table(page: Opened, tmp_path: Path) -> None:
    model = small_model("plate")
    page.set(
        f"{{design: {{parameters: {DESIGN.tolist()}, image: null}},"
        f"pinned: {{parameters: {PINNED.tolist()}, image: null}}}}"
    )
    assert page.page.inner_text("#quantities").count("Difference, this − pinned: ") == 3
    table = page.download("CSV", tmp_path, "#quantities-head")
    rows = list(csv.DictReader(table.open(encoding="utf-8")))
    this, pinned = _known(model, DESIGN), _known(model, PINNED)
    for row, name in zip(rows, this, strict=True):
        assert row["quantity"] == name
        numbers = [float(row[key]) for key in ("value", "lower", "upper")]
        assert numbers == pytest.approx(this[name], rel=1e-5)
        assert float(row["pinned_upper"]) == pytest.approx(pinned[name][2], rel=1e-5)
        change = this[name][0] - pinned[name][0]
        assert float(row["difference"]) == pytest.approx(change, abs=1e-4)
    assert [row["limit kept"] for row in rows] == ["yes", "not certain", ""]
    assert float(rows[0]["time [s]"]) in TIMES


def test_a_new_design_interrupts_and_the_last_one_is_measured(page: Opened) -> None:
    for first in (0.1, 0.2, 0.3):
        page.page.evaluate(
            f"window.explorer.set({{design: {{parameters: [{first}, 0], image: null}}}})"
        )
    page.complete()
    (peak, *_) = page.page.evaluate("window.explorer.quantities")
    expected = _known(small_model("plate"), np.array([0.3, 0.0]))["peak"]
    assert peak["value"] == pytest.approx(expected[0], rel=1e-5)


def test_a_page_without_quantities_has_no_card(plate: Opened) -> None:
    assert not plate.page.locator("#quantities-section").is_visible()
