from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from simulgenvae.baselines.deviation_scale import DeviationScale
from simulgenvae.data.dataset import Dataset
from simulgenvae.deployment.write import inputs_of, random_conditions
from simulgenvae.errors import UserError
from simulgenvae.explorer.describe import Origin
from simulgenvae.explorer.description import Evaluation
from simulgenvae.explorer.networks import SAMPLES
from simulgenvae.explorer.twin import make_twin
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.surrogate import Surrogate
from tests.conftest import MakeSettings, MakeWaves
from tests.explorer.conftest import with_gap
from tests.explorer.page_formulas import Page

MakeSurrogate = Callable[..., Surrogate]
ORIGIN = Origin("S", "model-1", "2026-01-01T00:00:00Z", Evaluation(relative_error=0.05, runs=3))
CLOSE = 1e-4


def check(surrogate: Surrogate) -> Page:
    """Compare all that a page computes with ``Surrogate.predict``; return the page."""
    twin = make_twin(surrogate, None, ORIGIN)
    assert 0 <= twin.difference <= CLOSE
    page = Page(twin.container())
    designs = random_conditions(surrogate.condition_scaler, 2)
    known = surrogate.predict(designs, samples=SAMPLES)
    fields = known["fields"].to_numpy()
    span = np.nanmax(fields, axis=(0, 1, 2)) - np.nanmin(fields, axis=(0, 1, 2))
    for row in range(len(designs)):
        found = page.predict(inputs_of(designs.select([row])))
        for name in ("fields", "std", "lower", "upper"):
            expected = known[name].to_numpy()[row]
            np.testing.assert_array_equal(np.isnan(found[name]), np.isnan(expected))
            # The ends of the interval have the differences of fields and spread.
            allowed = CLOSE if name in ("fields", "std") else 3 * CLOSE
            assert np.nanmax(np.abs(found[name] - expected) / span) < allowed, name
        for name in ("novelty", "expected_error"):
            assert (found.get(name) is not None) == (name in known), name
            if name in known:
                assert found[name] == pytest.approx(float(known[name][row]), rel=1e-3)
    return page


@pytest.mark.parametrize(
    ("kind", "weight"),
    [
        ("categories", 0.4),
        ("many components", 0.4),
        ("convolutional", 0.0),
        ("vit", 1.0),
    ],
)
def test_a_page_computes_what_the_surrogate_predicts(
    make_surrogate: MakeSurrogate, kind: str, weight: float
) -> None:
    page = check(make_surrogate(kind, weight))
    assert ("processes" in page.design.outputs) == (weight > 0)


@pytest.mark.parametrize("weight", [0.0, 0.4])
def test_latents_of_a_single_network_are_sampled(
    make_surrogate: MakeSurrogate, weight: float
) -> None:
    surrogate = make_surrogate("table", weight)
    first = surrogate.ensemble.members[:1]
    alone = replace(surrogate.ensemble, members=first, member_weights=(1.0,))
    check(replace(surrogate, ensemble=alone))


def test_two_kernels_share_the_samples(make_surrogate: MakeSurrogate) -> None:
    surrogate = make_surrogate("both", 0.4)
    mixed = replace(surrogate.ensemble.pod_gp, weights=(0.6, 0.4))
    check(replace(surrogate, ensemble=replace(surrogate.ensemble, pod_gp=mixed)))


def test_deviations_that_are_scaled(make_surrogate: MakeSurrogate) -> None:
    surrogate = make_surrogate("table", 0.4)
    pod_gp = copy.deepcopy(surrogate.ensemble.pod_gp)
    for pod_gpr in pod_gp.by_kernel:
        pod_gpr.deviation_scale = DeviationScale(3.0, 1.3, 0.5, 0.1, 2.0, 1.0)
    check(replace(surrogate, ensemble=replace(surrogate.ensemble, pod_gp=pod_gp)))


def test_without_gaussian_processes_and_without_calibration(make_surrogate: MakeSurrogate) -> None:
    surrogate = make_surrogate("table", 0.0)
    bare = replace(surrogate.ensemble, pod_gp=None, calibration=None)
    page = check(replace(surrogate, ensemble=bare))
    assert page.about["calibration"]["runs"] == 0
    assert "not calibrated" in page.about["calibration"]["warning"]


def test_without_a_reduction(make_surrogate: MakeSurrogate) -> None:
    check(make_surrogate("none", 0.4))


def test_without_a_reduction_of_many_values(
    make_surrogate: MakeSurrogate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulgenvae.explorer.state.MOST_PRODUCTS", 100)
    with pytest.raises(UserError, match="train with a reduction"):
        make_twin(make_surrogate("none", 0.4), None, ORIGIN)


def test_one_timestep(make_waves: MakeWaves, make_settings: MakeSettings) -> None:
    check(fit(make_waves(timesteps=1), make_settings(3)))


def test_a_decoder_that_is_a_function_of_position(
    waves: Dataset, make_settings: MakeSettings
) -> None:
    check(fit(waves, make_settings(3, model={"decoder": "field"})))


@pytest.fixture(scope="module")
def masked(make_settings: MakeSettings) -> Surrogate:
    return fit(with_gap(), make_settings(20))


def test_nodes_without_values_and_offsets_in_double_precision(masked: Surrogate) -> None:
    page = check(masked)
    assert page.arrays["state.offsets"].dtype == np.float64
    assert page.about["node_count"] == 20
    np.testing.assert_array_equal(np.flatnonzero(page.arrays["state.valued"] == 0), range(6, 11))


@pytest.fixture(scope="module")
def page_of_a_table(make_surrogate: MakeSurrogate) -> Page:
    return Page(make_twin(make_surrogate("table", 0.4), None, ORIGIN).container())


def test_designs_outside_the_trained_range_have_a_wider_spread(
    make_surrogate: MakeSurrogate, page_of_a_table: Page
) -> None:
    surrogate = make_surrogate("table", 0.4)
    page = page_of_a_table
    designs = random_conditions(surrogate.condition_scaler, 1)
    far = replace(designs, table=designs.table + 2.0)
    found = page.predict(inputs_of(far))
    known = surrogate.predict(far, samples=SAMPLES)
    np.testing.assert_allclose(found["std"], known["std"][0], rtol=2e-3)
    assert found["novelty"] == pytest.approx(float(known["novelty"][0]))
    assert found["novelty"] > page.about["novelty_limit"]


def test_times_between_the_trained_ones(
    make_surrogate: MakeSurrogate, page_of_a_table: Page
) -> None:
    surrogate = make_surrogate("table", 0.4)
    page = page_of_a_table
    assert page.about["continuous_in_time"]
    designs = random_conditions(surrogate.condition_scaler, 1)
    times = np.array([0.3, 0.31])
    known = surrogate.predict(designs, times=times)["fields"].to_numpy()[0]
    found = page.predict(inputs_of(designs), times)["fields"]
    assert np.abs(found - known).max() < CLOSE * np.ptp(known)


def test_the_description(make_surrogate: MakeSurrogate, waves: Dataset) -> None:
    surrogate = make_surrogate("categories")
    twin = make_twin(surrogate, None, ORIGIN)
    about = twin.description
    numbers = {each.name: each for each in about.inputs if each.kind == "number"}
    (category,) = (each for each in about.inputs if each.kind == "category")
    assert category.values == surrogate.condition_scaler.levels[2]
    assert numbers["amplitude"].lower == surrogate.condition_scaler.lower[0]
    assert not numbers["k"].logarithm  # it has a zero
    assert about.times == tuple(surrogate.times.tolist())
    (variable,) = about.variables
    rows = [waves.ids.index(run) for run in surrogate.split.train]
    values = np.stack([waves.run(row) for row in rows])
    assert variable.range == pytest.approx((values.min(), values.max()))
    assert about.evaluation == ORIGIN.evaluation


def test_vectors_are_recognised_by_their_names(
    make_waves: MakeWaves, make_settings: MakeSettings
) -> None:
    waves = replace(make_waves(variables=5), variables=("U_x", "U_y", "T", "DISP_x", "DISP_y"))
    found = make_twin(fit(waves, make_settings(2)), waves.conditions, ORIGIN)
    vectors = {each.name: each for each in found.description.vectors}
    assert vectors["U"].components == (0, 1)
    assert not vectors["U"].is_displacement
    assert vectors["DISP"].components == (3, 4)
    assert vectors["DISP"].is_displacement
    np.testing.assert_array_equal(found.arrays["training.table"], waves.conditions.table)
    assert found.description.training_ids == waves.ids
