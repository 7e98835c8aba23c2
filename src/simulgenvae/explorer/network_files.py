"""The ONNX files of a page.

Tested in tests/explorer/test_twin.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class NetworkFiles:
    """ONNX files: design, coefficients and basis, and the basis of shapes where there are any."""

    design: bytes
    coefficients: bytes
    basis: bytes
    is_exact: bool
    """True if the uncertainty is that of Python; else it is an approximation."""
    difference: float = 0.0
    """Largest difference of the fields to those of the surrogate, relative to their range."""
    shape: bytes | None = None
    """Modes of the shapes; None where all designs have one mesh."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays of a container."""
        files = {"design": self.design, "coefficients": self.coefficients, "basis": self.basis}
        if self.shape is not None:
            files["shape"] = self.shape
        return {f"model.{name}": np.frombuffer(file, np.uint8) for name, file in files.items()}
