"""Suggestion of the designs to solve next: where the surrogate expects errors.

Active learning by integrated variance (MacKay 1992; Cohn, Ghahramani & Jordan 1996; for Gaussian
processes, where it is better than taking the largest variance, Seo et al. 2000): the next design is
the one whose solution would lower the expected squared error over the whole domain the most. It is
chosen greedily, as if the designs before it were solved already (Krause, Singh & Guestrin 2008).

The size of errors comes from the surrogate's uncertainty. Distances between designs count along
the parameters that matter: they are in units of the length scales of the study's Gaussian
processes. Quantities of interest may take the place of the whole field
(:mod:`simulgenvae.design.by_quantity`).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulgenvae.design.by_quantity import CandidateQuantities, SuggestedQuantities
from simulgenvae.design.candidates import Range, candidate_designs
from simulgenvae.design.choose import choose
from simulgenvae.errors import UserError
from simulgenvae.surrogate.ensemble import expected_squares, uniform_field_coefficients
from simulgenvae.surrogate.quantities import quantity_predictor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.reduction import Reduction
    from simulgenvae.surrogate.ensemble import Ensemble
    from simulgenvae.surrogate.surrogate import Surrogate

Array = NDArray[np.float64]

_LATENT_SAMPLES = 16
"""Latents of a single network that are sampled for the expected error of a design."""
_BATCH_VALUES = 2**25
"""Coefficients of all samples that are held in memory at once."""
_LEAST_SIZE = 0.1
"""Smallest size of a field, as a fraction of the usual one: smaller fields count as that large, so
that a design with hardly any response is not the most uncertain one."""


@dataclass(frozen=True, eq=False)
class Suggestion:
    """Designs to solve, the most useful one first."""

    designs: Conditions
    errors: Array
    """Expected relative error of each design before it is solved, ``[n]``."""
    training_errors: Array
    """Expected relative error of the training runs, by the same measure."""
    quantities: SuggestedQuantities | None = None
    """Quantities that the designs were chosen by; None where it was the whole field."""


def suggest(
    surrogate: Surrogate,
    solved: Conditions,
    count: int,
    *,
    ranges: Mapping[str, Range] | None = None,
    candidates: int = 512,
    quantities: Mapping[str, str] | None = None,
    folder: Path = Path(),
    seed: int = 0,
) -> Suggestion:
    """Suggest the next ``count`` designs to solve.

    Parameters
    ----------
    surrogate
        A surrogate that was trained on some of the solved designs.
    solved
        All designs that are solved, in the study's order of parameters: nothing near one of them is
        suggested.
    count
        Number of designs.
    ranges
        Least and largest value of parameters whose domain is not the trained range.
    candidates
        Number of designs to choose from, see :func:`candidate_designs`.
    quantities
        Quantities of interest by name, such as ``{"peak": "max(T) < 350"}``, whose uncertainty
        counts instead of that of the whole field.
    folder
        Folder that the names of files in quantities are relative to.
    seed
        Seed of the candidates.

    Raises
    ------
    UserError
        For a study with images, a surrogate without a conditioner, a range that is empty, a
        quantity that cannot be read or is certain, and where too few of the candidates are far
        enough from each other and from the solved designs.
    """
    scaler = surrogate.condition_scaler
    if not surrogate.design_scaler.names:
        raise UserError(
            "Nothing but their geometry describes the designs of this study, which no range "
            "describes. Make meshes of designs that could be solved, ask `simulgenvae predict` for "
            "them with --samples, and solve those with the largest std."
        )
    if scaler.images is not None:
        raise UserError(
            "The designs of this study have images, which no range describes. Make images of "
            "designs that could be solved, ask `simulgenvae predict` for them with --samples, "
            "and solve those with the largest std."
        )
    if not 1 <= count <= candidates:
        raise UserError(
            f"{count} designs cannot be chosen from {candidates} candidates: ask for 1 to "
            f"{candidates}."
        )
    ensemble = surrogate.ensemble
    if ensemble is None:
        raise UserError(
            "Only the VAE is trained: train the conditioner too, with --stage conditioner."
        )
    # Read before anything is predicted: a mistake in them is found at once.
    predictor = quantity_predictor(surrogate, quantities, folder=folder) if quantities else None
    # Errors of the training runs are computed in the same way, so that both can be compared.
    drawn = candidate_designs(
        surrogate.design_scaler, solved, candidates, ranges=ranges or {}, seed=seed
    )
    pool = surrogate.complete(drawn)
    solved = surrogate.complete(solved)
    training = solved.select(surrogate.split.rows(solved.ids)["train"])
    of_quantities = None
    if predictor is not None:
        of_quantities = CandidateQuantities.of(predictor, pool, training)
        drawn = drawn.select(list(of_quantities.rows))
        pool = pool.select(list(of_quantities.rows))
    squares, sizes = expected_squares_of(ensemble, surrogate.reduction, pool)
    training_squares, training_sizes = expected_squares_of(ensemble, surrogate.reduction, training)
    # Squared sizes: the median of the training runs is the usual one.
    least = _LEAST_SIZE**2 * float(np.median(training_sizes))
    errors = np.sqrt(squares / np.maximum(sizes, least))
    training_errors = np.sqrt(training_squares / np.maximum(training_sizes, least))
    # A category has several columns with one length scale.
    lengths = length_scales(ensemble, len(scaler.names))[scaler.columns]
    chosen = choose(
        errors**2 if of_quantities is None else of_quantities.variance(),
        scaler.transform(pool) / lengths,
        scaler.transform(training) / lengths,
        scaler.transform(solved) / lengths,
        count,
        preferred=None if of_quantities is None else of_quantities.near_limit(),
    )
    designs = replace(drawn.select(chosen), ids=_new_ids(solved.ids, count))
    found = None if of_quantities is None else of_quantities.of_designs(chosen)
    return Suggestion(designs, errors[chosen], training_errors, found)


def length_scales(ensemble: Ensemble, parameters: int) -> Array:
    """Return the distance of each scaled parameter over which fields change, ``[P]``.

    It is the length scale of the ensemble's Gaussian processes, averaged over the modes by their
    energy, and long for a parameter that hardly matters. Without Gaussian processes all are 1.
    """
    if ensemble.pod_gp is None:
        return np.ones(parameters)
    arrays = ensemble.pod_gp.leading.arrays()
    # Hyper-parameters of a mode: logarithms of its variance, of the length scales and of the noise.
    logarithms = arrays["theta"][:, 1 : 1 + parameters]
    mean: Array = np.average(logarithms, axis=0, weights=np.square(arrays["singular"]))
    return np.exp(mean)


def expected_squares_of(
    ensemble: Ensemble, reduction: Reduction, designs: Conditions
) -> tuple[Array, Array]:
    """Return the expected squared error of many designs and the squared size of their fields.

    As :func:`simulgenvae.surrogate.ensemble.expected_squares`, in batches that memory holds.
    """
    uniform = uniform_field_coefficients(reduction)
    per_design = _LATENT_SAMPLES * len(ensemble.times) * reduction.rank
    # Samples of many candidates at once would not fit into memory.
    batch = max(1, _BATCH_VALUES // per_design)
    squares = []
    sizes = []
    for start in range(0, len(designs), batch):
        few = designs.select(list(range(start, min(start + batch, len(designs)))))
        prediction = ensemble.predict(few, ensemble.times, latent_samples=_LATENT_SAMPLES)
        batch_squares, batch_sizes = expected_squares(prediction, ensemble.calibration, uniform)
        squares.append(batch_squares)
        sizes.append(batch_sizes)
    return np.concatenate(squares), np.concatenate(sizes)


def _new_ids(solved: Sequence[str], count: int) -> tuple[str, ...]:
    """Return the first ``count`` of ``suggest_001``, … that no solved design has."""
    # Suggested designs of an earlier call may be among the solved ones.
    taken = set(solved)
    names = (f"suggest_{number:03d}" for number in itertools.count(1))
    return tuple(itertools.islice((name for name in names if name not in taken), count))
