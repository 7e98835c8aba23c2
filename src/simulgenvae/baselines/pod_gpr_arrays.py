"""Check of the arrays of Gaussian processes that were read from a model file.

A file may be damaged or made by someone else, so nothing is assumed about it. Tested in
tests/baselines/test_pod_gpr.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.baselines.gp_choice import SINGLE_LENGTHS
from simulgenvae.baselines.likelihood_search import bounds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def check_arrays(
    arrays: dict[str, NDArray[Any]],
    read: int,
    widths: Sequence[int],
    components: tuple[int, int],
) -> None:
    """Raise ValueError where arrays of a model file do not belong together.

    ``read`` is the number of columns of parameters in the file, ``widths`` that of each parameter
    of the designs, and ``components`` are the numbers of image components in the file and of the
    designs.
    """
    runs, count = arrays["left"].shape
    parameters = sum(widths)
    if read != parameters or not 0 <= components[0] <= components[1] or not count:
        raise ValueError(
            f"{count} modes of {read} parameters and {components[0]} components, not "
            f"{parameters}, {components[1]}"
        )
    columns = parameters + components[0]
    # The image components share one length scale, or have one each.
    groups = len(widths) + (1 if components[0] > SINGLE_LENGTHS else components[0])
    # Many runs are represented by fewer inducing points.
    points = min(runs, len(arrays["x"]))
    shapes = {
        "coefficients": (runs, *arrays["coefficients"].shape[1:3]),
        "left": (runs, count),
        "singular": (count,),
        "x": (points, columns),
        "theta": (count, groups + 2),
        "alpha": (count, points),
        "mean": (count,),
        "scale": (count,),
    }
    for name, shape in shapes.items():
        if arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
            raise ValueError(
                f"{name} of the Gaussian processes is not a finite array of shape {shape}"
            )
    # Hyper-parameters outside of the bounds of the search could make a covariance matrix that is
    # not positive definite.
    low, high = bounds(groups).T
    theta = arrays["theta"]
    within = (low <= theta).all() and (theta <= high).all()
    if not ((arrays["singular"] > 0).all() and within):
        raise ValueError(
            "singular values or hyper-parameters of the Gaussian processes are out of bounds"
        )
