"""Model files that version 2.1.0 wrote are read, and predict the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simulgenvae import Conditions, Study
from simulgenvae.surrogate.surrogate import Surrogate

FOLDER = Path(__file__).with_name("version_2_1")


def test_a_surrogate_of_version_2_1() -> None:
    surrogate = Surrogate.load(Study.open(FOLDER))
    assert surrogate.settings.training.max_grad_norm == 1.0
    assert surrogate.settings.training.performance.channels_last
    scaler = surrogate.condition_scaler
    middle = np.array([scaler.lower, scaler.upper]).mean(axis=0)[None]
    predicted = surrogate.predict(Conditions(("new",), scaler.names, middle))["fields"]
    np.testing.assert_allclose(predicted, np.load(FOLDER / "fields.npy"), rtol=1e-4, atol=1e-4)
