"""``simulgenvae``: parse the arguments and run one command.

Parsed by cyclopts: ``--help`` takes 0.35 s, where argparse, which needs the arguments of all
commands, took 0.95 s.

Tested in tests/cli/test_commands.py and tests/cli/test_parser.py.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cyclopts import CycloptsError
from rich.console import Console

from simulgenvae.cli.guard import MISTAKE, guarded
from simulgenvae.cli.launch_flags import LaunchFlags
from simulgenvae.cli.messages import Messages
from simulgenvae.cli.parser import PROGRAM, Call, parse


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code: 0, 2 for a user's mistake, 130 after Ctrl-C."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        # Parsed completely before anything runs: a misspelt option is an error within a third of a
        # second.
        return run(parse(current(arguments)), arguments)
    except CycloptsError as error:
        # cyclopts would draw a box: scripts expect one line, with the name of the command.
        command = " ".join((PROGRAM, *(error.command_chain or ())))
        message = " ".join(str(error).split())
        errors = Console(stderr=True, markup=False, emoji=False, highlight=False)
        errors.print(f"{command}: error: {message}", soft_wrap=True)
        return MISTAKE


_EARLIER = {
    ("learning-curve", "--shares"): "--fractions",
    ("suggest", "--n"): "--count",
    ("render", "--time"): "--times",
    ("explore", "--range"): "--distance",
}
"""Options of a command that had another name in earlier versions."""


def current(arguments: Sequence[str]) -> list[str]:
    """Return arguments with the present names of options, which help alone shows."""
    command = arguments[0] if arguments else ""
    found = []
    for argument in arguments:
        name, equals, value = argument.partition("=")
        found.append(_EARLIER.get((command, name), name) + equals + value)
    return found


def run(call: Call, arguments: Sequence[str]) -> int:
    """Run a command in this process, or in several if its options say so; return the exit code."""
    flags = call.named.get("launch")
    if not isinstance(flags, LaunchFlags) or not flags.several:
        messages = call.named.get("messages")
        return guarded(
            lambda console: call(),
            messages=messages if isinstance(messages, Messages) else Messages(),
            results_apart=bool(call.named.get("json")),
        )
    # Imported here: only a launch needs torch before the command itself does.
    from simulgenvae.cli.launch import launch, without_launch

    command = ["-m", "simulgenvae.cli.main", *without_launch(arguments)]
    return guarded(lambda console: launch(command, flags))


if __name__ == "__main__":
    sys.exit(main())
