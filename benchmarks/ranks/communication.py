"""Part of a training step that several ranks spend on exchanging gradients.

    torchrun --standalone --nproc_per_node=2 -m benchmarks.ranks.communication [--modes 256]
        [--direct] [--shard-nodes] [--filters 1024 512 256 128] [--batch 32] [--steps 30]

Steps of the end-to-end stage on random coefficients, with gradients averaged over the ranks and
without, in turn; and the sum over the ranks of as many numbers as there are gradients, by itself.
Printed are medians, and the bytes that a ring of ranks sends, and the memory of the largest
process. ``--direct`` has the classic form's convolutional decoder; ``--shard-nodes`` leaves each
rank a part of its node-sized weights, which are exchanged in any case.
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import time
from collections.abc import Callable

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.distributed import collectives
from simulgenvae.distributed.batch_shards import Shard, shard_draws
from simulgenvae.models import Inputs
from simulgenvae.models.losses import FieldLoss
from simulgenvae.models.networks import Networks
from simulgenvae.settings import Settings
from simulgenvae.training.batch import plain_batch
from simulgenvae.training.data import TrainingData
from simulgenvae.training.ddp import with_mean_gradients
from simulgenvae.training.node_shards import shard_node_layers
from simulgenvae.training.optim.optimizers import Optimizers
from simulgenvae.training.stages.end_to_end import EndToEndStage

TIMES = 200
PARAMETERS = 4


def measured(options: argparse.Namespace) -> None:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(0)
    model = {"filters": options.filters, "decoder": "convolutional"} if options.direct else {}
    settings = Settings.model_validate({"model": model})
    scaler = ConditionScaler(
        names=tuple(f"p{k}" for k in range(PARAMETERS)),
        logarithm=(False,) * PARAMETERS,
        shift=(0.0,) * PARAMETERS,
        scale=(1.0,) * PARAMETERS,
        lower=(0.0,) * PARAMETERS,
        upper=(1.0,) * PARAMETERS,
    )
    data = TrainingData(
        torch.randn(options.batch, TIMES, options.modes, device=device),
        Inputs(torch.randn(options.batch, PARAMETERS, device=device)),
        torch.linspace(0, 1, TIMES, device=device),
        {"train": np.arange(options.batch)},
    )
    networks = Networks(settings, data.coefficient_std, data.times, scaler).to(device)
    loss = FieldLoss("mse", data.variance, None, torch.ones(options.modes)).to(device)
    stage = EndToEndStage(networks, data, settings, loss)
    if options.shard_nodes:
        shard_node_layers(networks)
    losses = with_mean_gradients(stage.losses, networks)
    optimizers = Optimizers(stage.learning_modules, "muon", 0.05)
    batch = plain_batch(
        data,
        torch.arange(options.batch),
        Shard.of(options.batch, collectives.rank(), collectives.world_size()),
    )
    learned = sum(
        parameter.numel() for parameter in networks.parameters() if parameter.requires_grad
    )
    numbers = torch.zeros(learned, device=device)

    def step(*, shared: bool) -> None:
        optimizers.zero_grad()
        exchange = (
            contextlib.nullcontext()
            if shared or collectives.world_size() == 1
            else losses.no_sync()  # type: ignore[attr-defined] # that is DDP's
        )
        with exchange, shard_draws(batch.shard):
            losses(batch, 1.0)["loss"].backward()
        optimizers.step(1e-4, torch.ones((), dtype=torch.bool, device=device))

    # In turn within one run, so that other work on the machine slows all of them.
    kinds: dict[str, Callable[[], object]] = {
        "step": lambda: step(shared=True),
        "step without exchange": lambda: step(shared=False),
        "only exchange": lambda: collectives.all_reduce_sum(numbers),
    }
    seconds: dict[str, list[float]] = {name: [] for name in kinds}
    for turn in range(options.steps + 3):
        for name, work in kinds.items():
            # A rank that is early would measure how long it waits for the others.
            collectives.all_gather(None)
            begin = time.perf_counter()
            work()
            if device.type == "cuda":
                torch.cuda.synchronize()
            # The first steps allocate buffers.
            if turn >= 3:
                seconds[name].append(time.perf_counter() - begin)
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak = torch.cuda.max_memory_allocated() if device.type == "cuda" else peak
    peak = int(collectives.all_reduce_max(torch.tensor(peak)))
    if collectives.is_rank0():
        medians = {name: float(np.median(each)) for name, each in seconds.items()}
        report(collectives.world_size(), 4 * learned, medians, device, peak)


def report(
    count: int, size: int, seconds: dict[str, float], device: torch.device, peak: int
) -> None:
    sent = 2 * (count - 1) / count * size
    table = Table("", "time", title=f"{count} ranks, {device}, {size / 1e6:.1f} MB of gradients")
    for name, each in seconds.items():
        table.add_row(name, f"{1e3 * each:.1f} ms")
    fraction = 1 - seconds["step without exchange"] / seconds["step"]
    table.add_row("part of the exchange", f"{100 * fraction:.0f} %")
    if count > 1:
        table.add_row(
            "sent by each rank",
            f"{sent / 1e6:.1f} MB, {sent / seconds['only exchange'] / 1e9:.2f} GB/s",
        )
        hidden = 1 - (seconds["step"] - seconds["step without exchange"]) / seconds["only exchange"]
        table.add_row("behind the backward pass", f"{100 * hidden:.0f} %")
    table.add_row("most memory of a process", f"{peak / 1e9:.2f} GB")
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--modes", type=int, default=256)
    parser.add_argument("--filters", type=int, nargs="+", default=[1024, 512, 256, 128])
    parser.add_argument("--direct", action="store_true")
    parser.add_argument("--shard-nodes", action="store_true")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=30)
    with collectives.process_group(60.0):
        measured(parser.parse_args())


if __name__ == "__main__":
    main()
