"""Physics checks give the closed-form integrals of a known field, and the error that was put in."""

from __future__ import annotations

import numpy as np
import pytest

import simulgenvae.evaluation.analyses.physics as physics
from simulgenvae.errors import UserError
from simulgenvae.evaluation.analyses.physics import PhysicsChecks
from simulgenvae.evaluation.metrics import VariableScale
from simulgenvae.evaluation.results.base import OverRuns
from simulgenvae.evaluation.results.physics import Physics, QuantityErrors
from simulgenvae.mesh.mesh import Mesh

TIMES = np.array([0.0, 1.0, 2.0])
LINE = Mesh(np.linspace(0.0, 2.0, 201))
SCALE = VariableScale(np.array([1.0, 0.0]), np.array([2.0, 4.0]))


def make(checks: tuple[str, ...] = (), mesh: Mesh = LINE) -> PhysicsChecks:
    return PhysicsChecks(("u", "odd"), TIMES, mesh, 201, SCALE, checks)


def field() -> np.ndarray:
    """Return u = (1 + t) x and odd = x − 1 on 0 ≤ x ≤ 2, ``[T, M, 2]``."""
    x = np.linspace(0.0, 2.0, 201)
    u = (1 + TIMES[:, None]) * x
    return np.stack([u, np.broadcast_to(x - 1, u.shape)], axis=-1)


def by_name(summary: Physics) -> dict[tuple[str, str], QuantityErrors]:
    return {(one.kind, one.of): one for one in summary.quantities}


def test_integrals_of_a_known_field() -> None:
    checks = make(("moment: u*x*t", "work: 0.5*(u**2 + odd**2)"))
    checks.add("a", field(), field())
    found = by_name(checks.summary("a"))
    growth = 1 + TIMES
    expected = {
        ("sum", "u"): 201 * growth,
        ("integral", "u"): 2 * growth,
        ("energy", "u"): 8 / 3 * growth**2,
        ("integral", "odd"): np.zeros(3),
        ("energy", "odd"): np.full(3, 2 / 3),
        ("energy", "all variables"): (8 / 3 * growth**2 - 4 * growth + 2) / 4 + 2 / 3 / 16,
        ("expression", "moment"): 8 / 3 * growth * TIMES,
        ("expression", "work"): 0.5 * (8 / 3 * growth**2 + 2 / 3),
    }
    for key, series in expected.items():
        np.testing.assert_allclose(found[key].typical.truth, series, rtol=1e-4, atol=1e-9)
        assert found[key].typical.truth == found[key].typical.prediction
        assert found[key].relative_error.max == 0.0


def test_errors_are_those_that_were_put_in() -> None:
    checks = make()
    checks.add("good", 1.01 * field(), field())
    checks.add("bad", 1.1 * field(), field())
    summary = checks.summary("good")
    found = by_name(summary)
    integral = found["integral", "u"]
    assert integral.relative_error.mean == pytest.approx(0.055)
    assert integral.error_by_absolute.max == pytest.approx(0.1)
    assert integral.worst_run is not None
    assert integral.worst_run.id == "bad"
    assert integral.worst_run.relative_error == pytest.approx(0.1)
    assert found["energy", "odd"].relative_error.max == pytest.approx(1.1**2 - 1)
    assert summary.weights.kind == "length"
    assert Physics.model_validate_json(summary.model_dump_json()) == summary


def test_what_cancels_has_no_relative_error_of_its_own() -> None:
    shifted = field()
    shifted[..., 1] += 0.1
    checks = make()
    checks.add("a", shifted, field())
    found = by_name(checks.summary("a"))["integral", "odd"]
    assert found.relative_error == OverRuns(mean=None, median=None, max=None, undefined_runs=1)
    assert found.worst_run is None
    assert found.error_by_absolute.mean == pytest.approx(0.2, rel=1e-3)


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    noisy = field() + np.random.default_rng(0).normal(size=field().shape)
    summaries = []
    for size in (physics._BLOCK_VALUES, 1):
        monkeypatch.setattr(physics, "_BLOCK_VALUES", size)
        checks = make(("late: u*t",))
        checks.add("a", noisy, field())
        summaries.append(checks.summary("a").quantities)
    for whole, blocks in zip(*summaries, strict=True):
        np.testing.assert_allclose(blocks.typical.prediction, whole.typical.prediction, rtol=1e-12)


def test_values_without_meaning_are_named() -> None:
    checks = make(("logarithm: log(odd)",))
    checks.add("a", field(), field())
    checks.add("b", field(), field())
    summary = checks.summary("b")
    found = by_name(summary)["expression", "logarithm"]
    assert found.relative_error.undefined_runs == 2
    assert found.typical.truth == (None,) * 3
    assert summary.notes == (
        "logarithm is not a finite number at all times of run 'a' and 1 more; their errors are "
        "left out.",
    )


def test_variable_takes_precedence_over_a_coordinate() -> None:
    checks = PhysicsChecks(
        ("x",), TIMES, LINE, 201, VariableScale(np.zeros(1), np.ones(1)), ("double: 2*x",)
    )
    run = np.full((3, 201, 1), 3.0)
    checks.add("a", run, run)
    np.testing.assert_allclose(
        by_name(checks.summary("a"))["expression", "double"].typical.truth, [12.0] * 3
    )


def test_mesh_without_coordinates_has_no_x() -> None:
    assert make(("late: u*t",), Mesh()).volumes.kind == "equal"
    with pytest.raises(UserError, match="unknown name 'x'"):
        make(("moment: u*x",), Mesh())


def test_integrals_are_those_of_the_own_mesh_of_a_run() -> None:
    checks = make(("moment: u*x",), LINE.with_unit("m"))
    for run, factor in (("a", 0.5), ("b", 3.0)):
        # Fewer nodes between other ends.
        own = Mesh(factor * np.linspace(0.0, 2.0, 101), unit="m")
        checks.add(run, field()[:, ::2], field()[:, ::2], own)
    summary = checks.summary("b")
    found = by_name(summary)
    # u = (1 + t) x / factor on 0 ≤ x ≤ 2 factor.
    np.testing.assert_allclose(found["integral", "u"].typical.truth, 3.0 * 2 * (1 + TIMES))
    moment = 3.0**2 * 8 / 3 * (1 + TIMES)
    np.testing.assert_allclose(found["expression", "moment"].typical.truth, moment, rtol=1e-3)
    assert summary.weights.note == "Integrals are over the length of each run's own mesh, 1 to 6 m."
    assert summary.weights.total == pytest.approx(3.5)


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="expected two fields"):
        make().add("a", field()[:, :5], field())


@pytest.mark.parametrize(
    ("unit", "mesh", "units"),
    [
        ("K", LINE, ("K", "K · length", "K² · length")),
        ("K", LINE.with_unit("mm"), ("K", "K · mm", "K² · mm")),
        ("W/m", LINE, ("W/m", "W/m · length", "(W/m)² · length")),
        ("", LINE, ("", "", "")),
        ("K", Mesh(), ("K", "K", "K²")),
    ],
)
def test_units_of_sums_integrals_and_energies(
    unit: str, mesh: Mesh, units: tuple[str, str, str]
) -> None:
    checks = PhysicsChecks(("u", "odd"), TIMES, mesh, 201, SCALE, units=(unit, ""))
    assert tuple(quantity.unit for quantity in checks.quantities[:3]) == units
    length = mesh.unit or "length"
    assert checks.quantities[-1].unit == ("" if mesh.coords is None else length)
