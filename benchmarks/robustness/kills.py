"""Kill commands at random moments, and compare what the same command then makes of it.

``python -m benchmarks.robustness.kills --kills 100`` kills ingest, append, train, evaluate, predict
and export, each with all its processes: half of them at moments drawn uniformly from its duration,
half of them at, or shortly after, a random one of its changes to files. A fault is a file that is
neither the old nor the new one, a repetition that fails or ends with other results, and a temporary
file that is still there after the repetition.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.robustness.commands import COMMANDS, copy, load, make, run, state, temporaries
from benchmarks.robustness.operations import count_changes, die_at


class Undisturbed:
    """A folder before and after each command that nothing disturbs, and what the command takes."""

    def __init__(self, folder: Path) -> None:
        self.before: dict[str, Path] = {}
        self.result: dict[str, dict[str, str]] = {}
        self.seconds: dict[str, float] = {}
        self.changes: dict[str, int] = {}
        self.outside = folder / "outside"
        (self.outside / "temporary").mkdir(parents=True)
        start = folder / "start"
        start.mkdir()
        make(start)
        after: dict[str, Path] = {"": start}
        for name, command in COMMANDS.items():
            self.before[name] = after[command.after]
            after[name] = copy(self.before[name], folder / name.replace(" ", "_"))
            counter = self.outside / "changes"
            count = count_changes(after[name], counter)
            ended = run(command.arguments, after[name], outside=self.outside, before=count)
            if ended.code:
                sys.exit(f"{name} fails undisturbed: {ended.text}")
            self.result[name] = state(after[name])
            self.seconds[name] = ended.seconds
            self.changes[name] = counter.stat().st_size


def kill_once(
    name: str, whole: Undisturbed, chance: random.Random, folder: Path
) -> tuple[bool, list[str]]:
    """Kill a command at a random moment, and run it again.

    Return whether it left something, and what is wrong.
    """
    command = COMMANDS[name]
    place = copy(whole.before[name], folder / "killed")
    before = state(place)
    again = command.arguments + (command.again if chance.random() < 0.5 else ())
    if chance.random() < 0.5:
        moment = chance.uniform(0, whole.seconds[name])
        where = f"{name}, killed after {moment:.2f} s"
        killed = run(command.arguments, place, outside=whole.outside, kill_after=moment)
    else:
        change = chance.randint(1, whole.changes[name])
        delay = chance.choice([0.0, chance.uniform(0, 0.002)])
        where = f"{name}, killed {1000 * delay:.1f} ms after change {change} of files"
        die = die_at(place, change, delay)
        killed = run(command.arguments, place, outside=whole.outside, before=die)
    faults = []
    result = whole.result[name]
    for path, digest in state(place).items():
        checkpoint = path.startswith("study/checkpoints/")
        temporary = any(part.startswith(".") for part in Path(path).parts)
        known = digest in {before.get(path), result.get(path)}
        if not (known or checkpoint or temporary or ".zarr/" in path):
            faults.append(f"{where}: half a file: {path}")
    left = temporaries(place, whole.outside)
    half = bool(left) or state(place) not in (before, result)
    repeated = run(again, place, outside=whole.outside)
    refused = repeated.code == 2 and any(text in repeated.text for text in command.whole)
    if repeated.code and not refused:
        faults.append(f"{where} (code {killed.code}), then: {repeated.text.strip()[-400:]}")
    found = state(place)
    wrong = sorted(path for path in found | result if found.get(path) != result.get(path))
    if wrong:
        faults.append(f"{where}: another result: {', '.join(wrong[:5])}")
    if still := temporaries(place, whole.outside):
        faults.append(f"{where}: left for ever: {', '.join(still[:5])} (at the kill: {left[:5]})")
    return half, faults


def main() -> int:
    """Run the campaign; return 1 when there are faults."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("commands", nargs="*", help="names of commands (default: all)")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    load()
    chance = random.Random(chosen.seed)
    names = chosen.commands or list(COMMANDS)
    tried: Counter[str] = Counter()
    half: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = Undisturbed(folder)
        for kill in range(chosen.kills):
            command = names[kill % len(names)]
            left, faults = kill_once(command, whole, chance, folder)
            half[command] += left
            tried[command] += 1
            bad[command] += bool(faults)
            for fault in faults:
                print(fault, file=sys.stderr, flush=True)
    print("| command | seconds | changes of files | kills | half-way | faults |")
    print("|---|---|---|---|---|---|")
    for command in names:
        cost = f"{whole.seconds[command]:.1f} | {whole.changes[command]}"
        counts = f"{tried[command]} | {half[command]} | {bad[command]}"
        print(f"| {command} | {cost} | {counts} |")
    return 1 if bad.total() else 0


if __name__ == "__main__":
    sys.exit(main())
