"""Run commands on a disk that becomes full at each of its pages, and then with space again.

``python -m benchmarks.robustness.disk_full`` mounts a small file system in memory (tmpfs), which
needs the rights of root, and leaves each command a growing number of pages of 4096 bytes. A fault
is a traceback, a message that does not name the file and the disk, a file that was there before and
has changed, a temporary file that stays, and another result once there is space.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.robustness.commands import COMMANDS, copy, load, run, state, temporaries
from benchmarks.robustness.kills import Undisturbed

PAGE = 4096
SPACE = 2**28
"""Bytes of the file system where it is not full."""
WORDS = ("the disk is full", "No space left on device", "MB are free")


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a file system in memory on a folder."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SPACE}", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False).returncode:
        sys.exit("A small file system cannot be mounted here: run this as root.")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def leave(disk: Path, pages: int | None) -> None:
    """Leave this number of free pages on the disk; None for many."""
    used = used_pages(disk)
    size = SPACE if pages is None else (used + pages) * PAGE
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


def used_pages(disk: Path) -> int:
    """Return the number of pages in use."""
    found = os.statvfs(disk)
    return (found.f_blocks - found.f_bfree) * found.f_frsize // PAGE


def try_once(name: str, whole: Undisturbed, disk: Path, pages: int) -> tuple[bool, list[str]]:
    """Run a command with few free pages, and then with many.

    Return whether it ended well already at first, and what is wrong.
    """
    command = COMMANDS[name]
    place = copy(whole.before[name], disk / "full")
    before = state(place)
    leave(disk, pages)
    ended = run(command.arguments, place, outside=whole.outside)
    leave(disk, None)
    where = f"{name}, {pages} pages"
    faults = []
    text = " ".join(ended.text.split())
    if ended.code:
        said = ended.code == 2 and "error: " in text and "Traceback" not in text
        if not said or not any(word in text for word in WORDS) or "/full/" not in text:
            faults.append(f"{where} (code {ended.code}): {text[-500:]}")
        found = state(place)
        changed = [path for path, digest in before.items() if found.get(path) != digest]
        if changed:
            faults.append(f"{where}: changed: {', '.join(changed[:5])}")
    if left := temporaries(place, whole.outside):
        faults.append(f"{where}: left: {', '.join(left[:5])}")
    if ended.code:
        again = run(command.arguments, place, outside=whole.outside)
        if again.code:
            faults.append(f"{where}, then with space: {again.text[-400:]}")
    found = state(place)
    result = whole.result[name]
    wrong = sorted(path for path in found | result if found.get(path) != result.get(path))
    if wrong:
        faults.append(f"{where}: another result: {', '.join(wrong[:5])}")
    return ended.code == 0, faults


def pages_needed(name: str, whole: Undisturbed, disk: Path) -> int:
    """Return the pages that a command takes, measured by halving."""
    few, many = 0, 1
    while not try_once(name, whole, disk, many)[0]:
        few, many = many, 2 * many
    while many - few > max(1, many // 20):
        middle = (few + many) // 2
        enough = try_once(name, whole, disk, middle)[0]
        few, many = (few, middle) if enough else (middle, many)
    return many


def main() -> int:
    """Run the campaign; return 1 when there are faults."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("commands", nargs="*", help="names of commands (default: all)")
    parser.add_argument("--most", type=int, default=30, help="tries of each command")
    chosen = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    load()
    print("| command | pages | tries | ended with a message | faults |\n|---|---|---|---|---|")
    total = 0
    with tempfile.TemporaryDirectory() as name, small_disk(Path(name) / "disk") as disk:
        work = Path(name) / "work"
        work.mkdir()
        whole = Undisturbed(work)
        for command in chosen.commands or COMMANDS:
            pages = pages_needed(command, whole, disk)
            stride = max(1, math.ceil(pages / chosen.most))
            tries = range(0, pages + stride, stride)
            refused = bad = 0
            for free in tries:
                enough, faults = try_once(command, whole, disk, free)
                refused += not enough
                bad += bool(faults)
                for fault in faults:
                    print(fault, file=sys.stderr, flush=True)
            print(f"| {command} | {pages} | {len(tries)} | {refused} | {bad} |", flush=True)
            total += bad
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
