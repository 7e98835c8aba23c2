"""The command line as a method: one mesh for all runs, and how its answers are read."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.geometry.case import GeometryCase
from benchmarks.geometry.measure import joint_errors
from benchmarks.geometry.ours import OtherNodesError, ours_on_one_mesh, read_answers
from simulgenvae.errors import UserError

Make = Callable[..., GeometryCase]


def test_answers_are_by_id_and_variables_by_name(ovals: Make, tmp_path: Path) -> None:
    case = ovals(1, 2)
    arrays: dict[str, Any] = {"ids": np.array([run.id for run in case.test_runs])}
    arrays["variables"] = np.array(["b", "a"])
    for run in case.test_runs:
        arrays[f"{run.id}/fields"] = run.fields[..., ::-1]
        # Positions have three dimensions in files of VTK.
        arrays[f"{run.id}/coords"] = np.pad(run.points, ((0, 0), (0, 1)))
    np.savez(tmp_path / "p.npz", **arrays)
    for answer, run in zip(read_answers(tmp_path / "p.npz", case), case.test_runs, strict=True):
        np.testing.assert_array_equal(answer, run.fields)


def test_answers_on_other_meshes_are_refused(ovals: Make, tmp_path: Path) -> None:
    case = ovals(1, 1)
    run = case.test_runs[0]
    arrays: dict[str, Any] = {f"{run.id}/fields": run.fields, f"{run.id}/coords": run.points + 0.01}
    np.savez(tmp_path / "p.npz", **arrays)
    with pytest.raises(UserError, match="test_000: the answer is on another mesh"):
        read_answers(tmp_path / "p.npz", case)


@pytest.mark.slow
def test_runs_whose_nodes_correspond_are_predicted_as_on_one_mesh(ovals: Make) -> None:
    case = ovals(1, 15)
    # Sixteen runs on the nodes of one of them: the values are the rate at each node.
    one = case.runs[0]
    runs = tuple(
        replace(one, id=run.id, points=one.points * [stretch, 1.0], fields=one.fields * rate)
        for run, (stretch, rate) in zip(case.runs, case.table, strict=True)
    )
    case = replace(case, runs=runs, train=np.arange(12), test=np.array([13, 12]))
    quick = ("training.end_to_end.steps=2", "training.end_to_end.refit=false", "model.width=32")
    found = ours_on_one_mesh(case, quick)
    assert joint_errors(case, found).max() < 0.1


def test_other_cells_are_not_taken_for_one_mesh(ovals: Make) -> None:
    with pytest.raises(OtherNodesError, match="do not correspond"):
        ours_on_one_mesh(ovals(2, 1))
