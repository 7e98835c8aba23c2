"""Bad runs are all named, or left out and recorded, with nothing half-written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvista

from simulgenvae.data.checks.dataset import check
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.ingest.append import append_runs
from simulgenvae.data.ingest.bad_runs import refuse_bad_runs
from simulgenvae.data.ingest.build import build_dataset
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.data.split import make_split
from simulgenvae.errors import UserError
from simulgenvae.settings import DataSettings

RUNS = 8


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Return folders of timesteps and their table; runs 2, 4 and 6 are bad.

    run_2 ended early, run_4 has NaN and run_6 is garbage.
    """
    rows = ["id,p"]
    for run in range(RUNS):
        folder = tmp_path / f"runs/run_{run}"
        folder.mkdir(parents=True)
        for step in range(3):
            grid = pyvista.ImageData(dimensions=(3, 3, 1)).cast_to_unstructured_grid()
            grid.point_data["T"] = grid.points[:, 0] + run + step
            if run == 4 and step == 1:
                grid.point_data["T"][3] = np.nan
            grid.save(folder / f"t_{step}.vtu")
        rows.append(f"run_{run},{run}")
    (tmp_path / "runs/run_2/t_2.vtu").unlink()
    (tmp_path / "runs/run_6/t_1.vtu").write_bytes(b"<?xml garbage")
    (tmp_path / "p.csv").write_text("\n".join(rows))
    return tmp_path / "runs"


def _ingest(runs: Path, *, skip_bad: bool, split: Path | None = None) -> Dataset:
    study = runs.parent / "study"
    dataset, _ = build_dataset(
        [runs],
        study / "dataset.zarr",
        IngestOptions(
            params=runs.parent / "p.csv", skip_bad=skip_bad, split=split, if_exists="replace"
        ),
        split_target=study / "split.csv",
    )
    return dataset


def test_bad_runs_are_named_and_nothing_is_left(runs: Path) -> None:
    with pytest.raises(
        UserError, match=r"^run 'run_2': .*ended early.*\. Repair .*\(--skip-bad\)$"
    ):
        _ingest(runs, skip_bad=False)
    (runs / "run_2/t_1.vtu").rename(runs / "run_2/t_2.vtu")
    (runs / "run_2/t_2.vtu").rename(runs / "run_2/t_1.vtu")
    (runs / "run_2/t_2.vtu").write_bytes((runs / "run_2/t_1.vtu").read_bytes())
    with pytest.raises(
        UserError, match=r"run 'run_4': 1 of 27 values are NaN or infinite; run 'run_6': .*t_1\.vtu"
    ):
        _ingest(runs, skip_bad=False)
    assert not (runs.parent / "study").exists()


def test_bad_runs_are_left_out_and_recorded(runs: Path) -> None:
    dataset = _ingest(runs, skip_bad=True)
    assert dataset.ids == tuple(f"run_{run}" for run in (0, 1, 3, 5, 7))
    np.testing.assert_array_equal(dataset.conditions.table[:, 0], [0, 1, 3, 5, 7])
    for row, run in enumerate((0, 1, 3, 5, 7)):
        assert dataset.run(row)[2, 0, 0] == run + 2
    assert [remark.split(": ")[1] for remark in dataset.remarks] == [
        "run 'run_2'",
        "run 'run_4'",
        "run 'run_6'",
    ]
    assert len(list((runs.parent / "study/dataset.zarr/fields/c").iterdir())) == 5
    report = check(dataset, make_split(dataset.ids, DataSettings(), None))
    assert sum("left out: run" in finding.message for finding in report.findings) == 3
    assert report.passed
    again = dataset.load()
    again.save(runs.parent / "copy.zarr")
    assert Dataset.open(runs.parent / "copy.zarr").remarks == dataset.remarks


def test_a_given_split_loses_the_runs_too(runs: Path) -> None:
    split = runs.parent / "split.csv"
    uses = ["train", "train", "test", "train", "validation", "test", "train", "validation"]
    split.write_text("id,split\n" + "\n".join(f"run_{run},{use}" for run, use in enumerate(uses)))
    dataset = _ingest(runs, skip_bad=True, split=split)
    stored = make_split(dataset.ids, DataSettings(), runs.parent / "study/split.csv")
    assert (stored.train, stored.validation, stored.test) == (
        ("run_0", "run_1", "run_3"),
        ("run_7",),
        ("run_5",),
    )


def test_half_of_all_runs_are_too_many_to_leave_out(runs: Path) -> None:
    (runs / "run_1/t_2.vtu").unlink()
    with pytest.raises(
        UserError, match="4 of 8 runs are bad, too many to leave out: run 'run_1': "
    ):
        _ingest(runs, skip_bad=True)
    assert not (runs.parent / "study").exists()


def test_further_runs_may_be_bad_too(runs: Path) -> None:
    dataset = _ingest(runs, skip_bad=True)
    more = runs.parent / "more"
    more.mkdir()
    for run, name in ((0, "run_10"), (1, "run_11"), (6, "run_12")):
        (runs / f"run_{run}").rename(more / name)
    table = runs.parent / "more.csv"
    table.write_text("id,p\nrun_10,10\nrun_11,11\nrun_12,12")
    grown, notes = append_runs(
        [more],
        runs.parent / "study/dataset.zarr",
        IngestOptions(params=table, skip_bad=True),
        settings=DataSettings(),
        split_file=runs.parent / "study/split.csv",
    )
    assert grown.ids == (*dataset.ids, "run_10", "run_11")
    assert grown.remarks[:3] == dataset.remarks
    assert "run 'run_12'" in grown.remarks[3]
    assert notes[-1] == grown.remarks[3]
    assert "run_12" not in (runs.parent / "study/split.csv").read_text()


def test_many_bad_runs_are_counted() -> None:
    with pytest.raises(UserError, match=r"run '9': bad; and 2 more runs"):
        refuse_bad_runs({str(run): "bad" for run in range(12)})
