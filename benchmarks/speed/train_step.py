"""Time of a training step relative to its bare computation, and to that of another mesh.

    python -m benchmarks.speed.train_step [--runs 48] [--timesteps 200] [--nodes 1000 95008]
        [--steps 60] [--repeats 5] [--device cpu|cuda] [--folder FOLDER]

The end-to-end stage of the usual networks on moving pulses, for each number of nodes: the training
loop with everything in it (batches, clipping, log, validation, checkpoints), and the same
loss, backward pass and optimiser on a batch that is ready. Both take turns, as do the meshes;
printed are medians of a step.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from benchmarks.speed.pulses import FOLDER, REFERENCE, written
from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import make_split
from simulgenvae.models.networks import Networks, network_inputs
from simulgenvae.models.unit_times import unit_times
from simulgenvae.reduction import reduce_runs
from simulgenvae.settings import Settings
from simulgenvae.training.acceleration import accelerated, acceleration
from simulgenvae.training.batch import plain_batch
from simulgenvae.training.data import TrainingData
from simulgenvae.training.identity import TrainingIdentity
from simulgenvae.training.log import TrainingLog
from simulgenvae.training.loop import Loop
from simulgenvae.training.optim.optimizers import Optimizers
from simulgenvae.training.performance import worker_count
from simulgenvae.training.stages.end_to_end import EndToEndStage


class Learner:
    """The last stage of training on one mesh."""

    def __init__(self, dataset: Dataset, folder: Path, device: torch.device, steps: int) -> None:
        self.settings = Settings.model_validate({"training": {"end_to_end": {"steps": steps}}})
        self.folder = folder
        self.steps = steps
        rows = make_split(dataset.ids, self.settings.data, None).rows(dataset.ids)
        workers = worker_count(self.settings.training.performance)
        reduction, coefficients = reduce_runs(
            dataset, rows["train"], self.settings.reduction, workers=workers
        )
        scaler = ConditionScaler.fit(dataset.conditions.select(rows["train"]))
        self.data = TrainingData(
            torch.from_numpy(coefficients).to(device),
            network_inputs(dataset.conditions, scaler).to(device),
            torch.from_numpy(unit_times(dataset.times, dataset.times)).to(device),
            rows,
        )
        self.rank = reduction.rank
        self.identity = TrainingIdentity(self.settings, dataset.fingerprint, (), (), ())
        self.networks = Networks(
            self.settings, self.data.coefficient_std, self.data.times, scaler
        ).to(device)
        loss = self.data.field_loss(self.settings.training.end_to_end.loss, reduction)
        self.stage = EndToEndStage(self.networks, self.data, self.settings, loss)

    def looped(self) -> float:
        """Return the seconds of a step of the loop."""
        with TrainingLog(self.folder / "log") as log:
            loop = Loop(self.networks, self.data, self.folder, self.identity, log, seed=0)
            start = time.perf_counter()
            loop.run([self.stage])
            return (time.perf_counter() - start) / self.steps

    def bare(self) -> float:
        """Return the seconds of a step of only the loss, its gradients and the optimiser."""
        own_settings = self.settings.training.end_to_end
        rows = torch.from_numpy(self.data.rows["train"][: own_settings.batch_size])
        batch = plain_batch(self.data, rows)
        used = acceleration(self.settings.training.performance, self.data.device, self.steps)
        losses = accelerated(self.stage.losses, used, self.data.device)
        optimizers = Optimizers(
            self.stage.learning_modules, self.settings.training.optimizer, own_settings.weight_decay
        )
        self.networks.train()
        start = time.perf_counter()
        for _ in range(self.steps):
            optimizers.zero_grad()
            loss = losses(batch, 1.0)["loss"]
            loss.backward()
            optimizers.step(1e-4, loss.detach().isfinite())
        if self.data.device.type == "cuda":
            torch.cuda.synchronize()
        return (time.perf_counter() - start) / self.steps


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=48)
    parser.add_argument("--timesteps", type=int, default=REFERENCE[1])
    parser.add_argument("--nodes", type=int, nargs="+", default=[1000, REFERENCE[2]])
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument(
        "--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu"
    )
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args()
    device = torch.device(options.device)
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        learners = {}
        for nodes in options.nodes:
            dataset = Dataset.open(written(options.folder, options.runs, options.timesteps, nodes))
            (folder := Path(scratch) / str(nodes)).mkdir()
            learners[nodes] = Learner(dataset, folder, device, options.steps)
        seconds: dict[int, list[tuple[float, float]]] = {nodes: [] for nodes in learners}
        for _ in range(options.repeats):
            for nodes, learner in learners.items():
                seconds[nodes].append((learner.looped(), learner.bare()))
    table = Table(
        "nodes",
        "rank",
        "step",
        "bare step",
        "of the bare step",
        title=f"{options.runs} runs, {device}",
    )
    for nodes, each in seconds.items():
        looped, bare = np.median(each, axis=0)
        rank = str(learners[nodes].rank)
        table.add_row(
            f"{nodes:,}",
            rank,
            f"{1e3 * looped:.1f} ms",
            f"{1e3 * bare:.1f} ms",
            f"{looped / bare:.2f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
