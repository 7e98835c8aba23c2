"""Placement of the training data: on the device, to which they are copied at the start, or
elsewhere."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simulgenvae.models import Inputs
from simulgenvae.reduction import LazyStates
from simulgenvae.settings import Settings
from simulgenvae.training.memory import Part, elsewhere, require


def placed(
    coefficients: NDArray[np.float32] | LazyStates,
    inputs: Inputs,
    settings: Settings,
    device: torch.device,
) -> tuple[Tensor | LazyStates, Inputs]:
    """Return coefficients and conditions in the memory that training reads them from.

    That is the memory of ``device``, or the computer's where
    ``training.performance.data_on_device`` is false; coefficients on disk stay there. Raises
    UserError where a GPU has too little free memory for them, also in a training that is resumed on
    another GPU, or beside other programs.
    """
    if not settings.training.performance.data_on_device:
        device = torch.device("cpu")
    known = coefficients if isinstance(coefficients, LazyStates) else torch.from_numpy(coefficients)
    if device.type != "cpu":
        advice = elsewhere(settings)
        parts = [
            Part("coefficients", 0 if isinstance(known, LazyStates) else known.nbytes, advice),
            Part("parameters", inputs.table.nbytes, advice),
            Part("pictures", 0 if inputs.images is None else inputs.images.nbytes, advice),
        ]
        require(parts, torch.cuda.mem_get_info(device)[0], "Holding the data on the GPU")
    return known if isinstance(known, LazyStates) else known.to(device), inputs.to(device)
