"""Effect of each setting of ``training.performance`` on time and memory of an end-to-end step.

    python -m benchmarks.speed.settings [--kind cnn|vit] [--device cpu|cuda] [--compile]

All variants take steps in turn in one run, so that a machine that is busy now and then is busy for
all of them; printed are medians, relative to the plain step. ``--compile`` also tries ``compile``
(and ``cuda_graphs`` on a GPU), whose first step may take minutes.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.images import GREY, ImageFormat
from simulgenvae.models import Inputs
from simulgenvae.models.losses import FieldLoss
from simulgenvae.models.networks import Networks
from simulgenvae.settings import PerformanceSettings, Settings
from simulgenvae.training.acceleration import accelerated, acceleration, precision
from simulgenvae.training.batch import plain_batch
from simulgenvae.training.data import TrainingData
from simulgenvae.training.optim.optimizers import Optimizers
from simulgenvae.training.performance import constant_weights, prepare_networks
from simulgenvae.training.stages.end_to_end import EndToEndStage

RUNS = 64
TIMES = 50
RANK = 256
PIXELS = 256
BATCH = 16
PLAIN = {"mixed_precision": False, "compile": False, "cuda_graphs": False, "channels_last": False}
VARIANTS: dict[str, dict[str, bool]] = {
    "plain": {},
    "mixed_precision": {"mixed_precision": True},
    "gradient_checkpointing": {"gradient_checkpointing": True},
    "channels_last": {"channels_last": True},
    "data_on_device = false": {"data_on_device": False},
}
COMPILED: dict[str, dict[str, bool]] = {"compile": {"compile": True}}
GRAPHS: dict[str, dict[str, bool]] = {
    "compile, cuda_graphs": {"compile": True, "cuda_graphs": True}
}


class Variant:
    """Networks, optimiser and data of one variant, and the times of its steps."""

    def __init__(self, kind: str, choices: dict[str, bool], device: torch.device) -> None:
        torch.manual_seed(0)
        self.speed = PerformanceSettings(**{**PLAIN, **choices})
        settings = Settings.model_validate(
            {"conditioner": {"kind": kind}, "training": {"performance": self.speed}}
        )
        scaler = ConditionScaler(
            names=(),
            logarithm=(),
            shift=(),
            scale=(),
            lower=(),
            upper=(),
            images=ImageFormat(PIXELS, PIXELS, GREY, PIXELS),
        )
        held = device if self.speed.data_on_device else torch.device("cpu")
        pixels = torch.randint(0, 256, (RUNS, GREY, PIXELS, PIXELS), dtype=torch.uint8)
        self.data = TrainingData(
            torch.randn(RUNS, TIMES, RANK).to(held),
            Inputs(torch.zeros(RUNS, 0), pixels).to(held),
            torch.linspace(0, 1, TIMES, device=device),
            {"train": np.arange(RUNS)},
        )
        self.networks = Networks(settings, self.data.coefficient_std, self.data.times, scaler).to(
            device
        )
        prepare_networks(self.networks, self.speed)
        loss = FieldLoss("mse", self.data.variance, None, torch.ones(RANK)).to(device)
        self.stage = EndToEndStage(self.networks, self.data, settings, loss)
        self.losses = accelerated(self.stage.losses, acceleration(self.speed, device, 0), device)
        self.optimizers = Optimizers(self.stage.learning_modules, "muon", 0.05)
        self.seconds: list[float] = []

    def step(self) -> None:
        begin = time.perf_counter()
        self.optimizers.zero_grad()
        batch = plain_batch(self.data, torch.arange(BATCH))
        with constant_weights(self.stage.learning_modules, self.speed):
            loss = self.losses(batch, 1.0)["loss"]
            loss.backward()
        self.optimizers.step(1e-4, loss.detach().isfinite())
        # A GPU computes later than Python asks for it; reading a number waits for it.
        loss.item()
        self.seconds.append(time.perf_counter() - begin)

    def held(self) -> int:
        """Return the bytes that one loss keeps for its backward pass."""
        storages: dict[int, int] = {}

        def note(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
            return tensor

        with (
            torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor),
            constant_weights(self.stage.learning_modules, self.speed),
            precision(self.speed.mixed_precision is True, self.data.device),
        ):
            self.stage.losses(plain_batch(self.data, torch.arange(BATCH)), 1.0)
        return sum(storages.values())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kind", choices=("cnn", "vit"), default="cnn")
    parser.add_argument(
        "--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu"
    )
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--steps", type=int, default=12)
    options = parser.parse_args()
    device = torch.device(options.device)
    chosen = VARIANTS | (COMPILED if options.compile else {})
    if options.compile and device.type == "cuda":
        chosen |= GRAPHS
    variants = {name: Variant(options.kind, choices, device) for name, choices in chosen.items()}
    first = {}
    for name, variant in variants.items():
        for _ in range(3):
            variant.step()
        first[name] = variant.seconds[0]
        variant.seconds.clear()
    for _ in range(options.steps):
        for variant in variants.values():
            variant.step()
    plain = float(np.median(variants["plain"].seconds))
    table = Table(
        "setting", "step", "of plain", "first step", "held for the backward pass", title=str(device)
    )
    for name, variant in variants.items():
        step = float(np.median(variant.seconds))
        held = f"{variant.held() / 1e6:.0f} MB"
        table.add_row(
            name, f"{1e3 * step:.0f} ms", f"{step / plain:.2f}", f"{first[name]:.1f} s", held
        )
    Console().print(table)


if __name__ == "__main__":
    main()
