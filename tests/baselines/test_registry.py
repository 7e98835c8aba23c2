"""A baseline that is added from outside the package, as the package's docstring says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from simulgenvae.baselines import BASELINES, Baseline, BaselineSpec, Coefficients, Inputs, register


class LastRun(Baseline):
    """The last training run, whatever the conditions."""

    def _learn(self, x: Inputs, flat: Coefficients, components: int) -> None:
        self._runs = len(x)

    def weights(self, x: Inputs) -> np.ndarray:
        return np.eye(self._runs)[[-1] * len(x)]


LAST_RUN = BaselineSpec("last_run", LastRun, "Last run", "#123456", "The last training run.")


@pytest.fixture
def last_run() -> Iterator[BaselineSpec]:
    before = dict(BASELINES)
    register(LAST_RUN)
    yield LAST_RUN
    BASELINES.clear()
    BASELINES.update(before)


def test_a_baseline_can_be_added_from_outside(last_run: BaselineSpec) -> None:
    assert list(BASELINES)[-1] == "last_run"  # after those of the package
    x = np.arange(6.0).reshape(3, 2)
    coefficients = np.arange(24, dtype=np.float32).reshape(3, 4, 2)
    baseline = BASELINES["last_run"].baseline()
    baseline.fit(x, coefficients)
    assert np.array_equal(baseline.predict(x[:2]), coefficients[[2, 2]])


def test_tables_and_figures_know_it(last_run: BaselineSpec) -> None:
    from simulgenvae.evaluation.methods import method_color, methods
    from simulgenvae.evaluation.results import Combination, DataSummary, EvaluationResult

    assert method_color("last_run") == "#123456"
    # Methods read only these parts of a result.
    construct: Any = EvaluationResult.model_construct
    summary: Any = DataSummary.model_construct
    result = construct(
        data=summary(parameters=("p",), images=None),
        combination=Combination(members=1, weight=0.0, gaussian_processes="none"),
        errors={"last_run": {}, "prediction": {}},
    )
    assert methods(result)[-1].title == last_run.title


def test_every_entry_has_its_own_name_and_colour() -> None:
    assert all(spec.name == name for name, spec in BASELINES.items())
    assert len({spec.color for spec in BASELINES.values()}) == len(BASELINES)
