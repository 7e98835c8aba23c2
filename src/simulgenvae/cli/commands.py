"""Names, descriptions and examples of the commands of ``simulgenvae``.

They are texts: help of all commands is shown without importing any of them.

Tested in tests/cli/test_help.py.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """Descriptor of a command."""

    help: str
    """One sentence of the help."""
    function: str = ""
    """Its function as ``"module:function"``; if empty, the function ``NAME`` in ``cli/NAME.py``."""
    description: str = ""
    """Further sentences, which only the command's own help shows."""
    examples: tuple[str, ...] = ()
    """Command lines that work, without the name of the program."""
    is_group: bool = False
    """True if it has commands of its own; its cyclopts App then ends its help itself."""

    def path(self, name: str) -> str:
        """Return the place of the function of the command with this name."""
        module = name.replace("-", "_")
        return self.function or f"simulgenvae.cli.{module}:{module}"


COMMANDS: dict[str, Command] = {
    "demo": Command(
        "Solve, train, evaluate and predict an example.",
        description=(
            "A steel panel under a laser beam is solved 48 times by finite elements and learned; "
            "then new designs are predicted, solved and compared. That takes about four minutes "
            "on two cores. Every command is shown as it runs, and the same command goes on after "
            "Ctrl-C."
        ),
        examples=("demo look --quick", "demo boards --images --kind cnn"),
    ),
    "inspect": Command(
        "Say what is in files of results; nothing is stored.",
        description=(
            "Runs, times, mesh, size and variables are shown. The ranges of variables are those "
            "of the first good run. Without files, the formats that can be read are listed."
        ),
        examples=("inspect results/", "inspect fields.h5 --json"),
    ),
    "ingest": Command(
        "Read fields and parameters into a study.",
        description=(
            "Sources are files of arrays [N, T, M, V], or a folder with one run per entry, as "
            "solvers leave them. The study is made where it does not exist."
        ),
        examples=(
            "ingest S fields.npy --params params.csv --mesh mesh.vtu --times times.npy",
            "ingest S results/ --params params.csv --fields T,U --every 10",
        ),
    ),
    "check": Command(
        "Look for everything that can be wrong with a study.",
        description=(
            "Shapes, ranges, the split and the memory that training needs are shown, and what "
            "is suspicious. The exit code is 2 where the study must be corrected first."
        ),
        examples=("check S", "check S --json"),
    ),
    "train": Command(
        "Train the surrogate of a study.",
        description=(
            "No setting is needed. Ctrl-C saves, and --resume continues; a model that exists is "
            "only replaced with --overwrite, and --name trains another one."
        ),
        examples=("train S", "train S --name wide --set model.width=768"),
    ),
    "models": Command(
        "List the trained models of a study, and say which one is used.",
        description=(
            "Models are made with train --name. The current one is used where no --model is given."
        ),
        examples=("models S", "models S --use model-1"),
    ),
    "compare": Command(
        "Compare two trained models of a study.",
        description=(
            "Shows the settings that differ, and the errors on the same runs. Both models must "
            "have been evaluated."
        ),
        examples=("compare S model-1 wide", "compare S model-1 wide --json"),
    ),
    "evaluate": Command(
        "Measure the surrogate and write metrics and a report.",
        description=(
            "Errors on runs that nothing has seen, uncertainty and conservation are measured "
            "next to simple methods that learned from the same runs."
        ),
        examples=("evaluate S", "evaluate S --folds 5"),
    ),
    "learning-curve": Command(
        "Say what more training runs would bring.",
        description=(
            "The surrogate is trained on parts of the training runs, and the errors are "
            "continued to more of them."
        ),
        examples=("learning-curve S", "learning-curve S --fractions 1/2 1 --target 0.02"),
    ),
    "suggest": Command(
        "Say which designs are worth solving next.",
        description=(
            "Designs are chosen so that what is expected to be learned from all of them is largest."
        ),
        examples=(
            "suggest S --count 5 --range speed=0.004:0.01 --out next.csv",
            'suggest S --quantity "peak=max(temperature) < 350"',
        ),
    ),
    "predict": Command(
        "Predict the fields of new designs.",
        description=(
            "A table shows the inputs of each design, the range of each variable over all times "
            "and nodes, the expected error, and the novelty (above 1: further from the training "
            "runs than these are from each other). --out writes the fields."
        ),
        examples=(
            "predict S --at row=0.05,speed=0.006 --at row=0.06,speed=0.006",
            "predict S --params new.csv --out new.vtkhdf",
        ),
    ),
    "render": Command(
        "Draw fields on the mesh, as an image or a film.",
        description=(
            "A run of the study is drawn next to its prediction and their difference; a new "
            "design, its prediction."
        ),
        examples=(
            "render S --out run.png",
            "render S --params new.csv --design new_000 --out new.mp4",
        ),
    ),
    "explore": Command(
        "Walk through the latent space of a trained model.",
        description=("Each way has its own help."),
        examples=(
            "explore interpolate S --from run_000 --to run_001 --out way.vtkhdf",
            "explore sample S --count 4 --out drawn.npz",
        ),
        is_group=True,
    ),
    "app": Command(
        "Move the inputs and see the field, in a browser.",
        function="simulgenvae.cli.app:app",
        description=(
            "The page runs the model itself. Without --host, this machine alone reaches it. Its "
            "address is shown, and Ctrl-C ends it. export writes the same page as one file."
        ),
        examples=("app S", "app S --port 8765 --no-browser", "app S --host 192.168.0.7"),
    ),
    "export": Command(
        "Write the surrogate as one file for other runtimes, or as a page.",
        description=(
            "The file runs without this package: a model in another program, a page in any "
            "browser, also from an e-mail. It is compared with the surrogate on random designs "
            "before it is kept."
        ),
        examples=(
            "export S --out model.onnx",
            "export S --out model.pt2 --overwrite",
            "export S --out twin.html",
        ),
    ),
}
"""Commands by name, in the order of the help. A program that uses this package can add its own."""
