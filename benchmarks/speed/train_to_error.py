"""Time of the direct form (every node a channel) and the default form to the same error.

    python -m benchmarks.speed.train_to_error [--runs 64] [--timesteps 100] [--nodes 4000]
        [--minutes 10] [--steps STEPS] [--filters 1024 512 256 128] [--device cpu|cuda]
        [--folder FOLDER]

Both learn the same runs of moving pulses in the same process: the direct form with the
convolutional decoder and the classic filters, as many steps as fit into the given minutes, the
default form with its usual budget or STEPS. Errors of predictions from the parameters on validation
runs are relative to the fields' standard deviation; times begin with the preparation of the fields.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.speed.pulses import FOLDER, written
from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import make_split
from simulgenvae.models.networks import Networks, network_inputs
from simulgenvae.models.unit_times import unit_times
from simulgenvae.reduction import reduce_runs
from simulgenvae.settings import Settings
from simulgenvae.training.data import TrainingData
from simulgenvae.training.identity import TrainingIdentity
from simulgenvae.training.log import TrainingLog
from simulgenvae.training.loop import Loop
from simulgenvae.training.stages.end_to_end import EndToEndStage

TRIED = 3
"""Number of steps that are timed, to find how many fit into the given minutes."""


class Clock(TrainingLog):
    """Notes when each validation error was seen."""

    def __init__(self) -> None:
        super().__init__(None)
        self.seen: list[tuple[float, float]] = []

    def scalars(self, stage: str, step: int, values: Mapping[str, float]) -> None:
        """Log values as :meth:`TrainingLog.scalars`."""
        if "validation" in values:
            self.seen.append((time.perf_counter(), values["validation"]))


def trained(
    dataset: Dataset,
    changes: dict[str, Any],
    device: torch.device,
    steps: int | None,
    minutes: float = 0.0,
) -> list[tuple[float, float]]:
    """Return time and error of every validation of the end-to-end stage.

    Times are seconds since the start. The stage has ``steps`` steps (None: the usual budget), or as
    many as fit into ``minutes``.
    """
    start = time.perf_counter()
    settings = Settings.model_validate(changes)
    rows = make_split(dataset.ids, settings.data, None).rows(dataset.ids)
    reduction, coefficients = reduce_runs(dataset, rows["train"], settings.reduction)
    scaler = ConditionScaler.fit(dataset.conditions.select(rows["train"]))
    data = TrainingData(
        torch.from_numpy(coefficients).to(device),
        network_inputs(dataset.conditions, scaler).to(device),
        torch.from_numpy(unit_times(dataset.times, dataset.times)).to(device),
        rows,
    )

    def learned(steps: int | None) -> Clock:
        torch.manual_seed(0)
        end_to_end = settings.training.end_to_end.model_copy(update={"steps": steps})
        training = settings.training.model_copy(update={"end_to_end": end_to_end})
        asked = settings.model_copy(update={"training": training})
        networks = Networks(asked, data.coefficient_std, data.times, scaler).to(device)
        loss = data.field_loss(asked.training.end_to_end.loss, reduction)
        with Clock() as clock:
            identity = TrainingIdentity(asked, dataset.fingerprint, (), (), ())
            Loop(networks, data, None, identity, clock, seed=0).run(
                [EndToEndStage(networks, data, asked, loss)]
            )
        return clock

    if minutes > 0:
        tried = time.perf_counter()
        learned(TRIED)
        steps = max(TRIED, round(60 * minutes * TRIED / (time.perf_counter() - tried)))
        start += time.perf_counter() - tried
    return [(at - start, error) for at, error in learned(steps).seen]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=64)
    parser.add_argument("--timesteps", type=int, default=100)
    parser.add_argument("--nodes", type=int, default=4000)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--steps", type=int, help="of the default form")
    parser.add_argument("--filters", type=int, nargs="+", default=[1024, 512, 256, 128])
    parser.add_argument(
        "--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu"
    )
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args()
    dataset = Dataset.open(
        written(options.folder, options.runs, options.timesteps, options.nodes)
    ).load()
    model = {"filters": options.filters, "decoder": "convolutional"}
    device = torch.device(options.device)
    direct = trained(
        dataset, {"reduction": {"method": "none"}, "model": model}, device, None, options.minutes
    )
    default = trained(dataset, {}, device, options.steps)
    at, best = min(direct, key=lambda each: each[1])
    reached = next((seconds for seconds, error in default if error <= best), None)
    table = Table(
        "form",
        "best error",
        "after",
        "the direct form's best after",
        title=f"{options.runs} runs, {device}",
    )
    for name, seen, then in (("direct", direct, at), ("default", default, reached)):
        seconds, error = min(seen, key=lambda each: each[1])
        table.add_row(
            name, f"{error:.4f}", f"{seconds:.1f} s", "never" if then is None else f"{then:.1f} s"
        )
    console = Console()
    console.print(table)
    if reached is not None:
        console.print(f"{at / reached:.1f} times sooner")


if __name__ == "__main__":
    main()
