"""Real surrogates in the browser: their values are those of ``Surrogate.predict``."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from simulgenvae.deployment.write import inputs_of, random_conditions
from simulgenvae.explorer.describe import Origin
from simulgenvae.explorer.networks import SAMPLES
from simulgenvae.explorer.twin import make_twin
from simulgenvae.quantities import default_texts
from simulgenvae.surrogate.surrogate import Surrogate
from tests.explorer.browser.conftest import Open
from tests.explorer.browser.shown import CLOSE, require_shown

ORIGIN = Origin("S", "model-1", "2026-01-01T00:00:00Z", None)


@pytest.mark.slow
def test_the_page_shows_what_the_surrogate_predicts(
    make_surrogate: Callable[..., Surrogate], open_page: Open
) -> None:
    surrogate = make_surrogate("both", 0.4)
    designs = random_conditions(surrogate.condition_scaler, 3)
    page = open_page(make_twin(surrogate, designs, ORIGIN).container())
    design = designs.select([0])
    known = surrogate.predict(design, samples=SAMPLES)
    inputs = inputs_of(design)
    image = f"{{data: Uint8Array.from({inputs['images'].ravel().tolist()}), training: null}}"
    parameters = json.dumps(inputs["parameters"].ravel().tolist())
    last = len(surrogate.times) - 1
    page.set(
        f"{{design: {{parameters: {parameters}, image: {image}}}, time: {last}, shown: 'std'}}"
    )
    require_shown(page, known, last)
    scores = page.page.evaluate("[window.explorer.novelty, window.explorer.study.expectedError]")
    assert scores[0] == pytest.approx(float(known["novelty"][0]), rel=1e-3)
    assert scores[1] == pytest.approx(float(known["expected_error"][0]), rel=1e-3)
    between = 0.5 * (surrogate.times[1] + surrogate.times[2])
    known_between = surrogate.predict(design, times=np.array([between]))["fields"].to_numpy()
    page.set("{time: 1.5}")
    for v in range(len(surrogate.variables)):
        apart = np.array(page.values(v, "prediction")) - known_between[0, 0, :, v]
        assert np.abs(apart).max() < CLOSE * np.ptp(known["fields"].to_numpy()[..., v])
    quantities = surrogate.quantities(design, default_texts(surrogate.variables))
    found_quantities = page.page.evaluate("window.explorer.quantities")
    assert len(found_quantities) == 2 * len(surrogate.variables)
    for q, found_quantity in enumerate(found_quantities):
        expected_quantity = quantities.isel(run=0, quantity=q)
        for name in ("value", "std", "lower", "upper"):
            allowed = CLOSE * abs(float(expected_quantity["value"]))
            assert abs(found_quantity[name] - float(expected_quantity[name])) < allowed, name
