"""Designs that are written out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.conditions import Conditions, LeftOut
from simulgenvae.data.conditions_at import conditions_at
from simulgenvae.errors import UserError


@pytest.fixture(scope="module")
def scaler() -> ConditionScaler:
    table = np.array([[0.1, 1.0, 0.0], [0.2, 2.0, 1.0], [0.4, 3.0, 0.0]])
    known = Conditions(
        ("a", "b", "c"),
        ("row", "a=b", "material"),
        table,
        levels=((), (), ("steel, mild", "brass")),
    )
    return ConditionScaler.fit(replace(known, left_out=(LeftOut(name="width", value=3.0),)))


def test_texts_become_designs_in_the_order_of_the_parameters(scaler: ConditionScaler) -> None:
    found = conditions_at(
        ["material=brass,row=0.3,a=b=2e0", " row = 0.1, a=b=1, material=steel, mild"], scaler
    )
    assert found.ids == ("design_1", "design_2")
    assert found.values() == [[0.3, 2.0, "brass"], [0.1, 1.0, "steel, mild"]]
    assert scaler.transform(found).shape == (2, 4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rwo=0.3,a=b=2,material=brass", "there is no parameter 'rwo'. Did you mean 'row'?"),
        ("row=0.3,material=brass", "a=b is missing"),
        ("material=brass", "row, a=b are missing. The parameters are row, a=b, material"),
        (
            "row=0.3 a=b=2 material=brass",
            "are missing. The parameters are row, a=b, material. Write",
        ),
        ("row=0.3,row=0.3,a=b=2,material=brass", "row is given twice"),
        ("row=much,a=b=2,material=brass", "row is 'much', which is not a number"),
        ("row=nan,a=b=2,material=brass", "row is 'nan', which is not a number"),
        ("row=0,3,a=b=2,material=brass", "row is '0,3', which is not a number. Write decimals"),
        ("row=0.3,a=b=2,material=bras", "which no training run has. Did you mean 'brass'?"),
        ("0.3,2,brass", "write NAME=VALUE of every parameter"),
        ("row=0.3,a=b=2,material=brass,width=4", "nothing was learned of 'width' (3 in all runs)"),
    ],
)
def test_mistakes_are_explained(scaler: ConditionScaler, text: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        conditions_at([text], scaler)
    assert message in str(error.value)


def test_a_parameter_that_is_given_is_not_suggested(scaler: ConditionScaler) -> None:
    with pytest.raises(UserError) as error:
        conditions_at(["row=0.3,a=b=2,material=brass,colour=1"], scaler)
    assert "there is no parameter 'colour'. The parameters are" in str(error.value)
