"""How an answer of the command line is read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.geometry.case import GeometryCase
from benchmarks.geometry.ours import read_answers
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
