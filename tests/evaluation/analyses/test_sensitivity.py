"""Inputs that matter raise the error when exchanged; both analyses work on a trained surrogate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.images import Images
from simulgenvae.evaluation.analyses.permutation import input_names, permutation
from simulgenvae.evaluation.analyses.sensitivity import CoarseFields, sensitivity
from simulgenvae.evaluation.metrics import VariableScale
from simulgenvae.evaluation.results.sensitivity import Sensitivity
from simulgenvae.settings import Settings
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.quantities import quantity_predictor
from simulgenvae.surrogate.surrogate import Surrogate

UNIT = VariableScale(np.zeros(1), np.ones(1))


def everywhere(values: np.ndarray) -> np.ndarray:
    """Return a field ``[n, 2, 3, 1]`` that is the same at all times and nodes."""
    return np.broadcast_to(values[:, None, None, None], (len(values), 2, 3, 1)).astype(np.float32)


def test_permutation_names_the_input_that_matters(grey: Images) -> None:
    table = np.random.default_rng(1).uniform(1.0, 2.0, (10, 2))
    conditions = Conditions(tuple(map(str, range(10))), ("used", "idle"), table, grey)
    assert input_names(conditions) == ["used", "idle", "image"]

    def predict(given: Conditions) -> np.ndarray:
        assert given.images is not None
        return everywhere(given.table[:, 0] + given.images.pixels.mean(axis=(1, 2, 3)))

    found = permutation(predict, conditions, predict(conditions), UNIT, [])
    assert found is not None
    assert found.error == 0.0
    rise = {name: one.rise for name, one in found.inputs.items()}
    assert rise["idle"] == 0.0
    assert rise["image"] > rise["used"] > 0.001
    assert permutation(predict, conditions, predict(conditions), UNIT, []) == found


def test_no_run_keeps_its_own_when_exchanged() -> None:
    """With one-hot conditions every exchanged run is wrong: the error is that of wrong runs."""
    conditions = Conditions(("a", "b", "c"), ("p",), np.array([[1.0], [2.0], [4.0]]))
    seen: list[np.ndarray] = []

    def predict(given: Conditions) -> np.ndarray:
        seen.append(given.table[:, 0])
        return everywhere(given.table[:, 0])

    permutation(predict, conditions, everywhere(conditions.table[:, 0]), UNIT, [])
    assert len(seen) == 3
    for exchanged in seen[1:]:
        assert sorted(exchanged) == [1.0, 2.0, 4.0]
        assert (exchanged != [1.0, 2.0, 4.0]).all()


def test_one_run_cannot_be_exchanged() -> None:
    notes: list[str] = []
    one = Conditions(("a",), ("p",), np.ones((1, 1)))
    assert (
        permutation(
            lambda given: everywhere(given.table[:, 0]),
            one,
            np.ones((1, 2, 3, 1), np.float32),
            UNIT,
            notes,
        )
        is None
    )
    assert "two runs at least" in notes[0]


@pytest.fixture(scope="module", params=["modulated", "convolutional"])
def trained(
    request: pytest.FixtureRequest, waves: Dataset, make_settings: Callable[..., Settings]
) -> Surrogate:
    return fit(waves, make_settings(2, model={"decoder": request.param}))


def test_coarse_view_is_a_part_of_the_whole_prediction(trained: Surrogate, waves: Dataset) -> None:
    view = CoarseFields.of(trained, waves.shape[1:])
    whole = trained.predict(waves.conditions)["fields"].to_numpy()
    coarse = view.predict(waves.conditions)
    np.testing.assert_allclose(coarse, whole[:, view.steps][:, :, view.nodes], rtol=1e-4)
    assert view.steps[[0, -1]].tolist() == [0, 7]


def test_surrogate_from_end_to_end(trained: Surrogate, waves: Dataset) -> None:
    rows = trained.split.rows(waves.ids)
    scale = VariableScale.fit(waves.run(int(row)) for row in rows["train"])
    predictor = quantity_predictor(trained, {"peak": "max(field)"})
    found = sensitivity(
        trained,
        waves,
        {**rows, "test": rows["train"][:4]},
        "test",
        scale,
        quantities=predictor,
    )
    assert found.inputs == ("amplitude", "speed")
    assert found.sobol is not None
    assert list(found.sobol.quantities) == ["peak"]
    assert found.permutation is not None
    assert found.permutation.runs == 4
    assert Sensitivity.model_validate_json(found.model_dump_json()) == found
