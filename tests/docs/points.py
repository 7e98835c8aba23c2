"""Run the commands of "Try all of it" in ``docs/classic-interface.md`` and report failures.

``python tests/docs/points.py`` runs all of them, ``python tests/docs/points.py R4 R20`` those of
some points, after the block that makes the studies. Blocks run one after the other in a fresh
temporary folder, or in the one that ``--folder`` names, which is kept; where that holds something,
the first block is left out.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs/classic-interface.md"
HEADING = "## Try all of it"
LONGEST = 900
"""Seconds after which a block has failed."""
_ENTRY = re.compile(
    r"^### (?P<title>[^\n]+)\n(?P<text>(?:(?!### |```)[^\n]*\n)+)```bash\n(?P<script>.*?)^```$",
    re.M | re.S,
)


@dataclass(frozen=True)
class Entry:
    """Block of commands with the points that it shows, what to expect, and the script.

    A block without points prepares the others.
    """

    points: tuple[str, ...]
    title: str
    expected: str
    script: str

    @property
    def label(self) -> str:
        return " ".join(self.points) or "preparation"


def entries(document: str) -> list[Entry]:
    """Return the entries of the section; ValueError where a heading has no text or no block."""
    section = re.split(r"^## ", document.split(f"\n{HEADING}\n", 1)[1], maxsplit=1, flags=re.M)[0]
    found = []
    for entry in _ENTRY.finditer(section):
        points, _, title = entry["title"].rpartition(": ")
        found.append(
            Entry(tuple(re.findall(r"R\d+", points)), title, entry["text"].strip(), entry["script"])
        )
    if len(found) != (headings := len(re.findall(r"^### ", section, re.M))):
        raise ValueError(
            f"{headings} headings, but {len(found)} of them have a text and one block of commands"
        )
    return found


def environment() -> dict[str, str]:
    """Return the variables that blocks rely on: ``REPO``, and this interpreter's programs."""
    found = os.environ | {"REPO": str(ROOT)}
    found["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    package = importlib.util.find_spec("simulgenvae")
    if package is None or not str(package.origin).startswith(
        str(ROOT / "src")
    ):  # another checkout is installed
        found["PYTHONPATH"] = str(ROOT / "src")
    return found


def run(entry: Entry, folder: Path, variables: Mapping[str, str]) -> tuple[bool, str]:
    """Run a block; return whether it succeeded, and what it printed.

    Nothing that it started is left running.
    """
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        process = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", entry.script],
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code: int | None = process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        said.seek(0)
        output = said.read()
    return code == 0, output if code is not None else f"{output}\nstopped after {LONGEST} s\n"


def run_all(chosen: Sequence[Entry], folder: Path) -> int:
    """Run entries in their order, print how each went, and return how many points failed."""
    variables = environment()
    passed = failed = 0
    for entry in chosen:
        start = time.monotonic()
        succeeded, output = run(entry, folder, variables)
        print(
            f"{entry.label}  {'passed' if succeeded else 'failed'}  "
            f"{time.monotonic() - start:.0f} s",
            flush=True,
        )
        if succeeded:
            passed += len(entry.points)
            continue
        print(output, flush=True)
        failed += len(entry.points)
        if not entry.points:  # without the studies, no other block can show anything
            failed += sum(len(other.points) for other in chosen)
            break
    print(f"{passed} passed, {failed} failed")
    return failed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen points; the exit code is 1 when any has failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("points", nargs="*", metavar="POINT", help="such as R4 (default: all)")
    parser.add_argument(
        "--document", type=Path, default=DOCUMENT, help="Markdown file with the section"
    )
    parser.add_argument("--folder", type=Path, help="where to work (default: a temporary folder)")
    options = parser.parse_args(arguments)
    known = entries(options.document.read_text(encoding="utf-8"))
    if unknown := set(options.points) - {point for entry in known for point in entry.points}:
        parser.error(f"{options.document} has no entry for {', '.join(sorted(unknown))}")
    wanted = set(options.points)
    chosen = [
        entry for entry in known if not wanted or not entry.points or wanted & set(entry.points)
    ]
    with contextlib.ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            chosen = [entry for entry in chosen if entry.points]
        return 1 if run_all(chosen, folder.resolve()) else 0


if __name__ == "__main__":
    sys.exit(main())
