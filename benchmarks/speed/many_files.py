"""Time that `simulgenvae inspect` takes for folders of very many files that are no runs.

    python -m benchmarks.speed.many_files [--files 100000 1000000] [--folder FOLDER]

Three folders: one run's folder with the given number of empty `.txt` files, a folder of runs with
as many of these, and one with as many entries that are called like runs, `run_0.vtu` …, and hold
garbage. Printed are the seconds of the clock and of the processor from the start of a new process
to its end, and the most memory that it held.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.speed.pulses import FOLDER

KINDS = {
    "files in a run's folder": ("runs/run_0", "note_{}.txt", b""),
    "files among the runs": ("runs", "note_{}.txt", b""),
    "runs of garbage": ("runs", "run_{}.vtu", b"garbage"),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    table = Table("what", "files", "clock", "processor", "peak memory", "answer")
    for kind, (place, name, content) in KINDS.items():
        for files in options.files:
            with tempfile.TemporaryDirectory(dir=options.folder) as folder:
                fill(Path(folder) / place, name, content, files)
                table.add_row(kind, f"{files:,}", *inspected(Path(folder)))
    Console(width=160).print(table)


def fill(folder: Path, name: str, content: bytes, files: int) -> None:
    folder.mkdir(parents=True)
    for number in range(files):
        (folder / name.format(number)).write_bytes(content)


def inspected(folder: Path) -> tuple[str, str, str, str]:
    """Return what ``simulgenvae inspect`` takes and prints.

    These are seconds of the clock and of the processor, peak memory, and the output.
    """
    command = [str(Path(sys.executable).with_name("simulgenvae")), "inspect", "runs"]
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    said = process.stdout.read()
    _, _, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    processor = usage.ru_utime + usage.ru_stime
    return (
        f"{seconds:.1f} s",
        f"{processor:.1f} s",
        f"{usage.ru_maxrss / 1e6:.2f} GB",
        said[:60].strip() + " …",
    )


if __name__ == "__main__":
    main()
