"""The trained networks and the Gaussian processes beside them, as one predictor of coefficients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from simulgenvae.data.conditions import Conditions, ConditionScaler
from simulgenvae.models import Gaussian, Inputs
from simulgenvae.models.networks import Networks, network_inputs, unit_times
from simulgenvae.reduction import Decoder
from simulgenvae.surrogate.ensemble.calibration import FLOOR, Calibration, spread
from simulgenvae.surrogate.ensemble.mirror_views import MirrorView
from simulgenvae.surrogate.ensemble.pod_gp import PodGaussianProcesses

DRAWS = 12
"""Draws from the Gaussian processes, where they have a weight; each goes with one of the members in
turn."""
LATENTS = 32
"""Latents of a single network that calibrate its spread."""

DECODED = 32
"""Latents that are decoded to coefficients in one call, where there are fewer designs."""
BLOCK = 2**23
"""Entries of alternatives that are decoded together."""


@dataclass(frozen=True)
class Answer:
    """Coefficients of n designs at t times.

    ``mean`` ``[n, t, r]`` is the prediction. ``alternatives`` ``[K, n, t, r]`` vary as it might:
    each is made of a member in one view (or a sample of a single member's latents) and of a draw
    from the Gaussian processes, with their ``weight``. K = 0 for a single member without samples,
    which cannot disagree with another. ``gap`` ``[n, t, r]`` is how far the Gaussian processes are
    from the members' mean, where they have a weight.
    """

    mean: NDArray[np.float32]
    alternatives: NDArray[np.float32]
    gap: NDArray[np.float32] | None
    weight: float

    def spread(self, run: int, decoder: Decoder) -> NDArray[np.floating[Any]]:
        """Uncalibrated standard deviation of the fields of one of the n designs, ``[t, M, V]``, in
        physical units."""
        nodes, variables = decoder.field_shape
        few = max(1, BLOCK // (len(self.alternatives) * nodes * variables))

        def blocks() -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32] | None]]:
            for start in range(0, self.mean.shape[1], few):
                times, gap = slice(start, start + few), None
                if self.gap is not None:
                    mean = self.mean[run, times]
                    gap = decoder.decode(mean + self.gap[run, times]) - decoder.decode(mean)
                yield decoder.decode(self.alternatives[:, run, times]), gap

        return spread(blocks(), self.weight)

    def total_variance(self) -> NDArray[np.float64]:
        """Squares of :meth:`spread`, summed over times and the state that coefficients stand for,
        ``[n]``.

        Nothing is decoded: distances of coefficients are those of states.
        """
        deviations = (self.alternatives - self.alternatives.mean(axis=0)).astype(np.float64)
        total = np.einsum("kntr,kntr->n", deviations, deviations) / max(len(deviations) - 1, 1)
        if self.gap is not None:
            gap = self.gap.astype(np.float64)
            total += self.weight * (1.0 - self.weight) * np.einsum("ntr,ntr->n", gap, gap)
        found: NDArray[np.float64] = (1.0 + FLOOR) * total
        return found


@dataclass(frozen=True)
class SeparateAnswers:
    """Coefficients of n designs at t times by the networks and by the Gaussian processes, before
    they are combined."""

    each: NDArray[np.float32]
    """Prediction of every member in every view, ``[K, n, t, r]``."""
    gaussian_processes: NDArray[np.float32] | None
    """Mean over the views, ``[n, t, r]``; None where there are no Gaussian processes, or they were
    left out."""

    @property
    def networks(self) -> NDArray[np.float32]:
        """Mean of the members in all views, ``[n, t, r]``."""
        mean: NDArray[np.float32] = np.mean(self.each, axis=0)
        return mean


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Members trained from different random weights, and POD with Gaussian processes.

    The prediction is ``(1 - weight) · mean of the members + weight · Gaussian processes``
    (stacking, Wolpert 1992; deep ensembles, Lakshminarayanan et al. 2017). The weight has the least
    error on the validation runs: 0 where the networks are well ahead, near 1 for smooth responses
    of few runs.
    """

    members: tuple[Networks, ...]
    scaler: ConditionScaler
    times: NDArray[np.float64]
    """Times of the training runs, ``[T]``."""
    linear: PodGaussianProcesses | None
    weight: float
    calibration: Calibration | None
    views: tuple[MirrorView, ...] = ()
    """Mirror images in which each design is also looked at, where the problem is symmetric: answers
    are averaged."""

    def answer(
        self, conditions: Conditions, times: NDArray[np.float64], *, samples: int = 0, seed: int = 0
    ) -> Answer:
        """Coefficients of designs at times within the trained span.

        ``samples`` is how many of its latents a single network is asked for; several need none.
        """
        parts = self.separate_answers(conditions, times, processes=self.weight > 0)
        mean, alternatives, gap = parts.networks, parts.each, None
        if len(alternatives) == 1:
            alternatives = (
                self._samples(conditions, times, samples, seed) if samples else alternatives[:0]
            )
        if self.linear is not None and parts.gaussian_processes is not None:
            gap = parts.gaussian_processes - mean
            mean = mean + self.weight * gap
            if len(alternatives):
                drawn = self.linear.samples(conditions, times, self.alternatives(samples), seed)
                turn = np.arange(len(drawn)) % len(alternatives)
                alternatives = (1 - self.weight) * alternatives[turn] + self.weight * drawn
        return Answer(mean.astype(np.float32), alternatives.astype(np.float32), gap, self.weight)

    def separate_answers(
        self, conditions: Conditions, times: NDArray[np.float64], *, processes: bool = True
    ) -> SeparateAnswers:
        """Return coefficients of designs as in :meth:`answer`, by networks and by Gaussian
        processes.

        ``processes`` false leaves the Gaussian processes out.
        """
        inputs = network_inputs(conditions, self.scaler)
        moments = torch.from_numpy(unit_times(times, self.times))
        with torch.inference_mode():
            each = [_decoded(member, inputs, moments) for member in self.members]
            for view in self.views:
                seen = network_inputs(view.conditions(conditions), self.scaler)
                each += [view.back(_decoded(member, seen, moments)) for member in self.members]
        if self.linear is None or not processes:
            return SeparateAnswers(np.stack(each), None)
        views = [
            view.back(self.linear.predict(view.conditions(conditions), times))
            for view in self.views
        ]
        return SeparateAnswers(
            np.stack(each), np.mean([self.linear.predict(conditions, times), *views], axis=0)
        )

    def alternatives(self, samples: int) -> int:
        """How many an answer has, with so many ``samples`` of a single network's latents."""
        answers = len(self.members) * (1 + len(self.views))
        count = samples if answers == 1 else answers
        return max(DRAWS, count) if self.weight > 0 and count > 0 else count

    def novelty(self, conditions: Conditions) -> NDArray[np.float64] | None:
        """How far designs are from the training runs, ``[n]``; see
        :meth:`PodGaussianProcesses.novelty`. None where there are no Gaussian processes to measure
        it."""
        return None if self.linear is None else self.linear.novelty(conditions)

    def _samples(
        self, conditions: Conditions, times: NDArray[np.float64], samples: int, seed: int
    ) -> NDArray[np.float32]:
        """Return coefficients ``[samples, n, t, r]`` decoded from samples of the first member's
        p(z, h | condition)."""
        member, moments = self.members[0], torch.from_numpy(unit_times(times, self.times))
        with torch.inference_mode():
            latents: Gaussian = member.conditioner(network_inputs(conditions, self.scaler))
            generator = torch.Generator().manual_seed(seed)
            # The same noise for all designs: a design's samples do not depend on the others of the
            # call.
            noise = torch.randn((samples, 1, latents.mean.shape[1]), generator=generator)
            drawn = latents.mean + latents.log_std.exp() * noise
            few = max(
                1, DECODED // len(conditions)
            )  # together: a single design's fill no processor
            parts = [drawn[first : first + few].flatten(0, 1) for first in range(0, samples, few)]
            decoded = torch.cat(
                [member.vae.decode(member.vae.latents_from_flat(part), moments) for part in parts]
            )
        return decoded.view(samples, -1, *decoded.shape[1:]).numpy()


def _decoded(member: Networks, inputs: Inputs, times: torch.Tensor) -> NDArray[np.float32]:
    latents = member.vae.latents_from_flat(member.conditioner(inputs).mean)
    decoded: NDArray[np.float32] = member.vae.decode(latents, times).numpy()
    return decoded
