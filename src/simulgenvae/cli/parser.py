"""The parser of the commands of ``simulgenvae``.

A command is a typed function in its own file; its signature and docstring are its options and their
help. cyclopts imports the file when the command runs, so that ``--help`` and ``--version`` load
neither torch nor numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cyclopts import App, Parameter

from simulgenvae import __version__
from simulgenvae.cli.commands import COMMANDS, Command

__all__ = [
    "COMMANDS",
    "PROGRAM",
    "Call",
    "Command",
    "examples",
    "make_app",
    "parse",
    "shown_default",
]

PROGRAM = "simulgenvae"


def make_app() -> App:
    """Return the parser of all commands."""
    # A switch can only be turned on: cyclopts would add --no-resume, --no-overwrite ...
    app = App(
        name=PROGRAM,
        help="Fields of new designs, learned from finished runs.\n\nThe usual way is: inspect, "
        "ingest, check, train, evaluate, predict. Each command has its own --help.",
        version=f"{PROGRAM} {__version__}",
        default_parameter=Parameter(negative=(), show_default=shown_default),
    )
    for order, (name, command) in enumerate(COMMANDS.items()):
        # The text, not the function: cyclopts imports the module when its command is called.
        app.command(
            command.path(name),
            name=name,
            help="\n\n".join(filter(None, (command.help, command.description))),
            sort_key=order,
            # A group of commands has its own end of the help.
            **({} if command.is_group else {"help_epilogue": examples(command.examples)}),
        )
    app.register_install_completion_command()
    return app


@dataclass(frozen=True)
class Call:
    """A command with the values of its parameters."""

    function: Callable[..., None]
    positional: tuple[object, ...]
    """Values of the positional parameters."""
    named: dict[str, object]
    """Values of the others; those that are not given are missing."""

    def __call__(self) -> None:
        """Run the command."""
        self.function(*self.positional, **self.named)


def parse(arguments: Sequence[str]) -> Call:
    """Return the command that the arguments ask for; CycloptsError if they ask for none."""
    # Errors are raised instead of printed: `main` decides how they look.
    function, values, _ = make_app().parse_args(
        list(arguments), exit_on_error=False, print_error=False
    )
    return Call(function, values.args, values.kwargs)


def examples(lines: Sequence[str]) -> str | None:
    """Return the end of a command's help; None where there are no examples."""
    if not lines:
        return None
    # Markdown: a block of code is not wrapped.
    return "\n".join(["Examples:", "```", *(f"{PROGRAM} {line}" for line in lines), "```"])


def shown_default(value: object) -> str:
    """Return a default as the help shows it. Options that mean more by it say so themselves."""
    if value is False:
        return "off"
    return "none" if value is None or value in ((), "") else str(value)
