"""Named weights of networks: groups of them, checks before they are used, and their digest.

Tested in tests/surrogate/test_files.py.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = TypeVar("Value")


def starting_with(prefix: str, values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the entries whose names start with ``prefix``, under their whole names."""
    return {name: value for name, value in values.items() if name.startswith(prefix)}


def group(prefix: str, values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the entries whose names start with ``prefix``, under the rest of their names."""
    found = starting_with(prefix, values)
    return {name.removeprefix(prefix): value for name, value in found.items()}


def check_weights(weights: Mapping[str, Tensor]) -> None:
    """Raise ValueError unless all weights are finite numbers of 32 bits."""
    for name, value in weights.items():
        if value.dtype != torch.float32 or not value.isfinite().all():
            raise ValueError(f"{name} does not hold finite numbers of 32 bits")


def digest(weights: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 digest of weights, as hexadecimal digits.

    That of the VAE ties a conditioner to the VAE it was trained for; that of the conditioner ties
    an ensemble to it.
    """
    found = hashlib.sha256()
    # In the order of names, so that the digest does not depend on the order in the file.
    for name in sorted(weights):
        found.update(name.encode())
        found.update(weights[name].detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()
