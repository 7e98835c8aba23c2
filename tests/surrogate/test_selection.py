"""A part of the fields is that part of the whole, and the rest of it is never made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simulgenvae.errors import UserError
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.selection import select
from simulgenvae.surrogate.surrogate import Surrogate
from tests.conftest import MakeSettings, MakeWaves

NODES = [17, 3, 4, 29]


@pytest.fixture(
    scope="module",
    params=[("pod", "variable"), ("pod", "node"), ("none", "variable"), ("none", "node")],
)
def surrogate(
    make_waves: MakeWaves, make_settings: MakeSettings, request: pytest.FixtureRequest
) -> Surrogate:
    """Of three variables."""
    method, scaling = request.param
    settings = make_settings(2, stage={"batch_size": 4}, end_to_end={"members": 2})
    reduction = settings.reduction.model_copy(update={"method": method, "scaling": scaling})
    return fit(make_waves(variables=3), settings.model_copy(update={"reduction": reduction}))


@pytest.mark.parametrize("samples", [0, 3])
def test_a_part_is_that_part_of_the_whole(
    surrogate: Surrogate, make_waves: MakeWaves, samples: int
) -> None:
    conditions = make_waves(variables=3).conditions.select([0, 5])
    times, variables = surrogate.times[[6, 2]], ["field2", "field0"]
    whole = surrogate.predict(conditions, times=times, samples=samples)
    part = surrogate.predict(
        conditions, times=times, nodes=NODES, variables=variables, samples=samples
    )
    assert part["fields"].shape == (2, 2, 4, 2)
    assert part["node"].values.tolist() == NODES
    assert part["variable"].values.tolist() == variables
    assert part.attrs["units"] == ["unit2", "unit0"]
    wanted = whole.isel(node=NODES).sel(variable=variables)
    np.testing.assert_array_equal(part["coords"], wanted["coords"])
    np.testing.assert_array_equal(part["expected_error"], whole["expected_error"])
    scale = abs(whole["fields"]).max(("run", "time", "node"))
    for name in ("fields", "lower", "upper", "std") if samples else ("fields",):
        # The floor of a spread is the mean over the nodes that are looked at.
        tolerance = 1e-5 if name == "fields" else 0.5 * float((whole["std"] / scale).max())
        np.testing.assert_allclose(part[name] / scale, wanted[name] / scale, atol=tolerance)


def test_some_variables_of_all_nodes_and_some_nodes_of_all_variables(surrogate: Surrogate) -> None:
    assert select(surrogate, variables=["field1"]).decoder.field_shape == (30, 1)
    assert select(surrogate, variables=["field1"]).nodes is None
    assert select(surrogate, nodes=NODES).decoder.field_shape == (4, 3)
    assert select(surrogate).decoder is surrogate.reduction
    assert select(surrogate, times=np.array([0.5]), nodes=NODES).run_bytes == 4 * 1 * 4 * 3


@pytest.mark.parametrize(
    ("nodes", "told"),
    [
        ([30], "no node 30: the 30 nodes are numbered from 0 to 29"),
        ([-1], "no node -1"),
        ([2, 3, 2], "Node 2 is given twice"),
        ([], "whole numbers"),
        ([0.5], "whole numbers"),
        ([[1]], "whole numbers"),
        (["1"], "whole numbers"),
    ],
)
def test_nodes_that_there_are_not(surrogate: Surrogate, nodes: list[Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        select(surrogate, nodes=nodes)


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        (["field3"], "no variable 'field3': the fields have field0, field1, field2"),
        (["field1", "field1"], "'field1' is given twice"),
        ([], "No variables"),
    ],
)
def test_variables_that_there_are_not(
    surrogate: Surrogate, variables: list[str], told: str
) -> None:
    with pytest.raises(UserError, match=told):
        select(surrogate, variables=variables)
