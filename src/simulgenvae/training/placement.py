"""Memory that training reads its data from: the device's or the computer's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from simulgenvae.reduction import LazyStates
from simulgenvae.training.memory.phases import Phase, off_gpu
from simulgenvae.training.memory.require import require_phase
from simulgenvae.training.memory.stage_memory import MemoryPart

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from simulgenvae.models import Inputs
    from simulgenvae.settings import Settings


def place_data(
    coefficients: NDArray[np.float32] | LazyStates,
    inputs: Inputs,
    settings: Settings,
    device: torch.device,
) -> tuple[Tensor | LazyStates, Inputs]:
    """Return coefficients and conditions in the memory that training reads them from.

    That is the memory of ``device``, or the computer's where
    ``training.performance.data_on_device`` is false. Coefficients on disk stay there.

    Raises
    ------
    UserError
        When a GPU has too little free memory.
    """
    if not settings.training.performance.data_on_device:
        device = torch.device("cpu")
    held = coefficients if isinstance(coefficients, LazyStates) else torch.from_numpy(coefficients)
    if device.type != "cpu":
        # The plan of the training was compared with the memory before. This one may be resumed on
        # another GPU, or other programs may have taken memory meanwhile.
        advice = off_gpu(settings)
        images = [each for each in (inputs.images, inputs.distances) if each is not None]
        pixels = sum(each.nbytes for each in images)
        parts = [
            MemoryPart("coefficients", 0 if isinstance(held, LazyStates) else held.nbytes, advice),
            MemoryPart("parameters", inputs.table.nbytes, advice),
            MemoryPart("images", pixels, advice),
        ]
        require_phase(Phase("Holding the data on the GPU", parts, on_gpu=True), device)
    return held if isinstance(held, LazyStates) else held.to(device), inputs.to(device)
