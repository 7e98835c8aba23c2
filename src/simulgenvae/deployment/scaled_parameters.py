"""Scaling of parameters as a network, in double precision.

Tested in tests/deployment/test_field_model.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from simulgenvae.deployment.buffers import hold

if TYPE_CHECKING:
    from simulgenvae.data.condition_scaler import ConditionScaler


class ScaledParameters(nn.Module):
    """Network from parameters ``[n, P]`` in the user's units to scaled ones ``[n, Q]``.

    It does what :meth:`ConditionScaler.transform` does.

    Parameters
    ----------
    scaler
        The scaling.
    """

    def __init__(self, scaler: ConditionScaler) -> None:
        super().__init__()
        columns = scaler.columns
        codes = scaler.codes
        hold(
            self,
            columns=columns.astype(np.int64),
            codes=np.nan_to_num(codes),
            category=~np.isnan(codes),
            logarithm=np.array(scaler.logarithm, bool)[columns],
            linear_below=np.array(scaler.linear_below, np.float64)[columns],
            shift=np.array(scaler.shift, np.float64)[columns],
            scale=np.array(scaler.scale, np.float64)[columns],
        )

    def warped(self, parameters: Tensor) -> Tensor:
        """Return parameters, one column for each scaled one, after logarithms are taken."""
        given = parameters[:, self.get_buffer("columns")]
        below = self.get_buffer("linear_below")
        # Where no asinh is taken, the divisor only has to be a number.
        ratio = given / torch.where(below > 0, below, 1.0)
        # By its formula, as ONNX Runtime has no asinh in double precision.
        size = ratio.abs()
        asinh = ratio.sign() * (size + (size.square() + 1.0).sqrt()).log()
        logarithms = torch.where(below > 0, asinh, given.log())
        return torch.where(self.get_buffer("logarithm"), logarithms, given)

    def forward(self, parameters: Tensor) -> Tensor:
        """Return scaled parameters ``[n, Q]``, float64, of parameters ``[n, P]``, float64."""
        given = parameters[:, self.get_buffer("columns")]
        # A category is a code: 1 in the column of its value, 0 in the others.
        one_hot = (given == self.get_buffer("codes")).to(given.dtype)
        values = torch.where(self.get_buffer("category"), one_hot, self.warped(parameters))
        scaled: Tensor = (values - self.get_buffer("shift")) / self.get_buffer("scale")
        return scaled
