"""A small study, the commands that write into it, and what each of them leaves behind.

A command runs in a copy of this process, which has loaded everything already: starting Python and
torch anew takes seconds, in which nothing that could be disturbed happens.
"""

from __future__ import annotations

import getpass
import hashlib
import importlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyvista
from safetensors import safe_open

from simulgenvae.export.one_by_one import MARK

RUNS = 8
FURTHER = 3
SETTINGS = """
[model]
filters = [16, 8]
latent_dim = 4
hierarchical_dim = 2
width = 32
[conditioner]
filters = [16]
[data]
test_fraction = 0.2
[training]
device = "cpu"
checkpoint_seconds = 0.2
validate_every = 5
vae.steps = 60
conditioner.steps = 60
end_to_end.steps = 60
"""
MODULES = (
    "simulgenvae.cli.main",
    "simulgenvae.data.ingest.append",
    "simulgenvae.deployment",
    "simulgenvae.evaluation",
    "simulgenvae.evaluation.figures",
    "simulgenvae.export.write",
    "simulgenvae.surrogate.fit",
    "simulgenvae.surrogate.load_warm_start",
    "onnxruntime",
    "onnxscript",
    "torch.onnx",
    "torch.utils.tensorboard",
    "zarr",
)


@dataclass(frozen=True)
class Command:
    """A command of the campaign; ``{}`` in its arguments is the folder with study and files."""

    arguments: tuple[str, ...]
    after: str = ""
    """Name of the command that must have run before."""
    again: tuple[str, ...] = ()
    """Further arguments with which it may be repeated after an interruption."""
    whole: tuple[str, ...] = ("exists", "has these runs already")
    """Texts of refusals that say that an earlier call has ended its work."""


_STUDY = ("--study", "{}/study")
_TRAIN = ("train", "{}/study")
_PREDICT = ("predict", "{}/study", "--params", "{}/new.csv", "--out")
COMMANDS = {
    "ingest": Command(
        ("ingest", "{}/runs", "--params", "{}/runs.csv", "--split", "{}/split.csv", *_STUDY)
    ),
    "append": Command(
        ("ingest", "{}/more", "--params", "{}/more.csv", "--append", *_STUDY), "ingest"
    ),
    "train": Command(
        (*_TRAIN, "--set", "training.end_to_end.members=2"), "ingest", again=("--resume",)
    ),
    "train by stages": Command(
        (*_TRAIN, "--set", "training.end_to_end.from_scratch=false"), "ingest", again=("--resume",)
    ),
    "evaluate": Command(("evaluate", "{}/study"), "train"),
    "predict .npz": Command((*_PREDICT, "{}/out.npz"), "train"),
    "predict .zarr": Command((*_PREDICT, "{}/out.zarr"), "train"),
    "predict .pvd": Command((*_PREDICT, "{}/out.pvd"), "train"),
    "export": Command(("export", "{}/study", "--out", "{}/out.onnx"), "train"),
}


def make(folder: Path) -> None:
    """Write the files of two groups of runs, their parameters, and new designs."""
    random = np.random.default_rng(0)
    table = random.uniform(0.5, 1.5, (RUNS + FURTHER, 2))
    grid = pyvista.ImageData(dimensions=(6, 5, 1)).cast_to_unstructured_grid()
    x = grid.points[:, 0] / 5
    groups = {"runs": range(RUNS), "more": range(RUNS, RUNS + FURTHER)}
    for name, rows in groups.items():
        lines = ["id,size,speed"]
        for row in rows:
            run = folder / name / f"run_{row:02d}"
            run.mkdir(parents=True)
            size, speed = table[row]
            lines.append(f"{run.name},{size},{speed}")
            for step in range(5):
                grid.point_data["u"] = size * np.sin(3 * x - speed * step)
                grid.save(run / f"step_{step}.vtu")
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    parts = ["test", "validation", *["train"] * (RUNS - 2)]
    lines = [f"run_{row:02d},{part}" for row, part in enumerate(parts)]
    (folder / "split.csv").write_text("\n".join(["id,split", *lines]) + "\n")
    (folder / "new.csv").write_text("id,size,speed\na,0.7,0.8\nb,1.1,1.2\nc,0.9,1.4\n")
    (folder / "study").mkdir()
    (folder / "study/study.toml").write_text(SETTINGS)


def load() -> None:
    """Load everything that the commands need, without starting threads."""
    for name in MODULES:
        importlib.import_module(name)


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    """Exit code; the negative number of the signal that ended it."""
    seconds: float
    text: str
    """Everything that it printed."""


def run(
    arguments: tuple[str, ...],
    folder: Path,
    *,
    outside: Path,
    kill_after: float | None = None,
    before: Callable[[], object] = lambda: None,
) -> Ended:
    """Run a command in a copy of this process, and kill it with all its processes on request.

    Parameters
    ----------
    arguments, folder
        The command, and the folder of its study and files.
    outside
        Folder for what it prints, and for the system's temporary files.
    kill_after
        Seconds after which it is killed.
    before
        Function that is called in that process before the command starts.
    """
    printed = outside / "printed.txt"
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        _be_the_command([part.format(folder) for part in arguments], outside, printed, before)
    # Here too: the child may not have come to it when it is killed.
    with suppress(PermissionError, ProcessLookupError):
        os.setpgid(child, child)
    if kill_after is not None:
        time.sleep(max(0.0, start + kill_after - time.monotonic()))
        # Readers of VTK's files are processes of the same group.
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    seconds = time.monotonic() - start
    return Ended(os.waitstatus_to_exitcode(status), seconds, printed.read_text(errors="replace"))


def _be_the_command(
    arguments: list[str], outside: Path, printed: Path, before: Callable[[], object]
) -> None:
    code = 70
    try:
        os.setpgid(0, 0)
        os.environ["TMPDIR"] = str(outside / "temporary")
        tempfile.tempdir = None
        file = os.open(printed, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 1)
        os.dup2(file, 2)
        before()
        from simulgenvae.cli.main import main

        code = main(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
        # Ends the reader of VTK's files.
        from simulgenvae.data.readers.runs import vtk_subprocess

        vtk_subprocess._reader.close()
    finally:
        os._exit(code)


def copy(folder: Path, target: Path) -> Path:
    """Return a fresh copy of a folder."""
    shutil.rmtree(target, ignore_errors=True)
    return Path(shutil.copytree(folder, target))


def state(folder: Path) -> dict[str, str]:
    """Return the digest of the content of each file by its path, except for dates and durations.

    Numbers of TensorBoard's files and lines of the log differ from training to training: only their
    folders count.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        others = path.name == "training.log" or path.suffix == ".lock"
        if "tensorboard" in path.parts or others or path.is_dir():
            continue
        found[name] = hashlib.sha256(_content(path)).hexdigest()
    return found


def _content(path: Path) -> bytes:
    """Return what must be the same after each run of a command."""
    if path.name == "metrics.json":
        result = json.loads(path.read_text())
        return json.dumps(_without_times(result), sort_keys=True).encode()
    if path.name in {"report.html", "MODEL_CARD.md"}:
        return b"" if path.read_text().rstrip().endswith(("</html>", ".", "|", "`")) else b"half"
    content = path.read_bytes()
    if path.suffix in {"", ".safetensors"} and content[8:9] == b"{":
        with safe_open(path, "np") as file:
            # The random state of a checkpoint is not used any more when its training is over.
            names = sorted(name for name in file.keys() if not name.startswith("rng/"))  # noqa: SIM118 - no mapping
            return b"".join(file.get_tensor(name).tobytes() for name in names)
    return content


def _without_times(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_times(item) for key, item in value.items() if "second" not in key}
    return value


def temporaries(folder: Path, outside: Path) -> list[str]:
    """Return the names of half-written files, and of those in the system's temporary folder.

    The lock file of a killed process is none of them: it is empty, locks nothing, and is used
    again. Nor is the mark of a folder of predictions.
    """
    found = [
        str(path.relative_to(folder))
        for path in folder.rglob(".*")
        if path.suffix != ".lock"
        and path.name != MARK
        and ".zarr/" not in str(path.relative_to(folder))
    ]
    # torch keeps one folder for what it compiles, for all programs.
    others = {f"$TMPDIR/{path.name}" for path in (outside / "temporary").glob("*")}
    return found + sorted(others - {f"$TMPDIR/torchinductor_{getpass.getuser()}"})
