"""Read mutated inputs of every kind, each with bounded time and memory.

``python -m benchmarks.robustness.fuzz --inputs 400`` reads 400 mutated inputs of each kind and
prints a table. A fault is whatever does not end in a result or a ``UserError``: another exception,
the end of the process, more than 60 seconds, or a file that was not there before. The input of each
fault is kept in ``--keep``.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import shutil
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from benchmarks.robustness.inputs import INPUTS
from benchmarks.robustness.mutations import mutate
from simulgenvae.errors import UserError

SECONDS = 60
MEMORY = 6 * 2**30
"""Bytes of address space of the process that reads."""


class Outcome(NamedTuple):
    """What became of one mutated input."""

    number: int
    what: str
    """``read``, ``refused``, or the fault."""


def mutated(kind: str, number: int, seed: int, folder: Path) -> None:
    """Write the mutated input of this number into an empty folder."""
    chance = random.Random(f"{seed} {kind} {number}")
    INPUTS[kind].write(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    file = chance.choice(files)
    file.write_bytes(mutate(file.read_bytes(), chance))


def outcome(kind: str, folder: Path) -> str:
    """Read the input in a folder; return ``read``, ``refused`` or the fault."""
    before = {path.relative_to(folder) for path in folder.rglob("*")}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            INPUTS[kind].read(folder)
        what = "read"
    except UserError as error:
        what = "refused" if str(error).strip() else "refused without a message"
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}: {error}"
    more = {path.relative_to(folder) for path in folder.rglob("*")} - before
    return f"wrote {sorted(map(str, more))[:3]}" if more else what


def _work(kind: str, seed: int, first: int, last: int, answers: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for number in range(first, last):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "input"
            folder.mkdir()
            mutated(kind, number, seed, folder)
            answers.send(Outcome(number, outcome(kind, folder)))


def fuzz(kind: str, inputs: int, seed: int) -> list[Outcome]:
    """Read mutated inputs of a kind in another process, which is started again when it ends."""
    context = multiprocessing.get_context("spawn")
    found: list[Outcome] = []
    while len(found) < inputs:
        answers, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(kind, seed, len(found), inputs, theirs))
        process.start()
        theirs.close()
        try:
            # The first answer includes the start of the process.
            while len(found) < inputs and answers.poll(SECONDS):
                found.append(answers.recv())
            if len(found) < inputs:
                process.kill()
                found.append(Outcome(len(found), f"more than {SECONDS} s"))
        except EOFError:
            process.join()
            found.append(Outcome(len(found), f"the process ended with {process.exitcode}"))
        finally:
            process.kill()
            process.join()
    return found


def keep(kind: str, outcome: Outcome, seed: int, folder: Path) -> None:
    """Keep the input of a fault."""
    place = folder / f"{kind.replace(' ', '_').replace(',', '')}_{outcome.number}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    mutated(kind, outcome.number, seed, place)


def main() -> int:
    """Run the campaign; return 1 when there are faults."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("kinds", nargs="*", help="kinds of input (default: all)")
    parser.add_argument("--inputs", type=int, default=400, help="mutated inputs of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("benchmarks/cache/robustness"))
    chosen = parser.parse_args()
    faults = 0
    print("| input | tried | read | refused with a message | faults |\n|---|---|---|---|---|")
    for kind in chosen.kinds or INPUTS:
        found = fuzz(kind, chosen.inputs, chosen.seed)
        counts = Counter(each.what for each in found if each.what in {"read", "refused"})
        bad = [each for each in found if each.what not in {"read", "refused"}]
        print(f"| {kind} | {len(found)} | {counts['read']} | {counts['refused']} | {len(bad)} |")
        seen: set[str] = set()
        for each in bad:
            if each.what.split(": ")[0] not in seen:
                seen.add(each.what.split(": ")[0])
                print(f"{kind} {each.number}: {each.what[:300]}", file=sys.stderr)
                keep(kind, each, chosen.seed, chosen.keep)
        faults += len(bad)
        sys.stdout.flush()
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
