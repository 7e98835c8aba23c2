"""All forms of the same designs are the same conditions."""

from __future__ import annotations

import sys
from collections import namedtuple
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest
import xarray as xr

from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.conditions import Conditions, LeftOut
from simulgenvae.data.designs_from import conditions_from, designs_from
from simulgenvae.errors import UserError

ROWS = [[0.25, "steel", 1.0], [0.5, "wood", 2.0]]
NAMES = ["row", "material", "speed"]
COLUMNS: dict[str, Any] = {"speed": [1.0, 2.0], "row": [0.25, 0.5], "material": ["steel", "wood"]}
Design = namedtuple("Design", ["row", "material", "speed"])


@pytest.fixture(scope="module")
def scaler() -> ConditionScaler:
    return ConditionScaler.fit(
        conditions_from(dict(zip(NAMES, zip(*ROWS, strict=True), strict=True)))
    )


class Frame:
    """Data frame as polars has it: no index, columns by name, a length."""

    columns = tuple(COLUMNS)

    def __dataframe__(self) -> None:
        raise AssertionError("the protocol itself is not needed")

    def __len__(self) -> int:
        return 2

    def __getitem__(self, name: str) -> Any:
        return pd.Series(COLUMNS[name])


SEVERAL: dict[str, Callable[[], object]] = {
    "a dict of lists": lambda: COLUMNS,
    "a dict of arrays": lambda: {name: np.array(values) for name, values in COLUMNS.items()},
    "a list of dicts": lambda: [dict(zip(NAMES, row, strict=True)) for row in ROWS],
    "a data frame": lambda: pd.DataFrame(COLUMNS),
    "categories of pandas": lambda: pd.DataFrame(COLUMNS).astype({"material": "category"}),
    "another data frame": Frame,
    "a Dataset": lambda: xr.Dataset({name: ("run", values) for name, values in COLUMNS.items()}),
    "a table of objects": lambda: np.array(ROWS, dtype=object),
    "a list of lists": lambda: ROWS,
    "named fields": lambda: np.array(
        [tuple(row) for row in ROWS], [("row", float), ("material", "U9"), ("speed", int)]
    ),
    "conditions": lambda: conditions_from(COLUMNS),
}
ONE: dict[str, Callable[[], object]] = {
    "a dict": lambda: dict(zip(NAMES, ROWS[0], strict=True)),
    "other numbers": lambda: {"row": Fraction(1, 4), "speed": Decimal(1), "material": "steel"},
    "numbers of NumPy": lambda: {
        "row": np.array(0.25),
        "speed": np.int8(1),
        "material": np.str_("steel"),
    },
    "a list of one dict": lambda: [dict(zip(NAMES, ROWS[0], strict=True))],
    "a row of pandas": lambda: pd.DataFrame(COLUMNS).iloc[0],
    "a Dataset without dimensions": lambda: xr.Dataset(dict(zip(NAMES, ROWS[0], strict=True))),
    "a list": lambda: ROWS[0],
    "an array": lambda: np.array(ROWS[0], dtype=object),
    "a named tuple": lambda: Design(*ROWS[0]),
}


@pytest.mark.parametrize("form", SEVERAL)
def test_several_designs(form: str, scaler: ConditionScaler) -> None:
    found = designs_from(SEVERAL[form](), scaler)
    assert found.values() == ROWS
    assert found.ids == ("0", "1")
    assert scaler.transform(found).shape == (2, 4)


@pytest.mark.parametrize("form", ONE)
def test_one_design(form: str, scaler: ConditionScaler) -> None:
    assert designs_from(ONE[form](), scaler).values() == ROWS[:1]


def test_a_table(scaler: ConditionScaler, tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_text("id,speed,material,row\na,1,steel,0.25\nb,2,wood,0.5\n")
    for given in (path, str(path)):
        found = designs_from(given, scaler)
        assert (found.ids, found.values()) == (("a", "b"), ROWS)


def test_a_single_value_beside_sequences_is_that_of_all(scaler: ConditionScaler) -> None:
    found = designs_from({"row": 0.25, "material": "wood", "speed": [1, 2, 3]}, scaler)
    assert found.values() == [[0.25, "wood", speed] for speed in (1, 2, 3)]


@pytest.mark.parametrize(
    "designs",
    [
        COLUMNS | {"id": ["a", "b"]},
        pd.DataFrame(COLUMNS, index=["a", "b"]),
        pd.DataFrame(COLUMNS | {"ID": ["a", "b"]}),
        xr.Dataset({name: ("x", values) for name, values in COLUMNS.items()}, {"x": ["a", "b"]}),
    ],
)
def test_ids(designs: object, scaler: ConditionScaler) -> None:
    assert designs_from(designs, scaler).ids == ("a", "b")


def test_ids_that_are_numbers(scaler: ConditionScaler) -> None:
    frame = pd.DataFrame(COLUMNS | {"id": [7, 9]}).set_index("id")
    assert designs_from(frame, scaler).ids == ("7", "9")


def test_frames_are_recognised_without_their_packages() -> None:
    # polars is no dependency; its frames are taken like those of pandas.
    polars = pytest.importorskip("polars")
    assert conditions_from(polars.DataFrame(COLUMNS)).names == tuple(COLUMNS)


def test_columns_that_were_the_same_in_all_runs_may_be_given() -> None:
    known = Conditions(
        ("a", "b"), ("row",), np.array([[1.0], [2.0]]), left_out=(LeftOut(name="gap", value=3.0),)
    )
    scaler = ConditionScaler.fit(known)
    assert designs_from({"row": 1, "gap": 3}, scaler).names == ("row",)
    with pytest.raises(UserError, match=r"'gap' of design 0 is 4, but 3.0 in all runs"):
        designs_from({"row": 1, "gap": 4}, scaler)


@pytest.mark.parametrize(
    ("material", "words"),
    [
        ("Steel", r"'Steel' \(did you mean 'steel'\?\): give one of 'steel', 'wood'"),
        (1, "is 1, no text: give one of 'steel', 'wood'"),
        (None, "is None, no text"),
    ],
)
def test_values_that_a_category_does_not_have(
    material: object, words: str, scaler: ConditionScaler
) -> None:
    with pytest.raises(UserError, match=words):
        designs_from({"row": 1, "speed": 1, "material": material}, scaler)


def test_parameters_of_runs_have_names_or_numbers() -> None:
    assert conditions_from(np.ones((3, 2))).names == ("p0", "p1")
    found = conditions_from(COLUMNS)
    assert (found.names, found.levels) == (
        ("speed", "row", "material"),
        ((), (), ("steel", "wood")),
    )
    with pytest.raises(UserError, match=r"\[n, P\]"):
        conditions_from(np.ones(3))


def test_neither_pandas_nor_polars_nor_xarray_is_imported() -> None:
    import subprocess

    code = (
        "import sys; from simulgenvae.data.designs_from import conditions_from; "
        "conditions_from({'a': [1, 2]}); sys.exit(len({'pandas', 'polars', 'xarray'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_units_stay_with_their_parameters(tmp_path: Path) -> None:
    known = conditions_from({"row": [1.0, 2.0], "speed": [3.0, 4.0]})
    scaler = ConditionScaler.fit(replace(known, units=("mm", "m/s")))
    given = conditions_from({"speed": [3.0], "row": [1.0]})
    assert designs_from(replace(given, units=("m/s", "mm")), scaler).units == ("mm", "m/s")
    table = tmp_path / "new.csv"
    table.write_text("speed [km/h],row [mm]\n3,1\n")
    with pytest.raises(UserError, match="km/h"):
        designs_from(table, scaler)
    # Names of columns and of keywords may have their units too, as tables have them.
    found = designs_from({"speed [m/s]": [3.0], "row": [1.0]}, scaler)
    assert (found.names, found.units) == (("row", "speed"), ("mm", "m/s"))
    assert found.table.tolist() == [[1.0, 3.0]]
    with pytest.raises(UserError, match="km/h"):
        designs_from({"speed [km/h]": [3.0], "row": [1.0]}, scaler)
    with pytest.raises(UserError, match="given twice"):
        designs_from({"speed [m/s]": [3.0], "speed": [1.0], "row": [1.0]}, scaler)


def test_units_of_runs_come_from_the_names_of_columns() -> None:
    found = conditions_from(pd.DataFrame({"row [mm]": [1.0, 2.0], "speed": [3.0, 4.0]}))
    assert (found.names, found.units) == (("row", "speed"), ("mm", ""))
