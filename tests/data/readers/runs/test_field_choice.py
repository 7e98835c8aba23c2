"""Fields that only some timesteps, runs, places or blocks have, in files that PyVista wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvista

from simulgenvae.data.ingest.append import append_runs
from simulgenvae.data.ingest.build import build_dataset
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.series import RunPart
from simulgenvae.errors import UserError
from simulgenvae.settings import DataSettings

Change = Callable[[Any, int, int], None]


def plate(run: int, step: int) -> Any:
    made = pyvista.ImageData(dimensions=(4, 3, 1)).cast_to_unstructured_grid()
    made.point_data["T"] = made.points[:, 0] + 10 * run + step
    return made


def write(folder: Path, change: Change, runs: int = 3, steps: int = 4) -> None:
    """Write runs of plates, each changed by a function of the plate, its run and its timestep."""
    for run in range(runs):
        (folder / f"run_{run}").mkdir(parents=True)
        for step in range(steps):
            made = plate(run, step)
            change(made, run, step)
            made.save(folder / f"run_{run}/t_{step}.vtu")


def add(name: str, condition: Callable[[int, int], bool]) -> Change:
    def change(made: Any, run: int, step: int) -> None:
        if condition(run, step):
            made.point_data[name] = 100.0 + made.points[:, 1] + run + step

    return change


def lines(source: Any) -> list[str]:
    """Return the remarks of a source after all its runs have been read."""
    for run in range(source.shape[0]):
        source.run(run)
    return list(source.remarks())


@pytest.mark.parametrize(
    ("condition", "remark"),
    [
        (lambda run, step: step == 0, "q: at time 0, not at 1 and 3: left out"),
        (lambda run, step: step > 0, "q: at time 1 and 3, not at 0: left out"),
        (lambda run, step: step < 3, "q: at time 0 and 1, not at 3: left out"),
        (lambda run, step: run == 1, "q: in 1 of 3 compared runs only ('run_1'): left out"),
        (
            lambda run, step: run == 1 and step == 0,
            "q: at time 0, not at 1 and 3, in 1 of 3 compared runs: left out",
        ),
        (
            lambda run, step: run == 2 and step == 2,
            "q: in {folder}/run_2 at time 2, not in the runs and timesteps that were compared first: left out",
        ),
    ],
)
def test_a_field_of_some_timesteps_or_runs_is_left_out_with_a_remark(
    tmp_path: Path, condition: Callable[[int, int], bool], remark: str
) -> None:
    write(tmp_path, add("q", condition))
    source = open_runs(tmp_path)
    assert source.companions["variables"].tolist() == ["T"]
    assert not source.problems
    assert lines(source) == [remark.format(folder=tmp_path)]
    for run in range(3):
        for step in range(4):
            np.testing.assert_array_equal(source.run(run)[step, :, 0], plate(run, step)["T"])


def test_the_timesteps_that_have_a_field_can_be_taken(tmp_path: Path) -> None:
    write(tmp_path, add("q", lambda run, step: step > 0))
    with pytest.raises(UserError, match=r"q is at time 1 and 3, not at 0: .*--start and --end"):
        open_runs(tmp_path, RunPart(["q"]))
    source = open_runs(tmp_path, RunPart(["q"], start=1))
    assert source.shape == (3, 3, 12, 1)
    np.testing.assert_array_equal(source.run(2)[0, :, 0], 103 + plate(0, 0).points[:, 1])
    assert open_runs(tmp_path, RunPart(start=1)).companions["variables"].tolist() == ["T", "q"]


def test_a_field_that_a_single_run_lacks_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    write(tmp_path, add("q", lambda run, step: run != 0))
    source = open_runs(tmp_path)
    assert source.companions["variables"].tolist() == ["T", "q"]
    assert list(source.problems) == [0]
    assert "run_0: has no 'q', which 2 of 3 compared runs have: " in source.problems[0]
    assert "--fields T" in source.problems[0]
    chosen = open_runs(tmp_path, RunPart(["T"]))
    assert not chosen.problems
    # The reference decides where the user names one.
    assert open_runs(tmp_path, RunPart(reference="run_0")).companions["variables"] == ["T"]


def test_a_field_that_one_timestep_of_a_run_lacks_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, add("q", lambda run, step: (run, step) != (1, 2)))
    source = open_runs(tmp_path)
    with pytest.raises(UserError, match=r"run_1: has no 'q' at time 2: leave it out with --fields"):
        source.run(1)
    assert source.run(2).shape == (4, 12, 2)


def _cells_in_run_2(made: Any, run: int, step: int) -> None:
    values = np.arange(12.0) if run != 2 else np.arange(6.0)
    (made.cell_data if run == 2 else made.point_data)["q"] = values


def _cells_later(made: Any, run: int, step: int) -> None:
    if step:
        made.cell_data["q"] = np.arange(6.0)
    else:
        made.point_data["q"] = np.arange(12.0)


def test_values_at_nodes_and_in_cells_are_not_mixed(tmp_path: Path) -> None:
    write(tmp_path / "runs", _cells_in_run_2)
    source = open_runs(tmp_path / "runs")
    assert list(source.problems) == [2]
    assert (
        "'q' has values in cells, but values at nodes in 2 of 3 compared runs" in source.problems[2]
    )
    np.testing.assert_array_equal(source.run(1)[0, :, 1], np.arange(12))
    write(tmp_path / "steps", _cells_later)
    source = open_runs(tmp_path / "steps")
    assert source.companions["variables"].tolist() == ["T"]
    (line,) = lines(source)
    assert line.startswith("q: at nodes (1 components) at time 0, in cells (1 components) at ")


def test_means_of_cells_are_said(tmp_path: Path) -> None:
    def change(made: Any, run: int, step: int) -> None:
        made.cell_data["material"] = np.array([1, 2, 2, 1, 2, 2])
        made.point_data["both"] = np.arange(12.0)
        made.cell_data["both"] = np.ones(6)

    write(tmp_path, change)
    source = open_runs(tmp_path)
    assert source.companions["variables"].tolist() == ["T", "both", "material"]
    np.testing.assert_array_equal(source.run(0)[0, :, 1], np.arange(12))
    np.testing.assert_array_equal(source.run(0)[0, :3, 2], [1, 1.5, 2])
    assert lines(source) == [
        "material: values in cells: a node gets the mean of the cells around it",
        "both: at nodes and in cells: the values at nodes are taken",
    ]


@pytest.mark.parametrize("suffix", [".vti", ".vts", ".vtr", ".vtu"])
def test_means_of_whole_numbers_are_not_rounded(tmp_path: Path, suffix: str) -> None:
    image = pyvista.ImageData(dimensions=(4, 3, 1))
    casts: dict[str, Callable[[], Any]] = {
        ".vti": image.copy,
        ".vts": image.cast_to_structured_grid,
        ".vtr": image.cast_to_rectilinear_grid,
        ".vtu": image.cast_to_unstructured_grid,
    }
    made = casts[suffix]()
    made.cell_data["material"] = np.array([1, 2, 2, 1, 2, 2], dtype=np.int16)
    made.save(tmp_path / f"run{suffix}")
    np.testing.assert_array_equal(open_runs(tmp_path).run(0)[0, :3, 0], [1, 1.5, 2])


def test_remarks_are_stored_with_the_data(tmp_path: Path) -> None:
    write(tmp_path / "runs", add("q", lambda run, step: step > 0))
    (tmp_path / "p.csv").write_text("id,a\nrun_0,1\nrun_1,2\nrun_2,3\n")
    dataset, notes = build_dataset(
        [tmp_path / "runs"], tmp_path / "d.zarr", IngestOptions(params=tmp_path / "p.csv")
    )
    assert dataset.remarks == ("q: at time 1 and 3, not at 0: left out",)
    assert dataset.remarks[0] in notes
    # Runs that are appended do not repeat them.
    write(tmp_path / "more", add("q", lambda run, step: step > 0))
    (tmp_path / "m.csv").write_text("id,a\nnew_0,1\nnew_1,2\nnew_2,3\n")
    for run in range(3):
        (tmp_path / f"more/run_{run}").rename(tmp_path / f"more/new_{run}")
    grown, _ = append_runs(
        [tmp_path / "more"],
        tmp_path / "d.zarr",
        IngestOptions(params=tmp_path / "m.csv"),
        settings=DataSettings(),
        split_file=tmp_path / "split.csv",
    )
    assert len(grown.ids) == 6
    assert grown.remarks == dataset.remarks


def test_of_many_runs_some_are_compared_and_all_are_checked(tmp_path: Path) -> None:
    write(tmp_path, add("q", lambda run, step: run != 1), runs=40, steps=1)
    source = open_runs(tmp_path)
    assert not source.problems
    with pytest.raises(UserError, match="run_1: has no 'q' at time 0"):
        source.run(1)
