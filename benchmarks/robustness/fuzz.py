"""Read mutated inputs of every kind, each with bounded time and memory.

``python -m benchmarks.robustness.fuzz --inputs 400`` reads 400 mutated inputs of each kind and
prints a table: half of them with other bytes, half with other content. A fault is whatever does not
end in a result or a ``UserError``: another exception, the end of the process, more than 60 seconds,
a file that was not there before, or a result that contradicts itself. The input of each fault is
kept in ``--keep``.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple

from benchmarks.robustness.inputs import INPUTS
from benchmarks.robustness.mutations import mutate
from benchmarks.robustness.structured import mutate_content
from simulgenvae.errors import UserError

SECONDS = 60
START = 180
"""Seconds until a process that reads has read its first input."""
MEMORY = 6 * 2**30
"""Bytes of address space of the process that reads."""


class Mutated(NamedTuple):
    """One mutated input, the same whenever it is written."""

    kind: str
    number: int
    seed: int = 0
    content: bool = False
    """Whether the content of a file is changed, or its bytes."""

    def write(self, folder: Path) -> None:
        """Write it into an empty folder."""
        chance = random.Random(f"{self.seed} {self.kind} {self.number}")
        INPUTS[self.kind].write(folder)
        if self.content:
            mutate_content(folder, chance)
            return
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        file = chance.choice(files)
        file.write_bytes(mutate(file.read_bytes(), chance))

    def keep(self, folder: Path) -> None:
        """Write it into a new folder, for a look at it."""
        name = re.sub(r"\W+", "_", f"{self.kind} {'content' if self.content else 'bytes'}")
        place = folder / f"{name}_{self.seed}_{self.number}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        self.write(place)


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


def _work(inputs: Sequence[Mutated], answers: Connection) -> None:
    # A group of processes, so that the readers of VTK end with this one.
    os.setpgid(0, 0)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for each in inputs:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "input"
            folder.mkdir()
            each.write(folder)
            answers.send(outcome(each.kind, folder))


def fuzz(inputs: Sequence[Mutated]) -> Iterator[str]:
    """Read mutated inputs in another process, started again when one ends it; yield outcomes."""
    context = multiprocessing.get_context("spawn")
    done = 0
    while done < len(inputs):
        answers, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(inputs[done:], theirs))
        process.start()
        theirs.close()
        seconds = START
        try:
            while done < len(inputs) and answers.poll(seconds):
                what = answers.recv()
                done += 1
                yield what
                seconds = SECONDS
            if done < len(inputs):
                done += 1
                yield f"more than {seconds} s"
        except EOFError:
            process.join()
            done += 1
            yield f"the process ended with {process.exitcode}"
        finally:
            _end(process)


def _end(process: BaseProcess) -> None:
    """End a process and the readers of VTK that it started."""
    assert process.pid is not None
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()


def main() -> int:
    """Run the campaign; return 1 when there are faults."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("kinds", nargs="*", help="kinds of input (default: all)")
    parser.add_argument("--inputs", type=int, default=400, help="mutated inputs of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("benchmarks/cache/robustness"))
    chosen = parser.parse_args()
    inputs: list[Mutated] = []
    for kind in chosen.kinds or INPUTS:
        numbers = range(chosen.inputs)
        inputs += [Mutated(kind, k, chosen.seed, content=k % 2 == 1) for k in numbers]
    outcomes = fuzz(inputs)
    faults = 0
    print("| input | tried | read | refused with a message | faults |\n|---|---|---|---|---|")
    for start in range(0, len(inputs), chosen.inputs):
        faults += _row(inputs[start : start + chosen.inputs], outcomes, chosen.keep)
    return 1 if faults else 0


def _row(inputs: Sequence[Mutated], outcomes: Iterator[str], place: Path) -> int:
    """Print what became of the inputs of a kind, keep those of faults, and return their number."""
    counts = Counter({"read": 0, "refused": 0, "fault": 0})
    seen: set[str] = set()
    for each in inputs:
        what = next(outcomes)
        counts[what if what in counts else "fault"] += 1
        cause = what.split(": ")[0]
        if what not in counts and (cause not in seen or cause.startswith("more than")):
            seen.add(cause)
            print(f"{each}: {what[:300]}", file=sys.stderr, flush=True)
            each.keep(place)
    numbers = (len(inputs), counts["read"], counts["refused"], counts["fault"])
    print(f"| {inputs[0].kind} | {' | '.join(map(str, numbers))} |", flush=True)
    return counts["fault"]


if __name__ == "__main__":
    sys.exit(main())
