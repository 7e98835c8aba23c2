"""``simulgenvae predict``: designs that are written out, and what is loaded for them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from simulgenvae.cli.console import printing_on, show
from simulgenvae.cli.predict import summary_table
from simulgenvae.settings import StudyFolder
from simulgenvae.study.predicted_design import PredictedDesign, VariableSummary
from simulgenvae.surrogate.model_record import read_facts

AT = "speed=0.5,size=1"
HEAVY = (
    "torch",
    "xarray",
    "pandas",
    "zarr",
    "h5py",
    "sklearn",
    "matplotlib",
    "optuna",
    "pyvista",
    "scipy.optimize",
    "scipy.spatial",
    "scipy.stats",
    "sympy",
    "simulgenvae.data.readers",
    "simulgenvae.training",
    "simulgenvae.evaluation",
)
"""Modules that a prediction of few designs must not load: each takes a part of a second."""
HEAVIER = {"numpy", "scipy", "pydantic", *HEAVY}


def loaded(*arguments: object) -> tuple[set[str], str]:
    """Return the modules that a command loads in a process of its own, and what it says."""
    code = (
        "import json, sys; from simulgenvae.cli.main import main; main(sys.argv[1:]); "
        "print('\\n' + json.dumps(sorted(sys.modules)))"
    )
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    *shown, modules = done.stdout.splitlines()
    return set(json.loads(modules)), "\n".join(shown) + done.stderr


def test_one_design_needs_no_heavy_library(trained: Path) -> None:
    modules, shown = loaded("predict", trained, "--at", AT, "--out", trained / "new.npz")
    assert "new.npz: 1 design" in shown
    assert not modules.intersection(HEAVY)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--at", "sped=0.5,size=1"], "Did you mean 'speed'?"),
        (["--at", "speed=0.5"], "size is missing"),
        (["--at", "speed=fast,size=1"], "not a number"),
        (["--at", AT, "--out", "new.foo"], "the suffix '.foo' is unknown"),
        (["--at", AT, "--out", "nowhere/new.npz"], "does not exist; make it first"),
        (["--at", AT, "--out", "there.npz"], "give --overwrite to replace it"),
        (["--at", AT, "--variables", "w"], "There is no variable 'w'"),
        (["--at", AT, "--times", "times.csv"], "Time 7 is outside the trained span"),
        (["--at", AT, "--nodes", "nodes.csv"], "There is no node 99"),
        (["--at", AT, "--samples", "1"], "at least 2 samples"),
        (["--at", AT, "--seed", "-1"], "--seed is -1"),
        (["--at", AT, "--params", "new.csv"], "--at and --params both"),
        ([], "give --params or --at too"),
    ],
)
def test_a_mistake_is_said_before_anything_heavy_is_loaded(
    trained: Path, options: list[str], message: str
) -> None:
    (trained / "there.npz").write_text("")
    (trained / "times.csv").write_text("0.5\n7\n")
    (trained / "nodes.csv").write_text("1\n99\n")
    given = [trained / text if "." in text and "=" not in text else text for text in options]
    modules, shown = loaded("predict", trained, *given)
    assert message in shown
    assert not modules.intersection({*HEAVY, "scipy"})


@pytest.mark.parametrize("arguments", [["--help"], ["predict", "--help"], ["--version"]])
def test_help_loads_hardly_anything(arguments: list[str]) -> None:
    assert not loaded(*arguments)[0].intersection(HEAVIER)


def test_a_table_shows_inputs_ranges_and_trust(cli: Any, trained: Path) -> None:
    before = sorted(trained.iterdir())
    done = cli("predict", trained, "--at", AT, "--at", "size=1.5, speed=0.7")
    assert done.code == 0, done.err
    rows = [line.replace("│", " ").split() for line in done.out.splitlines()]
    assert ["design_1", "0.5", "1"] in [row[:3] for row in rows]
    assert ["design_2", "0.7", "1.5"] in [row[:3] for row in rows]
    for text in ("speed", "size", "u [m]", "T [K]", "Novelty", "--out FILE.npz"):
        assert text in done.out
    assert sorted(trained.iterdir()) == before


@pytest.mark.parametrize(
    ("width", "heading"), [(80, "temperature ┃ Expected ┃"), (100, "┃ temperature [K] ┃ Expected")]
)
def test_numbers_of_a_narrow_table_stay_whole(width: int, heading: str) -> None:
    design = PredictedDesign(
        "new_000",
        {"row": 0.0286734, "speed": 0.00555044, "power": 559.153},
        (VariableSummary("temperature", "K", 284.2, 307.5, 554.5),),
        0.028,
        0.1,
        input_units={"row": "m", "speed": "m/s", "power": "W"},
    )
    console = Console(width=width)
    with console.capture() as capture, printing_on(console):
        show(summary_table([design]))
    assert heading in capture.get()
    for text in ("0.028673", "0.0055504", "559.15", "307.5", "2.8 %"):
        assert f" {text} │" in capture.get()


def test_written_designs_are_those_of_a_table(cli: Any, trained: Path) -> None:
    table = trained / "new.csv"
    table.write_text("id,size,speed\ndesign_1,1,0.5\n")
    assert cli("predict", trained, "--at", AT, "--out", trained / "at.npz").code == 0
    assert cli("predict", trained, "--params", table, "--out", trained / "csv.npz").code == 0
    with np.load(trained / "at.npz") as at, np.load(trained / "csv.npz") as csv:
        assert set(at) == set(csv)
        for name in at:
            assert np.array_equal(at[name], csv[name]), name


def test_a_design_beyond_what_the_model_can_say(cli: Any, trained: Path) -> None:
    table = trained / "far.json"
    done = cli("predict", trained, "--at", "speed=1e30,size=1", "--at", AT, "--table", table)
    assert done.code == 0, done.err
    assert "run 'design_1' is beyond what the model can say" in " ".join(done.out.split())
    assert "run 'design_2'" not in done.out
    far, near = json.loads(table.read_text())
    assert far["expected_error"] is None
    assert "beyond what the model can say" in far["warnings"][-1]
    assert "beyond" not in " ".join(near["warnings"])


def test_without_torch_the_same_is_written(cli: Any, trained: Path) -> None:
    arguments = ("predict", trained, "--at", AT, "--samples", 2, "--out")
    modules, _ = loaded(*arguments, trained / "light.npz")
    assert "torch" not in modules
    # This process has loaded torch.
    assert cli(*arguments, trained / "torch.npz").code == 0
    with np.load(trained / "light.npz") as light, np.load(trained / "torch.npz") as torch:
        assert set(light) == set(torch)
        ranges = np.ptp(torch["fields"], axis=(0, 1, 2))
        for name in ("fields", "std", "lower", "upper"):
            # Numbers of 32 bits are no closer than that where a variable has a large mean.
            bound = np.maximum(1e-6 * ranges, np.spacing(np.abs(torch[name])))
            assert (np.abs(light[name] - torch[name]) <= bound).all(), name
        for name in ("ids", "times", "coords", "variables", "units"):
            assert np.array_equal(light[name], torch[name]), name


def test_true_errors_of_runs_that_the_model_knows_are_said_to_be_such(
    cli: Any, trained: Path, make_runs: Any
) -> None:
    split = read_facts(StudyFolder(trained)).split.parts()
    known, validation, test = (split[use][0] for use in ("train", "validation", "test"))
    table = make_runs().write_params(trained / "solved.csv")
    lines = table.read_text().splitlines()
    rows = {line.partition(",")[0]: line for line in lines}
    # By its parameters, not by its name.
    renamed = rows[split["train"][1]].replace(split["train"][1], test)
    only = "\n".join([lines[0], rows[known], rows[validation], renamed])
    table.write_text(only + "\n")
    results = trained / "table.csv"
    command = ("predict", trained, "--params", table, "--truth", trained, "--table", results)
    done = cli(*command, "--json")
    assert done.code == 0, done.err
    uses = {each["design"]: each["used_for"] for each in json.loads(done.out)["designs"]}
    assert uses == {known: "train", validation: "validation", test: "train"}
    said = " ".join(done.err.split())
    assert "each a training run: the model has learned from it" in said
    assert "a validation run: the model was chosen and calibrated by it" in said
    assert "The model knows it" in said
    by_design = {line.partition(",")[0]: line for line in results.read_text().splitlines()}
    assert "training run" in by_design[known]
    assert "validation run" in by_design[validation]
    # Runs that only the test is of, and designs without a truth, are new to the model.
    table.write_text("\n".join([lines[0], rows[test]]) + "\n")
    again = cli(*command, "--json", "--overwrite")
    assert json.loads(again.out)["designs"][0]["used_for"] is None
    assert "The model knows it" not in again.err
    # Without the data of the training, by the ids.
    solved = shutil.copytree(trained, trained.parent / "solved")
    shutil.rmtree(trained / "input_data/dataset.zarr")
    table.write_text("\n".join([lines[0], rows[known], rows[test]]) + "\n")
    done = cli("predict", trained, "--params", table, "--truth", solved, "--json")
    uses = {each["design"]: each["used_for"] for each in json.loads(done.out)["designs"]}
    assert uses == {known: "train", test: None}
