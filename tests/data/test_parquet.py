"""Parquet files as tables of parameters."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest

from simulgenvae.data.condition_files import read_conditions
from simulgenvae.data.csv_table import read_table
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path


def test_without_pyarrow_an_error_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    with pytest.raises(UserError, match='python -m pip install "pyarrow'):
        read_table(tmp_path / "t.parquet")


def test_what_pandas_writes_is_read_exactly(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame(
        {
            "id": [f"r{k}" for k in range(12)],
            "speed [m/s]": np.random.default_rng(0).normal(size=12),
            "count": np.arange(12) ** 2,
            "material": pd.Categorical(["steel", "copper"] * 6),
            "comment": ["first", *[None] * 11],
        }
    )
    frame.to_parquet(tmp_path / "t.parquet")
    conditions = read_conditions(tmp_path / "t.parquet").conditions
    assert conditions.ids == tuple(frame["id"])
    assert conditions.names == ("speed", "count", "material")
    assert conditions.units == ("m/s", "", "")
    assert conditions.table[:, 0].tolist() == frame["speed [m/s]"].tolist()
    assert conditions.levels[2] == ("copper", "steel")
    assert conditions.carried == (("comment", ("first", *[""] * 11)),)
    frame.drop(columns="id").set_axis(frame["id"].to_numpy()).to_parquet(tmp_path / "u.parquet")
    assert read_conditions(tmp_path / "u.parquet").conditions.ids == conditions.ids


def test_what_is_no_table(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    (tmp_path / "t.parquet").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(UserError, match=r"t\.parquet: cannot be read as Parquet"):
        read_table(tmp_path / "t.parquet")
    parquet.write_table(arrow.table({"a": [[1], [2]]}), tmp_path / "t.parquet")
    with pytest.raises(UserError, match="column 'a' holds list"):
        read_table(tmp_path / "t.parquet")


def test_a_long_text_that_is_repeated_is_not_unpacked(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    texts = arrow.DictionaryArray.from_arrays(np.zeros(100_000, np.int32), ["x" * 1_000_000])
    parquet.write_table(arrow.table({"a": texts}), tmp_path / "t.parquet")
    with pytest.raises(UserError, match="a text of 1,000,000 characters"):
        read_table(tmp_path / "t.parquet")
