"""A model predicts the same as its surrogate, and says what it is."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import simulgenvae
from simulgenvae import Model, Study
from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.conditions import Conditions
from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.node_mask import NodeMask
from simulgenvae.study.describe import describe_model

ONE = {"row": 0.05, "speed": 0.006}


@pytest.fixture(scope="module")
def m(board: Path) -> Model:
    return simulgenvae.load(board)


def test_a_prediction_has_the_values_of_the_surrogate(m: Model) -> None:
    conditions = Conditions(("0",), ("row", "speed"), np.array([[0.05, 0.006]]))
    whole = m.surrogate.predict(conditions, samples=2)
    found = m.predict(ONE, samples=2)
    for kind, name in {
        "fields": "temperature",
        "std": "temperature_std",
        "lower": "temperature_lower",
        "upper": "temperature_upper",
    }.items():
        np.testing.assert_array_equal(found[name], whole[kind].sel(variable="temperature"))
    for name in ("novelty", "expected_error"):
        np.testing.assert_array_equal(found[name], whole[name])
    assert found["temperature"].attrs["units"] == "K"
    assert found.attrs["warnings"] == "\n".join(whole.attrs["warnings"])


def test_a_part_of_the_fields(m: Model) -> None:
    whole = m.predict(ONE)["temperature"]
    found = m.predict(ONE, times=0.25, nodes=(7, 3), variables="temperature")
    assert found["time"].values.tolist() == [0.25]
    assert found["node"].values.tolist() == [7, 3]
    np.testing.assert_array_equal(found["x"], m.mesh.coords[[7, 3], 0])
    np.testing.assert_allclose(
        found["temperature"][0, 0], whole.sel(time=0.25)[0, [7, 3]], rtol=1e-6
    )


def test_parameters_with_names_of_options_are_given_as_a_dict(m: Model) -> None:
    scaler = m.surrogate.condition_scaler.model_copy(update={"names": ("times", "speed")})
    # Only names are looked at, before anything is predicted.
    other = Model(replace(m.surrogate, condition_scaler=scaler))
    with pytest.raises(UserError, match=r"'times' has the name of an option .* dict, predict"):
        other.predict(times=0.05, speed=0.006)
    found = other._designs({"times": 0.05, "speed": 0.006}, None, {})
    assert found.values() == [[0.05, 0.006]]


def test_a_suggestion_can_be_predicted(m: Model) -> None:
    suggestion = m.suggest(2, candidates=32)
    assert m.predict(suggestion.designs).sizes["run"] == 2


def test_quantities_are_those_of_the_surrogate(m: Model) -> None:
    conditions = Conditions(("a", "b"), ("row", "speed"), np.array([[0.05, 0.006], [0.06, 0.007]]))
    texts = {"peak": "max(temperature)", "end": "mean(temperature, time=0.875)"}
    expected = m.surrogate.quantities(conditions, texts, seed=3)
    designs = [{"speed": 0.006, "row": 0.05, "id": "a"}, {"speed": 0.007, "row": 0.06, "id": "b"}]
    found = m.quantities(designs, texts, seed=3)
    # The same text as that of a prediction.
    assert found.attrs["warnings"] == "\n".join(expected.attrs["warnings"])
    assert found.equals(expected)
    assert expected["value"].values.min() > 100


def test_quantities_are_declared_and_name_files_of_the_study(m: Model, tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(
        "[quantities]\nedge = \"max(temperature, nodes='e.txt')\"\n"
    )
    (tmp_path / "e.txt").write_text("0\n5\n")
    other = Model(m.surrogate, Study(tmp_path))
    found = other.quantities(ONE)
    expected = m.quantities(ONE, {"edge": "max(temperature, nodes=(0, 5))"})
    assert found["quantity"].values.tolist() == ["edge"]
    np.testing.assert_array_equal(found["value"], expected["value"])


def test_a_model_in_memory_predicts_the_quantities_of_its_settings(m: Model) -> None:
    settings = m.surrogate.settings.model_copy(update={"quantities": {"low": "min(temperature)"}})
    found = Model(replace(m.surrogate, settings=settings)).quantities(ONE)
    assert found["quantity"].values.tolist() == ["low"]


def test_an_evaluation_measures_the_quantities_that_are_added(board: Path, tmp_path: Path) -> None:
    shutil.copytree(board, tmp_path / "S")
    texts = {"warmest": "max(temperature)"}
    result = simulgenvae.load(tmp_path / "S").evaluate(figures=False, quantities=texts)
    assert result.quantities is not None
    assert [each.name for each in result.quantities.found] == ["warmest"]


def test_the_score_is_r2(m: Model, board: Path) -> None:
    dataset = Study.open(board).open_dataset()
    fields = np.stack([dataset.run(row) for row in range(14)])
    predicted = m.predict(dataset.conditions)["temperature"].values
    truth = fields[..., 0].astype(np.float64)
    expected = 1 - np.square(predicted - truth).sum() / np.square(truth - truth.mean()).sum()
    assert m.score(dataset.conditions, fields) == pytest.approx(expected, rel=1e-6)
    assert m.score(dataset.conditions.table, fields[..., 0]) == pytest.approx(expected, rel=1e-6)
    assert m.score(dataset.conditions, np.roll(fields, 1, axis=0)) < expected


def test_nodes_without_values_are_not_scored(m: Model) -> None:
    valued = np.arange(32) < 30
    mask = NodeMask(Mesh(np.zeros((32, 2))), valued)
    masked = Model(replace(m.surrogate, mask=mask))
    fields = masked.predict(ONE)["temperature"].values
    assert np.isnan(fields[..., 30:]).all()
    assert masked.score(ONE, fields) == 1.0


def test_constant_fields_count_as_in_scikit_learn(m: Model) -> None:
    assert m.score(ONE, np.full((1, 8, 30), 300.0)) == 0.0


def test_its_description_has_at_most_ten_lines(m: Model, board: Path) -> None:
    lines = repr(m).splitlines()
    assert lines[0] == f"Model of 10 training runs ({board}, model-1)"
    assert [line.split("  ")[1] for line in lines[1:]] == [
        "parameters",
        "variables",
        "times",
        "mesh",
        "error",
    ]
    for words in ("speed 0.004", "temperature [K]", "8 from 0 to 0.875", "40 triangle"):
        assert words in repr(m)
        assert words in m._repr_html_()
    assert all(len(line) <= 100 for line in lines)


def test_many_parameters_and_categories_are_described(m: Model) -> None:
    names = tuple(f"parameter{k}" for k in range(40))
    table = np.random.default_rng(0).random((6, 40))
    table[:, 0] = [0, 1, 0, 1, 1, 0]
    levels = (("steel", "wood"), *((),) * 39)
    conditions = Conditions(tuple("abcdef"), names, table, levels=levels)
    scaler = ConditionScaler.fit(conditions)
    text = describe_model(replace(m.surrogate, condition_scaler=scaler), None).text()
    assert "parameter0 steel/wood" in text
    assert "in memory" in text
    assert "needs fit(…, study=FOLDER)" in text
    for described in (text, repr(conditions)):
        assert len(described.splitlines()) <= 10
        assert max(map(len, described.splitlines())) <= 100


def test_html_is_escaped() -> None:
    conditions = Conditions(("a",), ("<b>",), np.ones((1, 1)))
    assert "<b>Conditions</b>" in conditions._repr_html_()
    assert "&lt;b&gt;" in conditions._repr_html_()
