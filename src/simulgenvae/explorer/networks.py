"""The networks of a page, in three pieces, and their accuracy.

Tested in tests/explorer/test_twin.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from simulgenvae.deployment.write import inputs_of, random_conditions
from simulgenvae.errors import UserError
from simulgenvae.explorer.accuracy import Accuracy, Expected
from simulgenvae.explorer.basis_network import basis_file
from simulgenvae.explorer.coefficient_network import CoefficientNetwork
from simulgenvae.explorer.design_network import DesignNetwork
from simulgenvae.explorer.geometry import given_scaler
from simulgenvae.explorer.network_files import NetworkFiles
from simulgenvae.explorer.onnx_file import exported, with_half_weights
from simulgenvae.surrogate.predict import EXPECTED_ERROR_LATENTS, required_ensemble

if TYPE_CHECKING:
    from simulgenvae.explorer.geometry import PageGeometry
    from simulgenvae.explorer.state import StateArrays
    from simulgenvae.surrogate.surrogate import Surrogate

SAMPLES = EXPECTED_ERROR_LATENTS
"""Latents of a single network that are sampled, as for the expected error of designs."""
TOLERANCE = 1e-4
"""Largest difference to the surrogate that passes, as a fraction of each variable's range."""
APPROXIMATE = 0.02
"""Largest difference of the spread that passes where it is an approximation."""
HALF_DIFFERENCE = 0.2 * TOLERANCE
"""Largest difference that weights of half precision may make, for networks and modes each."""
PART_OF_ERROR = 0.1
"""Largest difference that weights of half precision may make, as a part of the surrogate's own
error."""


def networks_of(
    surrogate: Surrogate,
    state: StateArrays,
    own_error: float | None,
    geometry: PageGeometry | None = None,
) -> NetworkFiles:
    """Return the networks of a surrogate, as small as their accuracy allows.

    Parameters
    ----------
    surrogate
        The surrogate.
    state
        Its map from states to fields.
    own_error
        Mean relative error of the surrogate; None where it is unknown, then all weights are single
        precision.
    geometry
        Geometries of designs; None where all have one mesh.

    Raises
    ------
    UserError
        Where only the VAE is trained, and where the networks differ from the surrogate by more than
        :data:`TOLERANCE`.
    """
    surrogates = Expected.of(surrogate, state, geometry)
    exact = _exact(surrogate, state, geometry)
    _require_close(surrogates, exact)
    # What half precision changes is measured from the networks that passed.
    found = exact if own_error is None else _smallest(exact, surrogates.but_by(exact), own_error)
    return replace(found, difference=surrogates.compare(found).fields.largest)


def _require_close(surrogates: Expected, networks: NetworkFiles) -> None:
    accuracy = surrogates.compare(networks)
    spread = TOLERANCE if networks.is_exact else APPROXIMATE
    largest = {"fields": TOLERANCE, "spread": spread, "shapes": TOLERANCE}
    for name, allowed in largest.items():
        difference = getattr(accuracy, name).largest
        # Written this way round, a difference that is not a number does not pass.
        if not difference <= allowed:
            raise UserError(
                f"The {name} of the page's networks differ from the surrogate's by "
                f"{difference:.2g} of their range, more than {allowed:g}: no page is written."
            )


def _smallest(exact: NetworkFiles, expected: Expected, own_error: float) -> NetworkFiles:
    """Return the networks with as much in half precision as the surrogate's error allows."""
    halved = replace(
        exact,
        design=with_half_weights(exact.design),
        coefficients=with_half_weights(exact.coefficients),
    )
    found = halved if _is_close(expected.compare(halved), own_error) else exact
    if expected.geometry is not None:
        smaller = expected.geometry.basis_file(in_16_bits=True)
        if _is_close(expected.compare(replace(exact, shape=smaller)), own_error):
            found = replace(found, shape=smaller)
    modes = expected.state.basis
    if modes is not None:
        smaller = basis_file(modes, modes.shape[1], in_16_bits=True)
        if _is_close(expected.compare(replace(exact, basis=smaller)), own_error):
            return replace(found, basis=smaller)
    return found


def _exact(surrogate: Surrogate, state: StateArrays, geometry: PageGeometry | None) -> NetworkFiles:
    """Return networks with all weights in single precision."""
    ensemble = required_ensemble(surrogate)
    design = DesignNetwork(ensemble, SAMPLES, surrogate.shapes)
    coefficients = CoefficientNetwork(ensemble, SAMPLES)
    given = {
        name: torch.from_numpy(array)
        for name, array in inputs_of(random_conditions(given_scaler(surrogate), 1)).items()
    }
    with torch.inference_mode():
        found = dict(zip(design.outputs, design(**given), strict=True))
    read = found.keys() - {"novelty", "shape"}
    found = {name: tensor.clone() for name, tensor in found.items() if name in read}
    found["times"] = torch.linspace(0.0, 1.0, 3)
    return NetworkFiles(
        exported(design, given, design.outputs),
        exported(coefficients, found, ["mean", "deviations", "samples"], {"times": {0: "t"}}),
        basis_file(state.basis, surrogate.reduction.rank),
        design.is_exact,
        shape=None if geometry is None else geometry.basis_file(),
    )


def _is_close(accuracy: Accuracy, own_error: float) -> bool:
    return all(
        each.largest <= HALF_DIFFERENCE and each.relative <= PART_OF_ERROR * own_error
        for each in accuracy
    )
