from __future__ import annotations

import subprocess
import sys
from typing import Any

import torch
from torch import nn

from simulgenvae.training.optim.eager import EagerAdamW

STEPS = """
import sys
import torch
from torch import nn
from simulgenvae.training.memory.peak import PeakMemory
from simulgenvae.training.optim.optimizers import Optimizers

network = nn.Linear(2, 2)
optimizers = Optimizers([network], "muon", 0.1)
optimizers.zero_grad()
with PeakMemory(network):
    network(torch.ones(1, 2)).sum().backward()
optimizers.step(1e-3, torch.tensor(True))
optimizers.load_arrays(optimizers.arrays())
print(sorted({"torch._dynamo", "torch.distributed.tensor"} & set(sys.modules)))
"""


def test_steps_and_the_count_of_their_memory_load_no_compiler_and_no_distributed_tensors() -> None:
    """Either takes longer than a small training."""
    found = subprocess.run(
        [sys.executable, "-c", STEPS], capture_output=True, text=True, check=True
    )
    assert found.stdout == "[]\n"


def test_steps_are_those_of_torch() -> None:
    ours, theirs = (nn.Parameter(torch.linspace(-1, 1, 6)) for _ in range(2))
    settings: dict[str, Any] = {"lr": 0.1, "weight_decay": 0.2, "fused": True}
    for parameter, kind in ((ours, EagerAdamW), (theirs, torch.optim.AdamW)):
        optimizer = kind([parameter], **settings)
        for _ in range(3):
            optimizer.zero_grad()
            parameter.square().sum().backward()
            optimizer.step()
    assert torch.equal(ours, theirs)
