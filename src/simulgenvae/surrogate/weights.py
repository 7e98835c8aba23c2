"""Named weights of networks: groups of them, checks before they are used, and their digest.

Tested in tests/surrogate/test_files.py.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import Tensor, nn

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
    import torch

    for name, value in weights.items():
        if value.dtype != torch.float32 or not value.isfinite().all():
            raise ValueError(f"{name} does not hold finite numbers of 32 bits")


def fill(module: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Put weights in their places in a module that was built without memory.

    Raises
    ------
    ValueError, RuntimeError
        When a weight is not finite, of another shape, missing or left over, or when the module has
        a tensor that no model file holds.
    """
    from torch import Tensor

    check_weights(weights)
    module.load_state_dict(weights, strict=True, assign=True)
    # torch computes with tensors that have no memory as if they held something: a tensor outside
    # of the state, such as a plain attribute, would make predictions of whatever is there.
    for name, part in module.named_modules():
        tensors = {**vars(part), **part._parameters, **part._buffers}
        for attribute, value in tensors.items():
            if isinstance(value, Tensor) and value.is_meta:
                raise ValueError(
                    f"{name}.{attribute} is a tensor that model files do not hold: make it a "
                    "parameter or a persistent buffer of the network"
                )


def digest(weights: Mapping[str, Tensor] | Mapping[str, NDArray[np.float32]]) -> str:
    """Return the SHA-256 digest of weights, as hexadecimal digits.

    That of the VAE ties a conditioner to the VAE it was trained for; that of the conditioner ties
    an ensemble to it.
    """
    found = hashlib.sha256()
    # In the order of names, so that the digest does not depend on the order in the file.
    for name in sorted(weights):
        found.update(name.encode())
        value = weights[name]
        array = value if isinstance(value, np.ndarray) else value.detach().cpu().numpy()
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()
