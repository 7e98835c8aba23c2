"""Choice of the device that networks are trained on.

Tested in tests/training/test_train.py.
"""

from __future__ import annotations

from typing import Literal

import torch

from simulgenvae.errors import UserError


def choose_device(wanted: Literal["auto", "cpu", "cuda"]) -> torch.device:
    """Return the device to train on.

    Raises
    ------
    UserError
        When the settings ask for a GPU and torch finds none.
    """
    has_gpu = torch.cuda.is_available()
    if wanted == "cuda" and not has_gpu:
        raise UserError(
            "training.device is cuda, but torch finds no GPU: use device = auto or cpu."
        )
    return torch.device("cuda" if wanted != "cpu" and has_gpu else "cpu")


def describe_device(device: torch.device) -> str:
    """Return the device in words, such as "the CPU (2 threads)"."""
    if device.type == "cuda":
        return f"the GPU {torch.cuda.get_device_name(device)}"
    threads = torch.get_num_threads()
    return f"the CPU ({threads} thread{'s' * (threads > 1)})"
