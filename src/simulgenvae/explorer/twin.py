"""Container of a surrogate for a page: description, mesh, state and networks.

Tested in tests/explorer/test_twin.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.explorer.container import pack
from simulgenvae.explorer.describe import Origin, describe
from simulgenvae.explorer.drawn_mesh import drawn_mesh
from simulgenvae.explorer.geometry import PageGeometry, given_scaler
from simulgenvae.explorer.networks import networks_of
from simulgenvae.explorer.onnx_file import require_onnx
from simulgenvae.explorer.quantities import page_quantities
from simulgenvae.explorer.state import StateArrays
from simulgenvae.explorer.volume_mesh import volume_arrays

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.images import ImageFormat
    from simulgenvae.explorer.description import Description
    from simulgenvae.surrogate.surrogate import Surrogate

MOST_IMAGES = 64
"""Training images that a page shows."""


@dataclass(frozen=True, eq=False)
class Twin:
    """Everything that a page shows and computes with.

    Attributes
    ----------
    description
        Names, units, ranges and facts.
    arrays
        Arrays by their names in the container.
    difference
        Largest difference to the surrogate on random designs, relative to the range of each
        variable.
    """

    description: Description
    arrays: dict[str, NDArray[Any]]
    difference: float

    def container(self) -> bytes:
        """Return the container of the page."""
        return pack(self.description.model_dump(mode="json"), self.arrays)


def make_twin(
    surrogate: Surrogate,
    training: Conditions | None,
    origin: Origin,
    texts: Mapping[str, str] | None = None,
    folder: Path = Path(),
) -> Twin:
    """Return the twin of a surrogate.

    Parameters
    ----------
    surrogate
        The surrogate.
    training
        Conditions of its training runs; None where the data are not there any more.
    origin
        Where the surrogate comes from, and how good it is.
    texts
        Quantities of interest by name, by default those that the surrogate was trained with; the
        usual ones of each variable where there are none.
    folder
        Folder that the names of files in them are relative to.

    Raises
    ------
    UserError
        Where packages are missing, where only the VAE is trained, for a model that is too large,
        for geometries that a page cannot draw, and where the exported networks differ from the
        surrogate.
    """
    require_onnx("A page with a model inside")
    geometry = PageGeometry.of(surrogate)
    state = StateArrays.of(surrogate)
    networks = networks_of(surrogate, state, own_error(surrogate, origin), geometry)
    texts = surrogate.settings.quantities if texts is None else texts
    quantities = page_quantities(surrogate, texts, folder, state)
    description = describe(
        surrogate, training, origin, quantities, geometry, is_exact=networks.is_exact
    )
    mesh = surrogate.whole_mesh if geometry is None else geometry.mesh
    arrays = _training_arrays(surrogate, training)
    arrays |= drawn_mesh(mesh, description.node_count).arrays()
    arrays |= volume_arrays(mesh)
    arrays |= {} if geometry is None else geometry.arrays()
    arrays |= state.arrays()
    arrays |= networks.arrays()
    arrays |= quantities.arrays
    return Twin(description, arrays, networks.difference)


def own_error(surrogate: Surrogate, origin: Origin) -> float | None:
    """Return the surrogate's relative error: on test runs, else on validation runs, else None."""
    if origin.evaluation is not None:
        return origin.evaluation.relative_error
    known = [entry.joint_error for entry in surrogate.info.history if entry.joint_error is not None]
    return known[-1] if known else None


def _training_arrays(surrogate: Surrogate, training: Conditions | None) -> dict[str, NDArray[Any]]:
    scaler = given_scaler(surrogate)
    table = np.zeros((0, len(scaler.names))) if training is None else training.table
    arrays: dict[str, NDArray[Any]] = {"training.table": table.astype(np.float64)}
    if scaler.images is not None:
        runs = _runs_with_image(training)
        arrays["training.image_runs"] = runs
        arrays["training.images"] = _images_of(training, runs, scaler.images)
    return arrays


def _runs_with_image(training: Conditions | None) -> NDArray[np.uint32]:
    """Return the runs whose images a page has, spread evenly over all, ``[n]``."""
    if training is None or training.images is None:
        return np.zeros(0, np.uint32)
    last = len(training) - 1
    return np.linspace(0, last, min(last + 1, MOST_IMAGES)).round().astype(np.uint32)


def _images_of(
    training: Conditions | None, runs: NDArray[np.uint32], form: ImageFormat
) -> NDArray[Any]:
    """Return images ``[n, S, S, C]``; none where the data are not there any more."""
    if training is None or training.images is None:
        return np.zeros((0, form.size, form.size, form.channels), form.pixel_type)
    found: NDArray[Any] = training.images.pixels[runs]
    return found
