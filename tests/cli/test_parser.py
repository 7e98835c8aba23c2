"""The parser of ``simulgenvae``: every command, and the form of its errors."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from cyclopts import App

from simulgenvae.cli.ingest import SolverOptions
from simulgenvae.cli.parser import COMMANDS, make_app, parse


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_the_function_of_its_name_in_the_file_of_its_name(name: str) -> None:
    module = importlib.import_module(f"simulgenvae.cli.{name.replace('-', '_')}")
    command = getattr(module, name.replace("-", "_"))
    if not isinstance(command, App):
        parameters = inspect.signature(command).parameters.values()
        assert all(each.kind != each.POSITIONAL_OR_KEYWORD for each in parameters)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    make_app()([name, "--help"], result_action="return_value")
    lines = [line.strip("│ ") for line in capsys.readouterr().out.splitlines()]
    options = [line for line in lines if line.startswith("--")]
    silent = [line for line in options if "  " not in line and "INT" not in line]
    # Only names that fill their column have the explanation in the next line.
    assert all(option.startswith(("--master", "--max")) for option in silent), silent


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["nonsense"], 'simulgenvae: error: Unknown command "nonsense"'),
        (["train", "--nonsense"], "simulgenvae train: error: Unknown option: --nonsense"),
        (["train", "a", "b"], "simulgenvae train: error: Unused Tokens: ['b']"),
        (["export"], 'simulgenvae export: error: Command "export" parameter --out requires'),
        (["train", "--gpus", "0"], 'Invalid value "0" for --gpus. Must be >= 1.'),
        (["train", "--master_port", "65536"], "Must be <= 65535."),
        (["suggest", "--range", "speed=2"], "'speed=2' is no range: write NAME=LOW:HIGH"),
        (["learning-curve", "--fractions", "1/2", "2"], "2 is no fraction"),
        (["learning-curve", "--target", "3"], "3 is no error between 0 and 1"),
        (["render", "--out", "a.png", "--times", "1,x"], "1,x: no such file, and not times"),
        (["render", "--out", "a.png", "--warp", "U,x"], "'U,x': give NAME or NAME,FACTOR"),
        (["inspect", "a.h5", "--axes", "time"], "--axes time: name each axis once"),
        (["ingest", "a.npy", "--study", "b", "--overwrite", "--append"], "Mutually exclusive"),
        (["explore", "study", "nonsense"], "simulgenvae explore: error: Invalid value"),
        (["explore", "study", "sample"], "parameter --out requires an argument"),
    ],
)
def test_a_mistake_in_the_arguments_is_one_line_and_exit_code_2(
    cli: Callable[..., Any], arguments: list[str], text: str
) -> None:
    done = cli(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert done.err.count("\n") == 1
    assert text in done.err


def test_values_become_typed_parameters() -> None:
    call = parse(
        ["learning-curve", "study", "--fractions", "1/4", "1", "--set", "a.b=c", "--set=d=e"]
    )
    assert call.named["fractions"] == (0.25, 1.0)
    assert call.named["overrides"] == ("a.b=c", "d=e")
    assert [str(value) for value in call.positional] == ["study"]


def test_numbers_below_zero_are_values() -> None:
    assert parse(["suggest", "--seed", "-1"]).named["seed"] == -1
    solver = parse(["ingest", "a.npy", "--study", "b", "--box=-1,1"]).named["solver"]
    assert isinstance(solver, SolverOptions)
    assert solver.box == "-1,1"


def test_help_version_and_completion_load_neither_torch_nor_numpy() -> None:
    """All in one process; what it imports stays imported, so that the first one is named."""
    code = """
import sys
from simulgenvae.cli.parser import COMMANDS, make_app
from simulgenvae.cli.main import main

def check(what):
    loaded = {"torch", "numpy", "pydantic"} & sys.modules.keys()
    if loaded:
        sys.exit(f"{what} has loaded {sorted(loaded)}")

ways = [["explore", way] for way in ("interpolate", "traverse", "sample")]
for arguments in [["--version"], [], *([name] for name in COMMANDS), *ways]:
    main(arguments if "--version" in arguments else [*arguments, "--help"])
    check(" ".join(arguments) + " --help")
# The completion has the options of all commands.
make_app().generate_completion(shell="bash")
check("the completion")
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.stderr == ""
    assert done.returncode == 0
