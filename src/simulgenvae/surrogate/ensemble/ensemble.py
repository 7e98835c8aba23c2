"""Ensemble: the trained networks and the Gaussian processes as one predictor of coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from simulgenvae.models.unit_times import unit_times
from simulgenvae.surrogate.ensemble.coefficient_prediction import (
    CoefficientPrediction,
    SeparatePredictions,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.data.conditions import Conditions
    from simulgenvae.models import Gaussian
    from simulgenvae.surrogate.ensemble.calibration import Calibration
    from simulgenvae.surrogate.ensemble.held_out import HeldOutPredictions
    from simulgenvae.surrogate.ensemble.mirror_views import MirrorView
    from simulgenvae.surrogate.ensemble.pod_gp import PodGaussianProcesses

FEWEST_GP_SAMPLES = 12
"""Smallest number of samples of the Gaussian processes where they have a weight.

Each is combined with one of the members' predictions, in turn. Where these are fewer, they repeat:
3 of them make 12 samples."""
WIDENING_OF_NETWORKS = 1
"""Power with which the spread grows outside the trained range, with the distance from its middle in
half ranges, where networks predict alone. Members agree in a part of their errors there."""
WIDENING_OF_PROCESSES = 4
"""The power where Gaussian processes predict alone, whose spread grows too little there, unless it
follows from runs that are left out."""
DECODED_LATENTS = 32
"""Latents that a network decodes in one call, where there are fewer designs than that."""


class Member(Protocol):
    """Network of an ensemble: torch's :class:`~simulgenvae.models.networks.Networks`, or NumPy's.

    The second kind, of :mod:`simulgenvae.surrogate.light`, answers before torch is loaded.
    """

    @property
    def decoder_name(self) -> str:
        """Name of the decoder in the settings."""
        ...

    def coefficients(
        self, conditions: Conditions, scaler: ConditionScaler, times: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return the coefficients of n designs at times that are mapped to 0 … 1, ``[n, t, r]``."""
        ...


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Networks trained from different random weights, combined with Gaussian processes.

    The prediction is ``(1 - gp_weight) · weighted mean of the members + gp_weight · Gaussian
    processes`` (stacking, Wolpert 1992; deep ensembles, Lakshminarayanan et al. 2017). All weights
    have the least error on the validation runs: that of the Gaussian processes is 0 where the
    networks are well ahead, and near 1 for smooth responses of few runs.

    Attributes
    ----------
    members
        The networks; the first one also gives the latents of a surrogate.
    member_weights
        Weight of each member in their mean; members with the same decoder have the same.
    scaler
        Scaling of the conditions.
    times
        Times of the training runs, ``[T]``.
    pod_gp
        Gaussian processes of the POD coefficients; None where there are too few training runs, or
        these are read from disk. They measure novelty even where their weight is 0.
    gp_weight
        Weight of the Gaussian processes, from 0 to 1.
    calibration
        Factors of the spread; None without validation runs.
    mirror_views
        Mirror images in which each design is also predicted, where the problem is symmetric. The
        prediction is the mean over all of them.
    held_out
        Predictions of validation runs, from which the uncertainty of quantities is calibrated; None
        in models of earlier versions, and without validation runs.
    predicted_latents
        Latents that each member predicts for n of the training runs, ``[members, n, F]``: they say
        which latents of one member belong to those of another, and are what refinement may start
        from. None in models of earlier versions.
    """

    members: tuple[Member, ...]
    member_weights: tuple[float, ...]
    scaler: ConditionScaler
    times: NDArray[np.float64]
    pod_gp: PodGaussianProcesses | None
    gp_weight: float
    calibration: Calibration | None
    mirror_views: tuple[MirrorView, ...] = ()
    held_out: HeldOutPredictions | None = None
    predicted_latents: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        if len(self.member_weights) != len(self.members):
            raise ValueError(f"{len(self.member_weights)} weights of {len(self.members)} members")

    def predict(
        self,
        conditions: Conditions,
        times: NDArray[np.float64],
        *,
        latent_samples: int = 0,
        seed: int = 0,
    ) -> CoefficientPrediction:
        """Predict coefficients of designs, with samples of what they might have been.

        Parameters
        ----------
        conditions
            The n designs.
        times
            Times within the trained span, ``[t]``.
        latent_samples
            Number of latents that are sampled where the ensemble is a single network in a single
            view. Otherwise the predictions of members and views differ, and none are sampled.
        seed
            Seed of all samples.
        """
        separate = self.predict_separately(conditions, times, gaussian_processes=self.gp_weight > 0)
        return self.combine(separate, conditions, times, latent_samples=latent_samples, seed=seed)

    def combine(
        self,
        separate: SeparatePredictions,
        conditions: Conditions,
        times: NDArray[np.float64],
        *,
        latent_samples: int = 0,
        seed: int = 0,
    ) -> CoefficientPrediction:
        """Return what :meth:`predict` does from predictions that are not combined yet.

        ``separate`` is from :meth:`predict_separately`, with Gaussian processes where these have a
        weight, for the same conditions and times.
        """
        mean = separate.networks
        samples = separate.member_predictions
        if len(samples) == 1:
            # A single network cannot disagree with another one: its own latents are sampled.
            samples = (
                self._sample_latents(conditions, times, latent_samples, seed)
                if latent_samples
                else samples[:0]
            )
        gp_offset = None
        if self.pod_gp is not None and self.gp_weight > 0:
            assert separate.gaussian_processes is not None, "they have a weight"
            gp_offset = separate.gaussian_processes - mean
            mean = mean + self.gp_weight * gp_offset
            if len(samples):
                count = self.sample_count(latent_samples)
                # From the design itself only, although the mean of the Gaussian processes is that
                # over all views: the samples' own mean is subtracted where their spread is taken,
                # so that this difference does not enter it.
                gp_samples = self.pod_gp.samples(conditions, times, count, seed)
                # Predictions of members that repeat count as if they were independent. With 3
                # members in 12 samples, the sum of squares is 4 times theirs and is divided by 11
                # instead of 4 * 2: the members' part of the variance is smaller by 8 / 11. The
                # calibration scales the whole spread, and makes up for this on average.
                partner = np.arange(len(gp_samples)) % len(samples)
                samples = (1 - self.gp_weight) * samples[partner] + self.gp_weight * gp_samples
        return CoefficientPrediction(
            mean.astype(np.float32),
            samples.astype(np.float32),
            gp_offset,
            self.gp_weight,
            widening=self._widening(conditions),
        )

    @property
    def widening_power(self) -> float:
        """Power of the distance with which the spread grows outside the trained range."""
        of_networks = (1.0 - self.gp_weight) * WIDENING_OF_NETWORKS
        of_processes: float = WIDENING_OF_PROCESSES
        if self.pod_gp is not None and self.pod_gp.leading.deviation_scale.is_fitted:
            of_processes = self.pod_gp.leading.deviation_scale.widening
        return of_networks + self.gp_weight * of_processes

    def _widening(self, conditions: Conditions) -> NDArray[np.float64]:
        """Return the factor to the spread of each design, ``[n]``, 1 in the trained range."""
        widening: NDArray[np.float64] = (
            np.maximum(1.0, self.scaler.reach(conditions)) ** self.widening_power
        )
        return widening

    def predict_separately(
        self,
        conditions: Conditions,
        times: NDArray[np.float64],
        *,
        gaussian_processes: bool = True,
    ) -> SeparatePredictions:
        """Predict coefficients of designs by networks and by Gaussian processes, not combined.

        Parameters
        ----------
        conditions
            The n designs.
        times
            Times within the trained span, ``[t]``.
        gaussian_processes
            Whether the Gaussian processes predict too; leaving them out saves time.
        """
        # Networks see times from 0 to 1, the Gaussian processes the times of the data.
        at = unit_times(times, self.times)
        by_member = [member.coefficients(conditions, self.scaler, at) for member in self.members]
        for view in self.mirror_views:
            seen = view.mirror_conditions(conditions)
            by_member += [
                view.unmirror(member.coefficients(seen, self.scaler, at)) for member in self.members
            ]
        predictions = np.stack(by_member)
        if self.pod_gp is None or not gaussian_processes:
            return SeparatePredictions(predictions, self.member_weights, None)
        by_view = [self.pod_gp.predict(conditions, times)]
        for view in self.mirror_views:
            mirrored = self.pod_gp.predict(view.mirror_conditions(conditions), times)
            by_view.append(view.unmirror(mirrored))
        return SeparatePredictions(predictions, self.member_weights, np.mean(by_view, axis=0))

    def sample_count(self, latent_samples: int) -> int:
        """Return the number of samples of a prediction that is made with ``latent_samples``."""
        # A single network in a single view has nothing to disagree with: its latents are sampled.
        predictions = len(self.members) * (1 + len(self.mirror_views))
        count = latent_samples if predictions == 1 else predictions
        return max(FEWEST_GP_SAMPLES, count) if self.gp_weight > 0 and count > 0 else count

    def novelty(self, conditions: Conditions) -> NDArray[np.float64] | None:
        """Return how far designs are from the training runs, ``[n]``.

        See :meth:`PodGaussianProcesses.novelty`; None where there are no Gaussian processes to
        measure it.
        """
        return None if self.pod_gp is None else self.pod_gp.novelty(conditions)

    def _sample_latents(
        self, conditions: Conditions, times: NDArray[np.float64], samples: int, seed: int
    ) -> NDArray[np.float32]:
        """Sample the first member's p(z, h | condition) and decode, ``[samples, n, t, r]``."""
        # Only torch's networks are sampled.
        import torch

        from simulgenvae.models.networks import Networks, network_inputs

        member = self.members[0]
        assert isinstance(member, Networks), "NumPy's networks are not sampled"
        at = torch.from_numpy(unit_times(times, self.times))
        with torch.inference_mode():
            latents: Gaussian = member.conditioner(network_inputs(conditions, self.scaler))
            generator = torch.Generator().manual_seed(seed)
            # The same noise for all designs: a design's samples must not depend on the others
            # that are predicted in the same call.
            noise = torch.randn((samples, 1, latents.mean.shape[1]), generator=generator)
            drawn = latents.mean + latents.log_std.exp() * noise
            # Latents of few designs are decoded together: one design is too little work to keep a
            # processor busy.
            together = max(1, DECODED_LATENTS // len(conditions))
            decoded = []
            for first in range(0, samples, together):
                flat = drawn[first : first + together].flatten(0, 1)
                decoded.append(member.vae.decode(member.vae.latents_from_flat(flat), at))
            joined = torch.cat(decoded)
        return joined.view(samples, -1, *joined.shape[1:]).numpy()
