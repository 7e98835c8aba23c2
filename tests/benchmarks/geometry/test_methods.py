"""The methods, on stretched discs with fields that are known."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.geometry.case import GeometryCase, GeometryRun
from benchmarks.geometry.measure import joint_errors
from benchmarks.geometry.methods import METHODS
from benchmarks.geometry.peers import mmgp
from benchmarks.geometry.peers.grid_pod import principal_components, scaled_table

Make = Callable[..., GeometryCase]


@pytest.fixture(scope="module")
def case(ovals: Make) -> GeometryCase:
    return ovals(16, 3, anchored=True)


def hidden_test_runs(case: GeometryCase) -> tuple[GeometryRun, ...]:
    """Return the runs of a case, those for testing without a number in their fields."""
    return tuple(
        run if run.id.startswith("train") else replace(run, fields=np.full_like(run.fields, np.nan))
        for run in case.runs
    )


@pytest.mark.parametrize(
    ("method", "most"),
    [("mmgp", 0.03), ("grid_gpr", 0.1), ("grid_rbf", 0.1), ("nearest", 0.8), ("grid_floor", 0.05)],
)
def test_methods_predict_on_the_meshes_of_the_new_designs(
    case: GeometryCase, method: str, most: float
) -> None:
    found = METHODS[method].predict(case)
    assert [field.shape for field in found] == [run.fields.shape for run in case.test_runs]
    assert joint_errors(case, found).mean() < most


def test_no_method_reads_the_fields_of_test_runs(case: GeometryCase) -> None:
    for method in ("grid_rbf", "nearest"):
        found = METHODS[method].predict(replace(case, runs=hidden_test_runs(case)))
        assert all(np.isfinite(field).all() for field in found)


def test_gaussian_processes_read_no_fields_of_test_runs(
    case: GeometryCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mmgp, "FIELD_ENERGY_LEFT_OUT", 0.1)
    found = mmgp.mmgp(replace(case, runs=hidden_test_runs(case)))
    assert all(np.isfinite(field).all() for field in found)


def test_nearest_shape_is_that_of_the_run_itself(case: GeometryCase) -> None:
    same = replace(case, test=case.train[:2])
    assert joint_errors(same, METHODS["nearest"].predict(same)).max() < 1e-5


def test_parameters_over_a_wide_range_are_logarithms(case: GeometryCase) -> None:
    wide = replace(case, table=np.exp(3.0 * case.table))
    known, new = scaled_table(wide)
    assert known.shape == (16, 2)
    np.testing.assert_allclose(known, scaled_table(case)[0])
    np.testing.assert_allclose(new, scaled_table(case)[1])


def test_components_keep_distances() -> None:
    known = np.random.default_rng(0).standard_normal((6, 40))
    first, second = principal_components(known, known, 0.0)
    np.testing.assert_allclose(first, second)
    assert first[:, 0].std() == pytest.approx(1.0)
    ratio = np.linalg.norm(first[0] - first[1]) / np.linalg.norm(first[2] - first[3])
    expected = np.linalg.norm(known[0] - known[1]) / np.linalg.norm(known[2] - known[3])
    assert ratio == pytest.approx(expected)
