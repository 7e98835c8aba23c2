"""Run blocks of documents one after the other, as a reader would.

``python run_blocks.py``, by the interpreter that has the package, reads a job from each line of its
input: ``{"blocks": […], "folder": …, "log": …}``. A copy of this process, which has loaded the large
libraries, but nothing of the package except its entry point, runs the blocks in the folder and
writes what they print to the log. Its exit code is the answer, a line of the output.

Lines that only call ``simulgenvae`` are given to its entry point; all other commands are run by
bash. Trainings and the demo take few steps.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
import traceback
from typing import Any

from simulgenvae.cli.main import main
from simulgenvae.settings import Settings

FEW = [
    *("--set", "model.filters=[32,16,8]"),
    *("--set", "model.width=8"),
    *("--set", "training.end_to_end.members=1"),
    *("--set", "training.end_to_end.refit=false"),
    *("--set", "training.end_to_end.steps=8"),
    # Those of the training are also the settings of an evaluation; figures have their own tests.
    *("--set", "evaluation.figures=false"),
]
SHORTER = {
    "train": FEW,
    "learning-curve": [*FEW, "--fractions", "1/2", "1"],
    "demo": ["--quick", "--runs", "8", "--no-open", *FEW],
}
"""Further arguments of commands that would take minutes."""
LARGE = (
    "matplotlib.figure",
    "pandas",
    "scipy.optimize",
    "scipy.spatial",
    "torch._dynamo",  # exports load it
    "zarr",
)
"""Libraries that are loaded once for all pages."""


def run_bash(code: str) -> None:
    """Run commands; AssertionError where one fails."""
    lines = [line for line in code.replace("\\\n", " ").splitlines() if line.strip()]
    if not all(re.fullmatch(r"simulgenvae [^|;&$<>]*", line.split(" #")[0]) for line in lines):
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", code], check=False)
        assert done.returncode == 0, f"exit code {done.returncode}"
        return
    for line in lines:
        _, *arguments = shlex.split(line, comments=True)
        try:
            status: Any = main([*arguments, *SHORTER.get(arguments[0], [])])
        except SystemExit as stop:  # as the commands below `explore` end
            status = stop.code or 0
        assert status == 0, f"exit code {status} of {line}"


def run_block(language: str, code: str, names: dict[str, Any]) -> None:
    """Run one block; ``names`` are the variables of the page's Python."""
    if language == "bash":
        run_bash(code)
    elif language == "python":
        exec(compile(code, "<block>", "exec"), names)
    else:
        Settings.model_validate(tomllib.loads(code))


def run_job(job: dict[str, Any]) -> None:
    """Run the blocks of a page in their folder."""
    os.chdir(job["folder"])
    variables: dict[str, Any] = {"__name__": "__main__"}
    for block in job["blocks"]:
        print(f"\n===== {block['page']}:{block['line']}\n{block['code']}", flush=True)
        run_block(block["language"], block["code"], variables)
    print("\nEvery block has run.", flush=True)


def answer(job: dict[str, Any]) -> int:
    """Return the exit code of a copy of this process that runs a job."""
    copy = os.fork()
    if copy:
        return os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1])
    log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for stream, file in enumerate((nothing, log, log)):
        os.dup2(file, stream)
    code = 1
    try:
        run_job(job)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    for library in LARGE:
        importlib.import_module(library)
    while line := sys.stdin.readline():
        print(answer(json.loads(line)), flush=True)
