"""Quantities of interest as a page computes them from its container."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import Split
from simulgenvae.deployment.write import inputs_of, random_conditions
from simulgenvae.explorer.describe import Origin
from simulgenvae.explorer.network_files import NetworkFiles
from simulgenvae.explorer.networks import SAMPLES, networks_of
from simulgenvae.explorer.twin import make_twin
from simulgenvae.quantities import default_texts
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.quantities import quantity_predictor
from simulgenvae.surrogate.surrogate import Surrogate
from tests.conftest import MakeSettings
from tests.explorer.conftest import with_gap
from tests.explorer.page_formulas import Page

MakeSurrogate = Callable[..., Surrogate]
ORIGIN = Origin("S", "model-1", "2026-01-01T00:00:00Z", None)
CLOSE = 1e-4


def check(surrogate: Surrogate, texts: dict[str, str], designs: Conditions | None = None) -> Page:
    """Compare quantities of a page with those of ``Surrogate.quantities``; return the page."""
    page = Page(make_twin(surrogate, None, ORIGIN, texts).container())
    assert not page.about["left_out_quantities"]
    designs = designs or random_conditions(surrogate.condition_scaler, 3)
    known = surrogate.quantities(designs, texts or default_texts(surrogate.variables))
    for row in range(len(designs)):
        found = page.quantities(inputs_of(designs.select([row])))
        assert [each["name"] for each in page.about["quantities"]] == list(known["quantity"].values)
        for q, quantity in enumerate(found):
            expected = known.isel(run=row, quantity=q)
            size = max(abs(float(expected["value"])), float(expected["std"]))
            for name in ("value", "std", "lower", "upper"):
                apart = abs(quantity[name] - float(expected[name]))
                assert apart < CLOSE * size, (known["quantity"].values[q], name)
            time = float(expected["time"])
            assert quantity["time"] == (None if np.isnan(time) else time)
            place = expected["place"].to_numpy()
            if quantity["place"] is None:
                assert np.isnan(place).all()
            else:
                np.testing.assert_allclose(quantity["place"], place, rtol=1e-6)
    return page


EVERY_KIND = {
    "peak": "max(field) < 2",
    "least": "min(field, times=(0.3, 1))",
    "part": "max(field, nodes=(3, 5, 7)) >= -1.5",
    "mean": "mean(field)",
    "early mean": "mean(field, times=(0, 0.4))",
    "integral": "integral(field, box=(0.1, 0.4))",
    "at a node": "max(field, node=4)",
    "at a time": "max(field, time=0.37)",
    "probe": "value(field, point=0.51, time=0.61)",
}
VECTOR = {
    "speed": "max(mag(v, w))",
    "mean speed": "mean(mag(v, w), nodes=(0, 1, 4, 5))",
    "speed at a point": "value(mag(v, w), node=7, time=0.3)",
    "peak of both": "max(w)",
}


@pytest.fixture(autouse=True, scope="module")
def _networks_once() -> Iterator[None]:
    """Export the networks of an ensemble once: it takes most of the time, and does not differ."""
    known: dict[tuple[object, ...], NetworkFiles] = {}

    def kept(surrogate: Surrogate, *rest: Any) -> NetworkFiles:
        ensemble = surrogate.ensemble
        key = (*map(id, ensemble.members), id(ensemble.pod_gp), ensemble.gp_weight)
        if key not in known:
            known[key] = networks_of(surrogate, *rest)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simulgenvae.explorer.twin.networks_of", kept)
        yield


@pytest.fixture(params=["own modes", "decoded fields"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let quantities of small fields have modes of their own, or none."""
    few = 10**6 if request.param == "own modes" else 1
    for name, value in (("FEW_VALUES", few), ("PART_OF_FIELD", 0)):
        monkeypatch.setattr(f"simulgenvae.explorer.quantities.{name}", value)


@pytest.fixture(scope="module")
def calibrated(waves: Dataset, make_settings: MakeSettings) -> Surrogate:
    """Return a surrogate of two networks with three validation runs."""
    split = Split(waves.ids[:7], waves.ids[7:10], waves.ids[10:])
    return fit(waves, make_settings(20, end_to_end={"members": 2}), split=split)


@pytest.mark.usefixtures("_way")
def test_every_kind_is_that_of_the_surrogate(calibrated: Surrogate) -> None:
    page = check(calibrated, EVERY_KIND)
    limits = {each["name"]: each["limit"] for each in page.about["quantities"]}
    assert limits["peak"] == {"value": 2.0, "comparison": "<"}
    assert limits["part"] == {"value": -1.5, "comparison": ">="}
    assert limits["mean"] is None
    assert page.about["bands"]["runs"] == 3
    assert any(each["correction"] for each in page.about["quantities"])


@pytest.mark.usefixtures("_way")
def test_magnitudes_of_mirrored_designs(make_surrogate: MakeSurrogate) -> None:
    surrogate = replace(make_surrogate("both", 0.4), variables=("v", "w"))
    check(surrogate, VECTOR)


def test_without_a_reduction(make_surrogate: MakeSurrogate) -> None:
    check(make_surrogate("none", 0.4), EVERY_KIND)


def test_nodes_without_values_and_offsets(make_settings: MakeSettings) -> None:
    surrogate = fit(with_gap(), make_settings(20))
    page = check(
        surrogate,
        {"peak": "max(p)", "part": "mean(p, nodes=(4, 5, 11))", "probe": "max(T, node=12)"},
    )
    designs = random_conditions(surrogate.condition_scaler, 1)
    (peak, *_) = page.quantities(inputs_of(designs))
    (known,) = surrogate.quantities(designs, {"peak": "max(p)"})["value"].to_numpy()
    # Single precision would not hold the variation.
    assert peak["value"] == pytest.approx(known[0], abs=1e-5)


@pytest.mark.usefixtures("_way")
def test_outside_the_trained_range_and_without_calibration(calibrated: Surrogate) -> None:
    designs = random_conditions(calibrated.condition_scaler, 1)
    far = replace(designs, table=designs.table + 2.0)
    check(calibrated, EVERY_KIND, far)
    bare = replace(calibrated, ensemble=replace(calibrated.ensemble, held_out=None))
    page = check(bare, EVERY_KIND, far)
    assert page.about["bands"]["runs"] == 0
    assert "not calibrated" in page.about["bands"]["notes"][0]


def test_a_single_network_has_as_many_samples_as_the_fields(make_surrogate: MakeSurrogate) -> None:
    surrogate = make_surrogate("table", 0.4)
    first = surrogate.ensemble.members[:1]
    alone = replace(
        surrogate, ensemble=replace(surrogate.ensemble, members=first, member_weights=(1.0,))
    )
    page = Page(make_twin(alone, None, ORIGIN, EVERY_KIND).container())
    designs = random_conditions(alone.condition_scaler, 1)
    prediction = alone.ensemble.predict(designs, alone.times, latent_samples=SAMPLES)
    known = quantity_predictor(alone, EVERY_KIND).of_prediction(prediction)
    for q, found in enumerate(page.quantities(inputs_of(designs))):
        assert found["value"] == pytest.approx(known.values[0, q], rel=CLOSE)
        assert found["std"] == pytest.approx(known.std[0, q], rel=1e-3)


def test_the_usual_ones_without_a_declaration(calibrated: Surrogate) -> None:
    page = check(calibrated, {})
    assert [each["text"] for each in page.about["quantities"]] == ["max(field)", "mean(field)"]


def test_what_cannot_be_taken_along_is_named(calibrated: Surrogate, tmp_path: Path) -> None:
    (tmp_path / "wall.txt").write_text("1\n2\n")
    texts = {
        "wall": "mean(field, nodes='wall.txt')",
        "gone": "mean(field, nodes='gone.txt')",
        "wrong": "max(heat)",
    }
    twin = make_twin(calibrated, None, ORIGIN, texts, tmp_path)
    assert [each.name for each in twin.description.quantities] == ["wall"]
    gone, wrong = twin.description.left_out_quantities
    assert gone.name == "gone"
    assert "gone.txt" in gone.reason
    assert wrong.reason.startswith("there is no variable 'heat'")


def test_a_mean_of_many_nodes_is_one_mode(
    calibrated: Surrogate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulgenvae.explorer.quantities._BLOCK_ROWS", 7)
    page = check(calibrated, {"mean": "mean(field)", "twice": "mean(field) < 3"})
    one, other = (each["arrays"] for each in page.about["quantities"])
    assert page.arrays[one["modes"]].shape == (1, 1, calibrated.reduction.rank)
    assert one == other
