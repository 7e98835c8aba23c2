"""Units and texts of a table on their way through a study: data, model, predictions and tables."""

from __future__ import annotations

import csv
import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr

from simulgenvae import Study, UserError
from simulgenvae.cli.main import main
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.surrogate.surrogate import Surrogate

SETTINGS = """
model.filters = [8]
model.width = 8
model.latent_dim = 2
model.hierarchical_dim = 1
conditioner.filters = [8]
[training]
device = "cpu"
vae.steps = 4
conditioner.steps = 4
end_to_end.steps = 4
end_to_end.members = 1
end_to_end.refit = false
"""
RUNS = 14


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, make_waves: Callable[..., Dataset]) -> Study:
    """Return a trained study whose table has units and comments."""
    folder = tmp_path_factory.mktemp("study")
    waves = make_waves(runs=RUNS, timesteps=4, nodes=9)
    np.save(folder / "fields.npy", np.stack([waves.run(row) for row in range(RUNS)]))
    lines = ["id,amplitude [mm],speed (m/s),comment"]
    for name, (amplitude, speed) in zip(waves.ids, waves.conditions.table.tolist(), strict=True):
        lines.append(f"{name},{amplitude},{speed},about {name}")
    (folder / "params.csv").write_text("\n".join(lines) + "\n")
    (folder / "times.csv").write_text("time [ms]\n0\n1\n2\n3\n")
    np.save(folder / "x.npy", np.linspace(0.0, 1.0, 9))
    (folder / "study.toml").write_text(SETTINGS)
    study = Study.open(folder)
    study.ingest(
        [folder / "fields.npy"],
        IngestOptions(
            params=folder / "params.csv",
            times=folder / "times.csv",
            coords=folder / "x.npy",
            length_unit="cm",
        ),
    )
    study.train()
    return study


def designs(folder: Path, header: str = "id,speed,amplitude,comment") -> Path:
    """Write three designs, of which the last one is beyond the trained range."""
    rows = ["new,1,1,as ordered", "more,0.9,1.1,", "far,9,1,too fast"]
    (folder / "new.csv").write_text("\n".join([header, *rows]) + "\n")
    return folder / "new.csv"


def test_labels_are_stored_and_part_of_the_model(study: Study) -> None:
    dataset = study.open_dataset()
    surrogate = Surrogate.load(study)
    assert dataset.conditions.names == ("amplitude", "speed")
    assert dataset.conditions.units == surrogate.condition_scaler.units == ("mm", "m/s")
    assert (dataset.time_unit, dataset.mesh.unit) == ("ms", "cm")
    assert (surrogate.time_unit, surrogate.mesh.unit) == ("ms", "cm")
    assert dataset.conditions.carried[0].texts[3] == "about run3"


def test_files_of_predictions_have_them(study: Study, tmp_path: Path) -> None:
    params = designs(tmp_path)
    nodes = np.array([1, 3])
    for name in ("p.nc", "p.zarr", "p.npz"):
        study.predict(tmp_path / name, params=params, nodes=nodes)
    texts = ["as ordered", "", "too fast"]
    with xr.open_dataset(tmp_path / "p.nc", decode_times=False) as found:
        assert found["time"].attrs["units"] == "ms"
        assert found["x"].attrs["units"] == "cm"
        assert found.coords["comment"].values.tolist() == texts
    group = zarr.open_group(str(tmp_path / "p.zarr"), mode="r")
    assert group["time"].attrs["units"] == "ms"
    assert group["coords"].attrs["units"] == "cm"
    with xr.open_zarr(tmp_path / "p.zarr", decode_times=False) as found:
        assert found.coords["comment"].values.tolist() == texts
    with np.load(tmp_path / "p.npz") as arrays:
        assert (str(arrays["time_unit"]), str(arrays["length_unit"])) == ("ms", "cm")
        assert arrays["carried_names"].tolist() == ["comment"]
        assert arrays["carried"].tolist() == [[text] for text in texts]


@pytest.mark.parametrize("name", ["p.nc", "p.npz"])
def test_units_come_back_with_the_runs(study: Study, tmp_path: Path, name: str) -> None:
    params = designs(tmp_path)
    study.predict(tmp_path / name, params=params)
    other = Study(tmp_path / "other")
    dataset = other.ingest([tmp_path / name], IngestOptions(params=params))
    assert (dataset.time_unit, dataset.mesh.unit) == ("ms", "cm")


def test_a_table_of_results_is_a_table_of_designs(study: Study, tmp_path: Path) -> None:
    peak = {"peak": "max(field)"}
    one, other = tmp_path / "t.csv", tmp_path / "again.csv"
    study.predict(tmp_path / "p.npz", params=designs(tmp_path), table=one, quantities=peak)
    study.predict(tmp_path / "q.npz", params=one, table=other, quantities=peak)
    assert other.read_text() == one.read_text()
    again = Study(tmp_path / "other")
    dataset = again.ingest([tmp_path / "q.npz"], IngestOptions(params=one))
    assert dataset.conditions.names == ("amplitude", "speed")
    assert [each.name for each in dataset.conditions.carried] == ["comment"]


def test_a_table_of_results(study: Study, tmp_path: Path) -> None:
    params = designs(tmp_path)
    scores = study.predict(tmp_path / "p.npz", params=params, table=tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        *("id", "amplitude [mm]", "speed [m/s]"),
        *("expected_error", "novelty", "warnings", "comment"),
    ]
    assert [float(row["novelty"]) for row in rows] == [score.novelty for score in scores]
    assert [row["comment"] for row in rows] == ["as ordered", "", "too fast"]
    assert rows[0]["warnings"] == ""
    assert "speed = 9 m/s is above the trained range" in rows[2]["warnings"]
    study.predict(tmp_path / "q.npz", params=params, table=tmp_path / "t.json")
    entries = json.loads((tmp_path / "t.json").read_text())
    assert entries[2]["inputs"]["speed"] == {"value": 9.0, "unit": "m/s"}
    assert entries[2]["warnings"][0].startswith("run 'far': speed = 9 m/s is above")
    with pytest.raises(UserError, match=r"t\.csv.*overwrite"):
        study.predict(tmp_path / "r.npz", params=params, table=tmp_path / "t.csv")
    with pytest.raises(UserError, match=r"written as \.csv or \.json"):
        study.predict(tmp_path / "r.npz", params=params, table=tmp_path / "t.txt")


def test_other_units_are_refused_and_none_is_fine(study: Study, tmp_path: Path) -> None:
    other = designs(tmp_path, "id,speed [km/h],amplitude,comment")
    with pytest.raises(UserError, match=r"new\.csv: 'speed' is in km/h, but in m/s in the study"):
        study.predict(tmp_path / "p.npz", params=other)
    same = designs(tmp_path, "id,speed [m/s],amplitude (mm),comment")
    study.predict(tmp_path / "p.npz", params=same)


def test_times_outside_have_their_unit(study: Study, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Time 7 ms is outside the trained span 0 to 3 ms"):
        study.predict(tmp_path / "p.npz", params=designs(tmp_path), times=np.array([7.0]))


def test_suggested_designs_are_read_again(study: Study, tmp_path: Path) -> None:
    study.suggest(2, out=tmp_path / "s.csv", candidates=8)
    header = (tmp_path / "s.csv").read_text().splitlines()[0]
    assert header == "id,amplitude [mm],speed [m/s]"
    study.predict(tmp_path / "p.npz", params=tmp_path / "s.csv")


def test_what_is_carried_along_is_said(
    study: Study, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="simulgenvae"):
        study.predict(tmp_path / "p.npz", params=designs(tmp_path))
    line = "column 'comment' (text, 3 different values in 3 runs) is carried along"
    assert any(line in record.getMessage() for record in caplog.records)


def test_further_runs_keep_units_and_texts(
    study: Study, tmp_path: Path, make_waves: Callable[..., Dataset]
) -> None:
    copy = Study(Path(shutil.copytree(study.folder, tmp_path / "copy")))
    more = make_waves(runs=3, timesteps=4, nodes=9)
    np.save(tmp_path / "more.npy", np.stack([more.run(row) for row in range(3)]))
    params = designs(tmp_path, "id,speed [m/s],amplitude,comment")
    options = IngestOptions(params=params, if_exists="append")
    dataset = copy.ingest([tmp_path / "more.npy"], options)
    assert dataset.conditions.units == ("mm", "m/s")
    assert (dataset.time_unit, dataset.mesh.unit) == ("ms", "cm")
    assert dataset.conditions.carried[0].texts[-3:] == ("as ordered", "", "too fast")
    params.write_text(params.read_text().replace("new,", "n2,").replace("more,", "m2,"))
    params.write_text(params.read_text().replace("far,", "f2,"))
    refused = IngestOptions(params=params, if_exists="append", time_unit="s")
    with pytest.raises(UserError, match="'time' is in s, but in ms in the study"):
        copy.ingest([tmp_path / "more.npy"], refused)


def test_the_command_line_shows_units_and_reads_them_back(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(study.folder)
    out = tmp_path / "next.csv"
    assert main(["suggest", folder, "--count", "2", "--out", str(out)]) == 0
    heads = capsys.readouterr().out
    assert "amplitude [mm]" in heads
    assert "speed [m/s]" in heads
    for arguments in (["--params", str(out)], ["--at", "speed [m/s]=1,amplitude=1"]):
        assert main(["predict", folder, *arguments, "--json"]) == 0
        shown = capsys.readouterr()
        # Narrow columns wrap their heads.
        assert all(text in shown.err for text in ("amplitude", "[mm]", "speed", "[m/s]"))
        (design, *_) = json.loads(shown.out)["designs"]
        assert design["input_units"] == {"amplitude": "mm", "speed": "m/s"}
    table = tmp_path / "t.csv"
    at = ["--at", "amplitude=1,speed=1"]
    assert main(["predict", folder, *at, "--table", str(table)]) == 0
    assert table.read_text().startswith("id,amplitude [mm],speed [m/s],")
    assert main(["predict", folder, "--at", "speed [km/h]=1,amplitude=1"]) == 2
    assert "'speed' is in km/h, but in m/s in the study" in capsys.readouterr().err
