"""MMGP: mesh morphing Gaussian processes (Casenave, Staber & Roynard, NeurIPS 2023).

All meshes are morphed onto a reference shape, where fields and original node positions are
interpolated (finite elements of first order) onto one common mesh and reduced by principal
components. Gaussian processes with an anisotropic Matérn 5/2 kernel and noise, as in section 2.4
of the paper, go from components of the positions and the table to each component of the fields.
Whole runs are the fields here, as the paper's are of one timestep. The common mesh is that of the
training run with most nodes.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from benchmarks.geometry.case import GeometryCase
from benchmarks.geometry.peers.grid_pod import principal_components, scaled_table
from benchmarks.geometry.peers.morphing import morphed
from benchmarks.geometry.peers.sampling import Interpolator, interpolated

Array = NDArray[np.float64]
Fields = NDArray[np.float32]
SHAPE_ENERGY_LEFT_OUT = 1e-6
FIELD_ENERGY_LEFT_OUT = 1e-6


def mmgp(case: GeometryCase) -> list[Fields]:
    """Predict by MMGP, ``[T, M, V]`` for each test run.

    Raises
    ------
    NoMorphingError
        The published morphings do not apply to these shapes.
    """
    meshes = morphed(case)
    common = max((meshes[row] for row in case.train), key=lambda mesh: len(mesh.points))
    to_common = [Interpolator(mesh)(common.points)[0] for mesh in meshes]
    # Positions on the common mesh are the shape: where a point of the reference comes from.
    shapes = np.stack(
        [(matrix @ run.points).ravel() for matrix, run in zip(to_common, case.runs, strict=True)]
    )
    known_shapes, new_shapes = principal_components(
        shapes[case.train], shapes[case.test], SHAPE_ENERGY_LEFT_OUT
    )
    known, new = scaled_table(case)
    fields = np.stack([interpolated(to_common[row], case.runs[row].fields) for row in case.train])
    weights = regression_weights(
        np.hstack([known, known_shapes]), np.hstack([new, new_shapes]), fields
    )
    predicted = (weights @ fields.reshape(len(fields), -1)).reshape(-1, *fields.shape[1:])
    back = Interpolator(common)
    return [
        interpolated(back(meshes[row].points)[0], field)
        for row, field in zip(case.test, predicted.astype(np.float32), strict=True)
    ]


def regression_weights(known: Array, new: Array, fields: Fields) -> Array:
    """Return new fields as combinations of the known ones, ``[m, n]``.

    Each principal component of the fields ``[n, T, C, V]``, scaled by variable, is a Gaussian
    process of the inputs ``[n, P]``; its means at ``[m, P]`` are turned into weights of runs.
    """
    spread = fields.std(axis=(0, 1, 2))
    flat = (fields / np.where(spread > 0, spread, 1.0)).reshape(len(fields), -1)
    flat = flat - flat.mean(axis=0)
    energies, left = np.linalg.eigh(flat.astype(np.float64) @ flat.T)
    order = np.argsort(energies)[::-1]
    energies, left = energies[order].clip(0.0), left[:, order]
    total = np.cumsum(energies)
    kept = int(np.searchsorted(total, (1.0 - FIELD_ENERGY_LEFT_OUT) * total[-1])) + 1
    kept = min(kept, len(fields) - 1)
    scale = np.sqrt(len(fields))
    means = np.stack(
        [_gaussian_process(known, scale * left[:, mode], new) for mode in range(kept)], axis=1
    )
    weights = means @ left[:, :kept].T / scale
    return weights + (1.0 - weights.sum(axis=1, keepdims=True)) / len(fields)


def _gaussian_process(known: Array, values: Array, new: Array) -> Array:
    """Return the mean at the inputs ``new`` of a process with these known values."""
    kernel = ConstantKernel(1.0, (1e-3, 1e3)) * Matern(
        np.full(known.shape[1], 3.0), (1e-1, 1e3), nu=2.5
    ) + WhiteKernel(1e-3, (1e-8, 1e1))
    process = GaussianProcessRegressor(kernel, normalize_y=True, random_state=0)
    with warnings.catch_warnings():
        # Length scales of inputs without effect end at their bound, as they should.
        warnings.simplefilter("ignore", ConvergenceWarning)
        process.fit(known, values)
    return np.asarray(process.predict(new))
