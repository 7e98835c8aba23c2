"""Run blocks of a document one after the other, as a reader would, in the present folder.

``python run_blocks.py BLOCKS.json``, by the interpreter that has the package. Lines that only call
``simulgenvae`` are given to its entry point in this process, which loads torch once; all other
commands are run by bash. Trainings and the demo take few steps.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
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


if __name__ == "__main__":
    variables: dict[str, Any] = {"__name__": "__main__"}
    for block in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
        print(f"\n===== {block['page']}:{block['line']}\n{block['code']}", flush=True)
        run_block(block["language"], block["code"], variables)
    print("\nEvery block has run.")
