"""Help of all commands: its text, and what it says of each option."""

from __future__ import annotations

import io
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cyclopts import App
from cyclopts.argument import ArgumentCollection
from rich.console import Console

from simulgenvae.cli.main import current
from simulgenvae.cli.parser import COMMANDS, make_app, parse

WAYS = [f"explore {way}" for way in ("interpolate", "traverse", "sample")]
PAGES = ["", *COMMANDS, *WAYS]
SHOWN = Path(__file__).with_name("help")
"""Help as it was last read by a person. ``python -m tests.cli.test_help`` writes it again."""


def page(command: str) -> str:
    """Return the help of a command as a terminal of 100 columns shows it."""
    text = io.StringIO()
    console = Console(file=text, width=100, color_system=None, force_terminal=False)
    make_app().help_print(shlex.split(command), console=console)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def file_of(command: str) -> Path:
    return SHOWN / f"{command.replace(' ', '-') or 'simulgenvae'}.txt"


def options(command: str) -> ArgumentCollection:
    _, apps, _ = make_app().parse_commands(shlex.split(command))
    found: App = apps[-1]
    return found.assemble_argument_collection(parse_docstring=True)


def shown(command: str) -> Iterator[Any]:
    """Give the arguments of a command that its help shows."""
    for argument in options(command):
        if argument.parse and argument.show and not argument.children:
            yield argument


@pytest.mark.parametrize("command", PAGES)
def test_help_is_the_one_that_was_read(command: str) -> None:
    # pytest shows the difference. Read it, then write the file again: see SHOWN.
    assert page(command) == file_of(command).read_text(encoding="utf-8")


def test_there_is_no_help_of_other_commands() -> None:
    assert set(SHOWN.iterdir()) == set(map(file_of, PAGES))


@pytest.mark.parametrize("command", [*COMMANDS, *WAYS])
def test_every_option_has_a_meaning_and_shows_its_default(command: str) -> None:
    if command == "explore":
        pytest.skip("a group of commands")
    for argument in shown(command):
        assert argument.parameter.help, argument.name
        if not argument.required:
            lines = iter(page(command).splitlines())
            row = next(
                line for line in lines if line[0:1] == "│" and argument.name in line[:40].split()
            )
            # Its text ends where the next option, or the end of the panel, begins.
            for line in lines:
                if not line.startswith("│     "):
                    break
                row += line
            assert "[default: " in row.replace("│", " "), argument.name


@pytest.mark.parametrize("command", [*COMMANDS, *WAYS])
def test_examples_work(command: str) -> None:
    _, _, end = page(command).partition("Examples:")
    lines = [line.strip() for line in end.splitlines() if line.strip()]
    assert len(lines) >= 2
    for line in lines:
        program, *arguments = shlex.split(line)
        assert program == "simulgenvae"
        # Also refuses options that do not exist, and values that they do not take.
        call = parse(arguments)
        if command in WAYS or command != "explore":
            assert [*arguments[: len(command.split())]] == command.split()
        assert call.function is not None


def test_the_same_option_means_the_same_everywhere() -> None:
    meanings: dict[str, dict[str, list[str]]] = {}
    for command in [*COMMANDS, *WAYS]:
        if command == "explore":
            continue
        for argument in shown(command):
            if argument.name in {"--overwrite", "--seed", "--samples", "--json", "--verbose"}:
                key = str(argument.parameter.help)
                meanings.setdefault(argument.name, {}).setdefault(key, []).append(command)
    assert {name: len(texts) for name, texts in meanings.items()} == {
        # `train` and `ingest` replace more than a file.
        "--overwrite": 3,
        # `learning-curve` says what is random.
        "--seed": 2,
        "--samples": 1,
        "--json": 1,
        "--verbose": 1,
    }


def test_nothing_is_help(cli: Any) -> None:
    assert cli().out == cli("--help").out


def test_options_have_their_earlier_names_too() -> None:
    assert current(["suggest", "S", "--n", "3", "--n=4"]) == [
        "suggest",
        "S",
        "--count",
        "3",
        "--count=4",
    ]
    assert current(["render", "--time=1"]) == ["render", "--times=1"]
    assert current(["predict", "--time"]) == ["predict", "--time"]


def main() -> None:
    """Write the help of all commands."""
    SHOWN.mkdir(exist_ok=True)
    for command in PAGES:
        file_of(command).write_text(page(command), encoding="utf-8")


if __name__ == "__main__":
    main()
