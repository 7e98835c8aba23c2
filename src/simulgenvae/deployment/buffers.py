"""Arrays that a network keeps without learning them.

Tested in tests/deployment/test_field_model.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn


def hold(module: nn.Module, **arrays: NDArray[Any]) -> None:
    """Keep arrays in a module, as its buffers."""
    for name, array in arrays.items():
        module.register_buffer(name, torch.from_numpy(np.ascontiguousarray(array)))
