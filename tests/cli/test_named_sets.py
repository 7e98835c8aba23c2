"""Named sets of solver files on the command line, from ``ingest`` to quantities."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from simulgenvae.settings import StudyFolder
from simulgenvae.surrogate.light.load import load_light
from tests.cli.conftest import Outcome

Cli = Callable[..., Outcome]
GMSH = Path(__file__).parents[1] / "data/mesh_files/written/meshio_22_text.msh"
INPUT = """*NODE, NSET=all
5, 0, 0
6, 1, 0
7, 2, 0
8, 0, 1
9, 1, 1
10, 2, 1
*ELEMENT, TYPE=DC2D4, ELSET=plate
1, 5, 6, 9, 8
2, 6, 7, 10, 9
*NSET, NSET=inlet, GENERATE
5, 8, 3
*ELSET, ELSET=right
2
"""


def _fields(folder: Path, first: int = 0) -> tuple[Path, Path]:
    """Write fields of 12 runs at 4 times and 6 nodes, and their parameters, with ids from one on."""
    speed = np.linspace(0.5, 1.5, 12)
    x = np.array([0.0, 1, 2, 0, 1, 2])
    waves = np.sin(x - speed[:, None, None] * np.arange(4.0)[:, None])
    np.save(folder / "fields.npy", 300 + waves)
    rows = "\n".join(f"{run},{value:.6f}" for run, value in enumerate(speed, first))
    (folder / "params.csv").write_text(f"id,speed\n{rows}\n")
    return folder / "fields.npy", folder / "params.csv"


def _ingest(cli: Cli, folder: Path, mesh: Path, first: int = 0) -> Outcome:
    fields, params = _fields(folder, first)
    (folder / "S").mkdir()
    return cli(
        *("ingest", folder / "S", fields, "--params", params, "--mesh", mesh),
        *("--variables", "T", "--units", "K"),
    )


@pytest.fixture
def abaqus(tmp_path: Path) -> Path:
    (tmp_path / "plate.inp").write_text(INPUT)
    return tmp_path / "plate.inp"


def test_sets_of_a_mesh_are_listed(cli: Cli, tmp_path: Path, abaqus: Path) -> None:
    done = _ingest(cli, tmp_path, abaqus)
    assert done.code == 0, done.err
    said = "sets of nodes: all (6 nodes), inlet (2 nodes), plate (6 nodes), right (4 nodes)"
    assert said in done.out + done.err
    done = cli("inspect", tmp_path / "S")
    assert "sets       all (6 nodes), inlet (2 nodes), plate (6 nodes), right" in done.out
    found = json.loads(cli("inspect", tmp_path / "S", "--json").out)
    sizes = {"all": 6, "inlet": 2, "plate": 6, "right": 4}
    assert found["sources"][0]["sets"] == sizes


def test_further_runs_keep_the_sets(cli: Cli, tmp_path: Path, abaqus: Path) -> None:
    _ingest(cli, tmp_path, abaqus)
    more = tmp_path / "more.csv"
    more.write_text("id,speed\nnew,0.7\nother,0.8\n")
    fields = np.load(tmp_path / "fields.npy")[:2]
    np.savez(tmp_path / "more.npz", fields=fields, ids=np.array(["new", "other"]))
    append = ("ingest", tmp_path / "S", tmp_path / "more.npz", "--params", more, "--append")
    assert cli(*append).code == 0
    assert "inlet (2 nodes)" in cli("inspect", tmp_path / "S").out
    changed = tmp_path / "changed.inp"
    changed.write_text(INPUT.replace("5, 8, 3", "5, 8, 1"))
    more.write_text("id,speed\nthird,0.9\nfourth,1.0\n")
    np.savez(tmp_path / "more.npz", fields=fields, ids=np.array(["third", "fourth"]))
    done = cli(*append, "--mesh", changed)
    assert done.code == 0, done.err
    assert (
        "left out, with the first run that differs: 'inlet' (the new runs)" in done.out + done.err
    )
    assert "inlet" not in cli("inspect", tmp_path / "S").out


def test_a_part_of_the_nodes_has_their_sets(cli: Cli, tmp_path: Path, abaqus: Path) -> None:
    fields, params = _fields(tmp_path)
    study = tmp_path / "S"
    study.mkdir()
    (study / "study.toml").write_text("[data]\nnode_start = 1\nnode_end = 3\n")
    done = cli("ingest", study, fields, "--params", params, "--mesh", abaqus)
    assert done.code == 0, done.err
    assert "part that is read are left out: 'inlet'" in done.out + done.err
    assert "all (2 nodes), plate (2 nodes), right (2 nodes)" in cli("inspect", study).out


def test_studies_with_other_sets_are_joined(cli: Cli, tmp_path: Path, abaqus: Path) -> None:
    for first, name, generated in ((0, "one", "5, 8, 3"), (12, "two", "5, 8, 1")):
        (tmp_path / name).mkdir()
        abaqus.write_text(INPUT.replace("5, 8, 3", generated))
        assert _ingest(cli, tmp_path / name, abaqus, first).code == 0
    studies = (tmp_path / "one/S", tmp_path / "two/S")
    done = cli("ingest", tmp_path / "both", *studies)
    assert done.code == 0, done.out + done.err
    assert f"the first run that differs: 'inlet' ({studies[1]})" in done.out + done.err
    assert "inlet" not in cli("inspect", tmp_path / "both").out


def test_quantities_of_a_set(cli: Cli, tmp_path: Path, settings_text: str) -> None:
    assert _ingest(cli, tmp_path, GMSH).code == 0
    study = tmp_path / "S"
    declared = '[quantities]\n"mean of the inlet" = "mean(T, set=\'inlet\')"\n'
    (study / "study.toml").write_text(settings_text + declared)
    assert cli("train", study).code == 0
    done = cli("evaluate", study, "--quantity", "max_inlet=max(T, set='inlet')")
    assert done.code == 0, done.err
    metrics = json.loads(next(study.rglob("metrics.json")).read_text())
    mean, maximum = metrics["quantities"]["found"]
    assert (mean["name"], maximum["name"]) == ("mean of the inlet", "max_inlet")
    inlet = np.load(tmp_path / "fields.npy")[:, :, [0, 3]]
    for run, measured in maximum["runs"].items():
        assert measured["truth"] == pytest.approx(inlet[int(run)].max(), rel=1e-6)
    # A model knows its sets itself, also where it is read without torch.
    shutil.rmtree(study / "input_data")
    parts = load_light(StudyFolder(study))
    assert parts is not None
    assert parts.mesh.sets.sizes() == {"inlet": 2, "plate": 6}
    new = tmp_path / "new.csv"
    new.write_text("id,speed\na,0.9\n")
    predict = ("predict", study, "--params", new, "--out")
    done = cli(*predict, tmp_path / "new.npz", "--quantity", "max_inlet=max(T, set='inlet')")
    assert done.code == 0, done.err
    assert "mean of the inlet" in done.out
    assert "max_inlet" in done.out
    done = cli(*predict, tmp_path / "other.npz", "--quantity", "q=max(T, set='inlett')")
    assert done.code == 2
    assert "no set 'inlett': did you mean 'inlet'? The sets are inlet, plate" in done.err
