"""Cases: their file, their tables and their measures."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.geometry.case import GeometryCase, read_case, write_case

Make = Callable[..., GeometryCase]


def test_case_survives_its_file(ovals: Make, tmp_path: Path) -> None:
    case = ovals(2, 1, anchored=True)
    write_case(case, tmp_path / "a.npz")
    again = read_case(tmp_path / "a.npz")
    assert [file.name for file in tmp_path.iterdir()] == ["a.npz"]
    for name in ("name", "kind", "variables", "names", "shape_names", "source"):
        assert getattr(again, name) == getattr(case, name)
    for name in ("times", "table", "train", "test"):
        np.testing.assert_array_equal(getattr(again, name), getattr(case, name))
    for one, other in zip(case.runs, again.runs, strict=True):
        assert one.id == other.id
        for part in ("points", "cells", "fields", "anchors"):
            np.testing.assert_array_equal(getattr(one, part), getattr(other, part))
            assert getattr(one, part).dtype == getattr(other, part).dtype


def test_training_runs_come_first_and_can_be_fewer(ovals: Make) -> None:
    case = ovals(3, 2)
    assert [run.id for run in case.training_runs] == ["train_000", "train_001", "train_002"]
    assert [run.id for run in case.test_runs] == ["test_000", "test_001"]
    fewer = case.first(2)
    assert [run.id for run in fewer.training_runs] == ["train_000", "train_001"]
    assert fewer.test_runs == case.test_runs


def test_table_without_shape(ovals: Make) -> None:
    case = ovals(2, 1)
    bare = case.without_shape()
    assert bare.names == ("rate",)
    np.testing.assert_array_equal(bare.table, case.table[:, 1:])


def test_volumes_are_those_of_the_own_mesh(ovals: Make) -> None:
    case = ovals(2, 1)
    for run, stretch in zip(case.runs, case.table[:, 0], strict=True):
        assert case.volumes(run).sum() == pytest.approx(np.pi * stretch, rel=0.01)
