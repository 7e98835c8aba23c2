"""The commands of ``simulgenvae`` and their parser.

A command is a typed function in a file of its own; its signature and docstring are its options and
help. cyclopts imports the file when the command runs, so that ``--help`` and ``--version`` load
neither torch nor numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cyclopts import App, Parameter

from simulgenvae import __version__

PROGRAM = "simulgenvae"
COMMANDS = {
    "demo": "solve, train, evaluate and predict an example",
    "inspect": "say what is in files of results; nothing is stored",
    "ingest": "read fields and parameters into a study",
    "check": "look for everything that can be wrong with a study",
    "train": "train the surrogate of a study",
    "evaluate": "measure the surrogate and write metrics and a report",
    "learning-curve": "say what more training runs would bring",
    "suggest": "say which designs are worth solving next",
    "predict": "predict the fields of new designs",
    "render": "draw fields on the mesh, as an image or a film",
    "explore": "walk through the latent space of a trained model",
    "export": "write the surrogate as one file for other runtimes",
}
"""Commands and what they do; each is the function ``NAME`` in ``cli/NAME.py``."""


def make_app() -> App:
    """Return the parser of all commands."""
    # A switch can only be turned on: cyclopts would add --no-resume, --no-overwrite ...
    app = App(
        name=PROGRAM,
        help="Fields of new designs, learned from finished runs.",
        version=f"{PROGRAM} {__version__}",
        default_parameter=Parameter(negative=(), show_default=_shown_default),
    )
    for order, (name, help_text) in enumerate(COMMANDS.items()):
        module = name.replace("-", "_")
        # The text, not the function: cyclopts imports the module when its command is called.
        app.command(f"simulgenvae.cli.{module}:{module}", name=name, help=help_text, sort_key=order)
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
    function, values, _ = make_app().parse_args(
        list(arguments), exit_on_error=False, print_error=False
    )
    return Call(function, values.args, values.kwargs)


def _shown_default(value: object) -> object:
    """Return a default as the help shows it; None if it says nothing."""
    return None if value is False or value in ((), "") else value
