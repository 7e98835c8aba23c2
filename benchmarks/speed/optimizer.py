"""Time of a step of our Muon and of `torch.optim.Muon`, for the matrices of the usual networks.

    python -m benchmarks.speed.optimizer [--rank 512] [--device cpu|cuda] [--steps 50]

Both take steps in turn in one run; printed are medians, and the rate of bfloat16 products of 1,024
x 1,024 matrices as the limit of the machine.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.conditions import Conditions
from simulgenvae.models.networks import Networks
from simulgenvae.settings import Settings
from simulgenvae.training.optim.muon import Muon

RUNS = 8
TIMES = 50
PARAMETERS = 4
SIZE = 1024
PRODUCT = f"product of {SIZE:,} x {SIZE:,} matrices"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rank", type=int, default=512)
    parser.add_argument(
        "--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu"
    )
    parser.add_argument("--steps", type=int, default=50)
    options = parser.parse_args()
    device = torch.device(options.device)
    matrices = network_matrices(options.rank, device)
    square = torch.randn(SIZE, SIZE, device=device, dtype=torch.bfloat16)
    steps: dict[str, Callable[[], object]] = {
        "ours": Muon(matrices, 0.05).step,
        "torch.optim.Muon": torch.optim.Muon(
            matrices, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"
        ).step,
        PRODUCT: lambda: square @ square,
    }
    seconds = medians(steps, options.steps, device)
    table = Table(
        "one step, or one product",
        "time",
        "of torch's",
        title=f"{device}, {len(matrices)} matrices",
    )
    for name, value in seconds.items():
        table.add_row(name, f"{1e3 * value:.2f} ms", f"{value / seconds['torch.optim.Muon']:.2f}")
    console = Console()
    console.print(table)
    console.print(f"bfloat16 products: {2e-9 * SIZE**3 / seconds[PRODUCT]:,.0f} GFLOP/s")


def network_matrices(rank: int, device: torch.device) -> list[nn.Parameter]:
    """Return the matrices of the decoder and the conditioner, with gradients.

    Every member of an ensemble trains these.
    """
    torch.manual_seed(0)
    table = np.random.default_rng(0).uniform(size=(RUNS, PARAMETERS))
    conditions = Conditions(
        tuple(map(str, range(RUNS))), tuple(f"p{k}" for k in range(PARAMETERS)), table
    )
    scaler = ConditionScaler.fit(conditions)
    networks = Networks(Settings(), torch.ones(rank), torch.linspace(0, 1, TIMES), scaler).to(
        device
    )
    trained = [*networks.vae.decoder.parameters(), *networks.conditioner.parameters()]
    matrices = [parameter for parameter in trained if parameter.ndim == 2]
    for parameter in matrices:
        parameter.grad = torch.randn_like(parameter)
    return matrices


def medians(
    steps: dict[str, Callable[[], object]], count: int, device: torch.device
) -> dict[str, float]:
    """Return the median seconds of each, after three repetitions that are not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(count + 3):
        for name, step in steps.items():
            begin = time.perf_counter()
            step()
            if device.type == "cuda":
                torch.cuda.synchronize()
            if turn >= 3:
                seconds[name].append(time.perf_counter() - begin)
    return {name: float(np.median(each)) for name, each in seconds.items()}


if __name__ == "__main__":
    main()
