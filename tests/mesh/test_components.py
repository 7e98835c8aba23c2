"""Components of vectors and tensors, apart and together."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.mesh.components import endings, whole_fields

FIELDS = st.dictionaries(
    st.sampled_from(["U", "p", "S", "D", "T_x"]), st.sampled_from([1, 2, 3, 6, 9]), max_size=5
)


@given(FIELDS, st.randoms(use_true_random=False))
def test_fields_taken_apart_come_together_again(fields: dict[str, int], random: object) -> None:
    variables = [f"{name}{ending}" for name, count in fields.items() for ending in endings(count)]
    if len(set(variables)) < len(variables):
        return
    found = whole_fields(variables)
    assert {name: len(columns) for name, columns in found.items()} == fields
    assert sorted(np.concatenate([[], *found.values()]).tolist()) == list(range(len(variables)))
    random.shuffle(variables)  # type: ignore[attr-defined]
    for name, columns in whole_fields(variables).items():
        assert [variables[column] for column in columns] == [
            name + ending for ending in endings(fields[name])
        ]


def test_what_is_not_whole_stays_apart() -> None:
    assert whole_fields(["U_x", "U_z", "p"]) == {"U_x": (0,), "U_z": (1,), "p": (2,)}
    assert whole_fields(["U_x", "U", "U_y", "U_z"]) == {
        "U_x": (0,),
        "U": (1,),
        "U_y": (2,),
        "U_z": (3,),
    }
    both = [f"U{ending}" for ending in (*endings(6), *endings(3))]
    assert list(whole_fields(both)) == ["U", "U_x", "U_y", "U_z"]
    assert whole_fields(["_x", "_y", "_z"]) == {"_x": (0,), "_y": (1,), "_z": (2,)}
