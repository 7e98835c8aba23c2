"""The commands of ``simulgenvae`` and their parser.

A command is a typed function in its own file; its signature and docstring are its options and
help. cyclopts imports the file when the command runs, so that ``--help`` and ``--version`` load
neither torch nor numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cyclopts import App, Parameter

from simulgenvae import __version__

PROGRAM = "simulgenvae"


@dataclass(frozen=True)
class Command:
    """Descriptor of a command."""

    help: str
    """One line of the help."""
    function: str = ""
    """Its function as ``"module:function"``; if empty, the function ``NAME`` in ``cli/NAME.py``."""

    def path(self, name: str) -> str:
        """Return the place of the function of the command with this name."""
        module = name.replace("-", "_")
        return self.function or f"simulgenvae.cli.{module}:{module}"


COMMANDS: dict[str, Command] = {
    "demo": Command("solve, train, evaluate and predict an example"),
    "inspect": Command("say what is in files of results; nothing is stored"),
    "ingest": Command("read fields and parameters into a study"),
    "check": Command("look for everything that can be wrong with a study"),
    "train": Command("train the surrogate of a study"),
    "evaluate": Command("measure the surrogate and write metrics and a report"),
    "learning-curve": Command("say what more training runs would bring"),
    "suggest": Command("say which designs are worth solving next"),
    "predict": Command("predict the fields of new designs"),
    "render": Command("draw fields on the mesh, as an image or a film"),
    "explore": Command("walk through the latent space of a trained model"),
    "export": Command("write the surrogate as one file for other runtimes"),
}
"""Commands by name, in the order of the help. A program that uses this package can add its own."""


def make_app() -> App:
    """Return the parser of all commands."""
    # A switch can only be turned on: cyclopts would add --no-resume, --no-overwrite ...
    app = App(
        name=PROGRAM,
        help="Fields of new designs, learned from finished runs.",
        version=f"{PROGRAM} {__version__}",
        default_parameter=Parameter(negative=(), show_default=_shown_default),
    )
    for order, (name, command) in enumerate(COMMANDS.items()):
        # The text, not the function: cyclopts imports the module when its command is called.
        app.command(command.path(name), name=name, help=command.help, sort_key=order)
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


def _shown_default(value: object) -> object:
    """Return a default as the help shows it; None if it says nothing."""
    return None if value is False or value in ((), "") else value
