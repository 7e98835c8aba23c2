"""Indices of functions that are known in closed form."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.images import Images
from simulgenvae.evaluation.analyses.sobol import QuantityOutputs, sobol
from simulgenvae.evaluation.results.sensitivity import FieldIndices, OutputIndices, SobolIndices


def scaler(lower: float, upper: float, *names: str, logarithm: bool = False) -> ConditionScaler:
    count = len(names)
    return ConditionScaler(
        names=names,
        logarithm=(logarithm,) * count,
        shift=(0.0,) * count,
        scale=(1.0,) * count,
        lower=(float(lower),) * count,
        upper=(float(upper),) * count,
    )


def everywhere(values: np.ndarray) -> np.ndarray:
    """Return a field ``[n, 2, 3, 1]`` that is the same at all times and nodes."""
    return np.broadcast_to(values[:, None, None, None], (len(values), 2, 3, 1)).astype(np.float32)


def ishigami(conditions: Conditions) -> np.ndarray:
    """Ishigami & Homma 1990 with a = 7, b = 0.1."""
    x = conditions.table.T
    return everywhere(np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0]))


def test_ishigami_function() -> None:
    notes: list[str] = []
    found = sobol(ishigami, scaler(-np.pi, np.pi, "a", "b", "c"), None, ("u",), notes, budget=2**14)
    assert found is not None
    assert notes == []
    for indices in (found.field, found.outputs["mean of u"], found.outputs["component 1"]):
        assert indices.first == pytest.approx([0.314, 0.442, 0.0], abs=0.03)
        assert indices.total == pytest.approx([0.558, 0.442, 0.244], abs=0.03)
    assert found.variance_fractions == pytest.approx([1.0])
    assert all(0 < error < 0.1 for error in found.field.total_standard_error)


def test_indices_of_the_field_are_weighted_by_variance() -> None:
    """Two nodes move independently: variances 9 and 1, so nine tenths belong to the first input."""

    def predict(conditions: Conditions) -> np.ndarray:
        return (conditions.table * [3.0, 1.0])[:, None, :, None].astype(np.float32)

    found = sobol(predict, scaler(0.0, 1.0, "a", "b"), None, ("u",), [])
    assert found is not None
    assert found.predictions == 1024
    assert found.field.first == pytest.approx([0.9, 0.1], abs=0.03)
    assert sum(found.variance_fractions) == pytest.approx(1.0)


def test_a_logarithm_is_drawn_evenly() -> None:
    """log10 of two inputs from 1 to 100 explains its variance in equal parts."""
    seen: list[np.ndarray] = []

    def predict(conditions: Conditions) -> np.ndarray:
        seen.append(np.log10(conditions.table))
        return everywhere(np.log10(conditions.table).sum(axis=1))

    found = sobol(predict, scaler(1.0, 100.0, "a", "b", logarithm=True), None, ("u",), [])
    assert found is not None
    assert found.field.total == pytest.approx([0.5, 0.5], abs=0.03)
    assert seen[0].mean() == pytest.approx(1.0, abs=0.02)
    assert (seen[0].min(), seen[0].max()) == pytest.approx((0.0, 2.0), abs=0.02)


def test_images_are_an_input_like_parameters(grey: Images) -> None:
    names = scaler(0.0, 1.0, "idle")

    def predict(conditions: Conditions) -> np.ndarray:
        assert conditions.images is not None
        return everywhere(conditions.images.pixels.mean(axis=(1, 2, 3)))

    found = sobol(predict, names, grey, ("u",), [])
    assert found is not None
    assert found.field.total == pytest.approx([0.0, 1.0], abs=0.05)


def test_quantities_have_indices_of_their_own() -> None:
    """They may have the names of other outputs, and be asked at fewer designs than fields."""
    seen: list[np.ndarray] = []

    def quantities(conditions: Conditions) -> np.ndarray:
        seen.append(conditions.table)
        a, b = conditions.table.T
        return np.column_stack([3 * a + b, np.full(len(a), 7.1)])

    def found(budget: int, notes: list[str]) -> SobolIndices:
        outputs = QuantityOutputs(("component 1", "flat"), quantities, np.full(2, 7.1), budget)
        parameters = scaler(0.0, 1.0, "a", "b")
        indices = sobol(
            lambda conditions: everywhere(conditions.table[:, 1]),
            parameters,
            None,
            ("u",),
            notes,
            quantities=outputs,
        )
        assert indices is not None
        return indices

    notes: list[str] = []
    many, fewer = found(10**6, notes), found(600, notes)
    assert notes == []
    assert [len(table) for table in seen] == [1024, 512]
    for each in (many, fewer):
        assert each.quantities["component 1"].first == pytest.approx([0.9, 0.1], abs=0.05)
        assert each.quantities["flat"] == OutputIndices(first=None, total=None)
        assert each.outputs["component 1"].first == pytest.approx([0.0, 1.0], abs=0.03)
    assert found(40, notes).quantities == {}
    assert "64 predictions are needed at least, 40 are allowed" in notes[0]


def test_the_only_input_explains_everything() -> None:
    found = sobol(
        lambda conditions: everywhere(conditions.table[:, 0]), scaler(0, 1, "a"), None, ("u",), []
    )
    assert found is not None
    every: list[FieldIndices | OutputIndices] = [found.field, *found.outputs.values()]
    for indices in every:
        assert indices.first == pytest.approx([1.0], abs=0.03)
        assert indices.total == pytest.approx([1.0], abs=0.03)
    assert len(found.field.first_standard_error) == 1


def test_a_field_that_is_constant_has_no_indices() -> None:
    notes: list[str] = []
    found = sobol(
        lambda conditions: everywhere(np.full(len(conditions), 7.1)),
        scaler(0, 1, "a"),
        None,
        ("u",),
        notes,
    )
    assert found is not None
    assert found.outputs["mean of u"] == OutputIndices(first=None, total=None)
    assert found.field.first == found.field.total == (None,)
    assert "does not vary" in notes[0]


@pytest.mark.parametrize("names", [("a",), ("a", "b")])
def test_a_single_quantity_of_any_number_of_inputs(names: tuple[str, ...]) -> None:
    def found(values: Callable[[np.ndarray], np.ndarray]) -> OutputIndices:
        outputs = QuantityOutputs(
            ("q",), lambda conditions: values(conditions.table)[:, None], np.ones(1), 1024
        )
        indices = sobol(
            lambda conditions: everywhere(conditions.table[:, 0]),
            scaler(0, 1, *names),
            None,
            ("u",),
            [],
            quantities=outputs,
        )
        assert indices is not None
        return indices.quantities["q"]

    expected = [1.0, 0.0][: len(names)]
    assert found(lambda table: table[:, 0]).total == pytest.approx(expected, abs=0.03)
    assert found(lambda table: np.full(len(table), 3.0)).total is None
    # A number that is zero for all designs, but for the rounding of the field.
    noise = np.random.default_rng(0)
    assert found(lambda table: 1e-8 * noise.normal(size=len(table))).total is None
    # Undefined for one design: so are its indices, instead of 0.
    assert found(lambda table: np.where(table[:, 0] < 0.01, np.nan, table[:, 0])).total is None


def test_too_many_inputs_and_designs_without_parameters_are_noted(grey: Images) -> None:
    notes: list[str] = []
    many = tuple(f"p{k}" for k in range(100))
    assert sobol(ishigami, scaler(0, 1, *many), None, ("u",), notes) is None
    assert sobol(ishigami, scaler(0, 1), grey, ("u",), notes) is None
    assert ["100 inputs need" in notes[0], "no parameters" in notes[1]] == [True, True]


def test_a_category_has_an_index() -> None:
    table = np.column_stack([np.linspace(0, 1, 6), [0, 1, 2, 0, 1, 2]])
    given = Conditions(tuple("abcdef"), ("a", "m"), table, levels=((), ("x", "y", "z")))

    def predict(conditions: Conditions) -> np.ndarray:
        return everywhere(np.array([5.0, 1.0, 0.0])[conditions.table[:, 1].astype(int)])

    found = sobol(predict, ConditionScaler.fit(given), None, ("u",), [], budget=2**10)
    assert found is not None
    assert found.field.first == pytest.approx((0.0, 1.0), abs=0.05)
