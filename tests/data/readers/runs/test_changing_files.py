"""Runs whose files vanish or shrink after they were found, and before or while they are read."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import pyvista

from simulgenvae.data.ingest.build import build_dataset
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.data.readers import open_source
from simulgenvae.data.store.write import write_store
from simulgenvae.errors import UserError
from simulgenvae.settings import DataSettings


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Return a folder with five runs of three files."""
    grid = pyvista.ImageData(dimensions=(3, 3, 1)).cast_to_unstructured_grid()
    for run in range(5):
        folder = tmp_path / "runs" / f"run_{run}"
        folder.mkdir(parents=True)
        for step in range(3):
            grid.point_data["u"] = np.arange(9.0) + run + step
            grid.save(folder / f"step_{step}.vtu")
    table = "id,p\n" + "".join(f"run_{run},{run * run}\n" for run in range(5))
    (tmp_path / "p.csv").write_text(table)
    return tmp_path / "runs"


def _remove_run(run: Path) -> None:
    shutil.rmtree(run)


def _remove_file(run: Path) -> None:
    (run / "step_1.vtu").unlink()


def _cut(run: Path) -> None:
    file = run / "step_1.vtu"
    file.write_bytes(file.read_bytes()[:300])


CHANGES = [
    (_remove_run, "run_3.*is no longer there"),
    (_remove_file, "run_3.*is no longer there"),
    (_cut, "step_1"),
]


@pytest.mark.parametrize(("change", "told"), CHANGES)
def test_the_run_and_its_file_are_named(
    runs: Path, change: Callable[[Path], None], told: str
) -> None:
    with open_source(runs) as source:
        source.run(0)
        change(runs / "run_3")
        with pytest.raises(UserError, match=f"run_3.*{told}|{told}"):
            source.run(3)
        source.run(4)


@pytest.mark.parametrize(("change", "told"), CHANGES)
def test_nothing_is_stored(
    runs: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path], None],
    told: str,
) -> None:
    """The change comes between the look at all runs and the reading of the fields."""

    def change_and_write(*arguments: object, **named: object) -> None:
        change(runs / "run_3")
        write_store(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr("simulgenvae.data.ingest.build.write_store", change_and_write)
    target = runs.parent / "study/input_data/dataset.zarr"
    with pytest.raises(UserError, match="run_3"):
        build_dataset(
            [runs],
            target,
            IngestOptions(params=runs.parent / "p.csv"),
            settings=DataSettings(),
            split_target=target.with_name("split.csv"),
        )
    assert not (runs.parent / "study").exists()
