"""Parameters: validation and scaling."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError

from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.images import ImageFormat, Images
from simulgenvae.errors import UserError


def test_select_keeps_order() -> None:
    conditions = Conditions(("a", "b", "c"), ("p",), np.array([[1.0], [2.0], [3.0]]))
    assert conditions.select([2, 0]).ids == ("c", "a")
    assert conditions.select(np.array([2, 0])).table.tolist() == [[3], [1]]


def scaled(values: list[float]) -> tuple[ConditionScaler, Conditions]:
    conditions = Conditions(tuple(map(str, range(len(values)))), ("p",), np.array(values)[:, None])
    return ConditionScaler.fit(conditions), conditions


@given(arrays(np.float64, (6, 2), elements=st.floats(-1e6, 1e6, width=32), unique=True))
def test_scaled_parameters_have_zero_mean_and_unit_deviation(table: np.ndarray) -> None:
    conditions = Conditions(tuple("abcdef"), ("p", "q"), table)
    try:
        scaler = ConditionScaler.fit(conditions)
    except UserError:  # numbers that differ only by rounding
        return
    values = scaler.transform(conditions)
    assert np.allclose(values.mean(axis=0), 0, atol=1e-3)
    assert np.allclose(values.std(axis=0), 1, atol=1e-3)
    assert scaler.outside(conditions) == []


@given(st.floats(1e-300, 1e300))
def test_scale_of_units_does_not_matter(unit: float) -> None:
    scaler, conditions = scaled([1 * unit, 2 * unit, 4 * unit])
    reference, plain = scaled([1, 2, 4])
    assert np.allclose(scaler.transform(conditions), reference.transform(plain))


def test_logarithm_where_positive_and_more_than_a_decade() -> None:
    assert scaled([1, 10.1])[0].logarithm == (True,)
    assert scaled([1, 9.9])[0].logarithm == (False,)
    assert scaled([-1, 100])[0].logarithm == (False,)
    assert scaled([0, 100])[0].logarithm == (False,)
    scaler, conditions = scaled([1e-3, 1e-1, 1e1])
    assert np.allclose(scaler.transform(conditions)[:, 0], [-(1.5**0.5), 0, 1.5**0.5])


def test_constant_parameter_is_named() -> None:
    conditions = Conditions(("a", "b"), ("speed", "size"), np.array([[1.0, 0.1], [2.0, 0.1]]))
    with pytest.raises(UserError, match="constant parameter 'size'"):
        ConditionScaler.fit(conditions)


def test_values_outside_the_trained_range_are_named() -> None:
    scaler, _ = scaled([1.0, 2.0, 3.0])
    warnings = scaler.outside(Conditions(("new", "in"), ("p",), np.array([[3.5], [3.0000001]])))
    assert len(warnings) == 1
    assert all(word in warnings[0] for word in ("'new'", "p = 3.5", "1 to 3"))


def test_reach_is_measured_in_half_ranges_and_after_logarithms() -> None:
    scaler, _ = scaled([1.0, 2.0, 3.0])
    designs = Conditions(("end", "out", "middle"), ("p",), np.array([[1.0], [5.0], [2.0]]))
    np.testing.assert_allclose(scaler.reach(designs), [1.0, 3.0, 0.0])
    decades, _ = scaled([1.0, 100.0])
    designs = Conditions(("end", "out"), ("p",), np.array([[100.0], [1000.0]]))
    np.testing.assert_allclose(decades.reach(designs), [1.0, 2.0])


def test_transform_refuses_other_names_and_non_positive_values() -> None:
    scaler, _ = scaled([1.0, 100.0])
    with pytest.raises(UserError, match="trained with p"):
        scaler.transform(Conditions(("a",), ("q",), np.array([[1.0]])))
    with pytest.raises(UserError, match="'a': p = 0 must be positive"):
        scaler.transform(Conditions(("a",), ("p",), np.array([[0.0]])))


def test_scaler_survives_json() -> None:
    scaler, _ = scaled([0.1, 0.3, 700.0])
    assert ConditionScaler.model_validate(json.loads(scaler.model_dump_json())) == scaler


@pytest.mark.parametrize(
    "change",
    [
        {"scale": [0.0]},
        {"scale": [float("nan")]},
        {"scale": [1.0, 2.0]},
        {"names": [1]},
        {"logarithm": [1]},
        {"more": []},
    ],
)
def test_scaler_from_a_damaged_file(change: dict[str, object]) -> None:
    values = json.loads(scaled([1.0, 2.0])[0].model_dump_json())
    with pytest.raises(ValidationError):
        ConditionScaler.model_validate(values | change)


def imaged(
    names: tuple[str, ...] = (), channels: int = 1, greys: tuple[int, ...] = (0, 100, 200)
) -> Conditions:
    pixels = (
        np.full((len(greys), 8, 8, channels), 0, np.uint8)
        + np.array(greys, np.uint8)[:, None, None, None]
    )
    ids = tuple(f"run{k}" for k in range(len(greys)))
    table = np.arange(float(len(greys)))[:, None] * np.ones(len(names))
    return Conditions(ids, names, table, Images(pixels, ImageFormat(20, 10, channels, 8)))


@pytest.mark.parametrize("names", [(), ("p",)])
def test_images_go_with_their_runs(names: tuple[str, ...]) -> None:
    chosen = imaged(names).select([2, 0])
    assert chosen.ids == ("run2", "run0")
    assert chosen.images is not None
    assert chosen.images.pixels[:, 0, 0, 0].tolist() == [200, 0]


@pytest.mark.parametrize("names", [(), ("p",)])
def test_scaler_of_images_survives_json(names: tuple[str, ...]) -> None:
    scaler = ConditionScaler.fit(imaged(names))
    assert scaler.images == ImageFormat(20, 10, 1, 8)
    assert ConditionScaler.model_validate(json.loads(scaler.model_dump_json())) == scaler
    assert scaler.transform(imaged(names)).shape == (3, len(names))


def test_transform_refuses_other_images_than_the_trained_ones() -> None:
    scaler = ConditionScaler.fit(imaged())
    with pytest.raises(
        UserError, match="20 x 10 colour, but the model was trained with 20 x 10 grey"
    ):
        scaler.transform(imaged(channels=3))
    with pytest.raises(UserError, match="the images are none"):
        scaler.transform(Conditions(("a",), (), np.zeros((1, 0))))


def test_the_same_image_in_all_runs_teaches_nothing() -> None:
    with pytest.raises(UserError, match="3 training runs have the same image"):
        ConditionScaler.fit(imaged(greys=(5, 5, 5)))


def test_as_many_images_as_runs() -> None:
    images = imaged().images
    assert images is not None
    with pytest.raises(UserError, match="3 images for 2 runs"):
        Conditions.of_images(("a", "b"), images)


@pytest.mark.parametrize("change", [{"channels": 2}, {"size": 0}, {"width": "20"}, {"more": 1}])
def test_scaler_with_a_damaged_format(change: dict[str, object]) -> None:
    values = json.loads(ConditionScaler.fit(imaged()).model_dump_json())
    with pytest.raises(UserError, match="image"):
        ConditionScaler.model_validate(values | {"images": values["images"] | change})


def with_category(*texts: str, levels: tuple[str, ...] = ("copper", "steel", "wood")) -> Conditions:
    table = [[float(k), float(levels.index(text))] for k, text in enumerate(texts)]
    ids = tuple(f"run{k}" for k in range(len(texts)))
    return Conditions(ids, ("a", "material"), np.array(table), levels=((), levels))


def test_a_category_has_a_column_for_each_value_of_the_training_runs() -> None:
    conditions = with_category("steel", "copper", "steel", "copper")
    scaler = ConditionScaler.fit(conditions)
    assert scaler.levels == ((), ("copper", "steel"))
    assert scaler.widths == (1, 2)
    scaled = scaler.transform(conditions)
    assert scaled.shape == (4, 3)
    assert scaled[:, 1].tolist() == (-scaled[:, 2]).tolist()
    # On average two runs are as far apart in a category as in a number.
    for columns in (scaled[:, :1], scaled[:, 1:]):
        differences = columns[:, None] - columns
        assert np.square(differences).sum(axis=2).mean() == pytest.approx(2.0)


def test_codes_follow_the_texts_and_not_their_order() -> None:
    scaler = ConditionScaler.fit(with_category("steel", "copper", "steel"))
    same = with_category("steel", "copper", "steel", levels=("wood", "steel", "copper"))
    other = scaler.transform(with_category("steel", "copper", "steel"))
    assert scaler.transform(same).tolist() == other.tolist()


def test_values_of_no_training_run_are_unlike_all_others() -> None:
    scaler = ConditionScaler.fit(with_category("steel", "copper", "steel"))
    new = with_category("steel", "wood")
    scaled = scaler.transform(new)
    assert scaled[1, 1] == scaled[1, 2] < 0
    (warning,) = scaler.outside(new)
    assert all(word in warning for word in ("'run1'", "wood", "copper, steel"))


def test_scaler_of_categories_survives_json_and_refuses_numbers() -> None:
    scaler = ConditionScaler.fit(with_category("steel", "copper"))
    assert ConditionScaler.model_validate(json.loads(scaler.model_dump_json())) == scaler
    numbers = Conditions(("a",), ("a", "material"), np.array([[1.0, 1.0]]))
    with pytest.raises(UserError, match=r"values of material are numbers, but .* with texts"):
        scaler.transform(numbers)


def test_scaler_of_a_model_file_without_categories() -> None:
    values = json.loads(scaled([1.0, 2.0])[0].model_dump_json())
    for later in ("linear_below", "levels", "left_out"):
        del values[later]
    assert ConditionScaler.model_validate(values) == scaled([1.0, 2.0])[0]


def test_codes_that_no_value_has_are_refused() -> None:
    with pytest.raises(UserError, match="'material' has other values than the 2"):
        Conditions(("a",), ("material",), np.array([[2.0]]), levels=(("copper", "steel"),))


def test_a_scaler_of_an_earlier_version_has_no_units() -> None:
    conditions = Conditions(("a", "b"), ("p",), np.arange(2.0)[:, None], units=("Pa",))
    scaler = ConditionScaler.fit(conditions)
    assert scaler.units == ("Pa",)
    before = scaler.model_dump(exclude={"units"})
    assert ConditionScaler.model_validate(before).units == ("",)
    high = Conditions(("x",), ("p",), np.array([[3.0]]))
    assert scaler.outside(high) == ["run 'x': p = 3 Pa is above the trained range, 0 to 1 Pa"]
    low = Conditions(("x",), ("p",), np.array([[-3.0]]))
    assert "is below the trained range" in scaler.outside(low)[0]


def test_reach_of_a_design_that_is_left_out() -> None:
    """As by the scaling of the others alone."""
    table = np.random.default_rng(0).uniform(1, 3, (7, 2))
    conditions = Conditions(tuple("abcdefg"), ("p", "q"), table)
    found = ConditionScaler.fit(conditions, ()).left_out_reach(conditions)
    for row in range(7):
        others = ConditionScaler.fit(conditions.select(np.delete(np.arange(7), row)), ())
        assert found[row] == pytest.approx(others.reach(conditions.select([row]))[0])
    assert (found > 1).any()
