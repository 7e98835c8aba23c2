"""Comparison of a training whose ranks are killed at random moments with one left undisturbed.

    python -m benchmarks.ranks.kills [--kills 10] [--steps 4000] [--ranks 2] [--seed 0]

One training is not disturbed, the other one is started with ``--max-restarts``. While it trains, a
rank drawn at random is sent SIGKILL after a random time. Then both models are compared, bit by
bit.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

import psutil
from rich.console import Console

from benchmarks.ranks.study import difference, finish, make, train, weights
from simulgenvae.errors import UserError
from simulgenvae.settings import StudyFolder
from simulgenvae.utils.tensor_file import read_tensors


def position(study: StudyFolder) -> tuple[int, int]:
    """Return stage and step of the last checkpoint."""
    try:
        progress = read_tensors(study.checkpoints / "last.safetensors")[1]["progress"]
    except UserError:
        return 0, 0
    return progress["stage"], progress["step"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        studies = [make(Path(folder, name), "muon", options.steps) for name in ("whole", "killed")]
        start = time.perf_counter()
        finish(train(studies[0], "--gpus", options.ranks))
        console.print(f"undisturbed: {time.perf_counter() - start:.0f} s")
        start = time.perf_counter()
        launcher = train(studies[1], "--gpus", options.ranks, "--max-restarts", options.kills)
        for kill in range(options.kills):
            before = position(studies[1])
            # A rank that is killed before the next checkpoint costs work that is done again.
            while launcher.poll() is None and position(studies[1]) == before:
                time.sleep(0.05)
            time.sleep(chance.uniform(0, 2))
            children = psutil.Process(launcher.pid).children() if launcher.poll() is None else []
            ranks = [child for child in children if "simulgenvae.cli.main" in child.cmdline()]
            # The training may be over, or a rank may not be started again yet.
            if not ranks:
                console.print(f"it ended after {kill} kills: give it more --steps")
                break
            rank = chance.randrange(len(ranks))
            ranks[rank].kill()
            console.print(
                f"kill {kill + 1}: rank {rank} after stage and step {position(studies[1])}"
            )
        finish(launcher)
        console.print(f"killed: {time.perf_counter() - start:.0f} s")
        left = [path.name for path in studies[1].folder.rglob("*.writing*")]
        largest = difference(*map(weights, studies))
    console.print(
        f"largest difference of the models: {largest:g}; half-written files: "
        f"{', '.join(left) or 'none'}"
    )


if __name__ == "__main__":
    main()
