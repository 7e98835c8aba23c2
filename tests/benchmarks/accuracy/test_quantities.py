"""Coverage of the bands of quantities, on a small study."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy.cases import Case, case_of
from benchmarks.accuracy.problem import Problem
from benchmarks.accuracy.quantities import (
    KINDS,
    PROBES,
    Coverage,
    coverages,
    quantity_texts,
    surrogate_of,
)
from simulgenvae.data.dataset import Dataset
from simulgenvae.settings import Settings
from simulgenvae.surrogate.fit import fit
from tests.conftest import MakeSettings


@pytest.fixture
def case(waves: Dataset) -> Case:
    assert waves.mesh.coords is not None
    problem = Problem(
        np.stack([waves.run(row) for row in range(12)]),
        waves.mesh.coords,
        waves.times,
        ("two words",),
        waves.conditions.names,
        waves.conditions.table,
        waves.ids,
        np.arange(9),
        np.arange(9, 12),
    )
    return case_of(problem, "waves", 0)


def test_each_kind_is_counted_on_the_test_runs(case: Case, make_settings: MakeSettings) -> None:
    assert len(quantity_texts(case)) == 2 + PROBES
    model = fit(case.dataset, make_settings(3), split=case.split)
    found = list(coverages(model, case))
    assert [each.kind for each in found] == list(KINDS)
    assert [each.covered.shape for each in found] == [(3, 1), (3, 1), (3, PROBES)]
    assert all(each.calibrated == len(case.rows["validation"]) for each in found)
    np.testing.assert_array_equal(found[2].covered, found[2].errors <= 1)


def test_settings_are_the_defaults_also_in_the_folder_of_a_study(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "study.toml").write_text("[model]\nwidth = 4\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    given: list[Settings] = []
    monkeypatch.setattr(
        "benchmarks.accuracy.quantities.fit",
        lambda dataset, settings, split: given.append(settings),
    )
    surrogate_of(case, ["model.latent_dim=3"], None)
    assert given == [Settings.model_validate({"model": {"latent_dim": 3}})]


@pytest.mark.parametrize(("calibrated", "least"), [(8, 0.6), (10_000, 0.83)])
def test_few_calibration_runs_leave_more_to_chance(calibrated: int, least: float) -> None:
    covered = np.ones((100, 1), bool)
    low, high = Coverage("peak", covered, np.zeros((100, 1)), calibrated).expected
    assert low == pytest.approx(least, abs=0.05)
    assert high > 0.94
