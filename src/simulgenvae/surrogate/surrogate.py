"""The trained product: answers "what would this design do?" in physical units."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import torch
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

from simulgenvae.data.conditions import Conditions
from simulgenvae.errors import UserError
from simulgenvae.models import Latents
from simulgenvae.models.networks import unit_times
from simulgenvae.settings import StudyFolder
from simulgenvae.surrogate.ensemble import (
    Calibration,
    Ensemble,
    expected_squares,
    interval_warning,
    uniform_coefficients,
)
from simulgenvae.surrogate.files import load_parts, save_parts
from simulgenvae.surrogate.parts import Parts
from simulgenvae.surrogate.prediction import joined, labelled, warnings_about
from simulgenvae.surrogate.selection import Selection, select
from simulgenvae.training.checkpoint import stage_file
from simulgenvae.training.identity import of_training
from simulgenvae.utils.resources import require_memory
from simulgenvae.utils.tensor_file import read_tensors

BATCH_BYTES = 256 * 2**20
"""Fields that are decoded at once; more runs are predicted in batches of this size."""
EXPECTED_LATENTS = 12
"""Latents of a single network by which an error is expected of designs: each takes as long as a
prediction."""
PER_FIELD, PER_UNCERTAIN_FIELD, PER_SPREAD = 2, 7, 4
"""Memory that decoding needs, in fields of a run: for each run, for each whose uncertainty is asked
for, and while the spread of one of these is found."""


@dataclass(frozen=True)
class Surrogate(Parts):
    """A trained hierarchical VAE with its conditioner, and all that is needed to use it away from
    the data."""

    @classmethod
    def load(cls, study: StudyFolder) -> Self:
        """The surrogate of a study folder; UserError when there is none or its files are
        damaged."""
        return cls(**vars(load_parts(study)))

    def save(self, study: StudyFolder) -> None:
        """Write the model files of ``model_save/``; they replace their predecessors only when all
        are complete."""
        save_parts(self, study)

    def at_stage(self, study: StudyFolder, stage: str) -> Self:
        """The surrogate as it was at the end of a training stage, from the study's checkpoints.

        UserError when there is none, or only that of another training (one that failed after this
        one, for instance).
        """
        path = stage_file(study.checkpoints, stage)
        weights, about = read_tensors(path)
        data, stages = self.info.data_fingerprint, self.info.stages
        if not of_training(about.get("identity"), self.settings, data, stages):
            raise UserError(f"{path} belongs to another training than {study.vae_file}.")
        networks = copy.deepcopy(self.networks)
        try:
            networks.load_state_dict(weights)
        except RuntimeError as error:
            raise UserError(f"{path} is damaged: {error}") from error
        ensemble = None
        if stage != "vae":
            ensemble = Ensemble((networks,), self.condition_scaler, self.times, None, 0.0, None)
        return replace(self, networks=networks, ensemble=ensemble)

    def predict(
        self,
        conditions: Conditions,
        *,
        times: NDArray[np.float64] | None = None,
        nodes: ArrayLike | None = None,
        variables: Sequence[str] | None = None,
        samples: int = 0,
        seed: int = 0,
    ) -> xr.Dataset:
        """Fields of designs that were never simulated.

        Parameters
        ----------
        conditions
            n designs with the parameters of the training, in physical units.
        times
            ``[t]`` within the trained span, in the unit of the data; the training times when not
            given.
        nodes
            Numbers ``[m]`` of the nodes, counted from 0; all when not given. Other nodes cost
            nothing.
        variables
            Names of the variables; all when not given.
        samples
            When not 0, say how certain each value is: ``std`` and the interval from ``lower`` to
            ``upper`` that is meant to hold 90 % of the values, both calibrated on the validation
            runs. They come from how far the members of the ensemble are apart; a model with a
            single member draws so many latents instead, at least 2. For the expected error it draws
            12 of them without being asked, where it is calibrated.
        seed
            Seed of these.

        Returns
        ------- ``fields`` (run, time, node, variable), float32, and ``std``, ``lower``, ``upper``
        alike; ``coords`` (node, dim) where known; ``novelty`` (run), how far a design is from the
        training runs (1: as far as the loneliest of these from the others); ``expected_error``
        (run), the joint ``relative_l2`` of the whole field that the calibrated uncertainty stands
        for; attributes ``units`` and ``warnings`` (parameters outside the trained range, novel
        designs, uncertainty that is not calibrated or on few runs).

        Raises
        ------
        UserError
            For other parameters than the trained ones, times outside the trained span, nodes and
            variables that there are not, one sample, and more fields than fit into memory.
        """
        shown = select(self, times, nodes, variables)
        size = len(conditions) * shown.run_bytes * (4 if samples > 0 else 1)
        # Twice: all batches, and what they are joined to.
        require_memory(
            2 * size,
            f"predicting {len(conditions)} designs at once",
            "predict fewer, or use batches.",
        )
        return joined(list(self._batches(conditions, shown, samples, seed)))

    def predict_batches(
        self,
        conditions: Conditions,
        *,
        times: NDArray[np.float64] | None = None,
        nodes: ArrayLike | None = None,
        variables: Sequence[str] | None = None,
        samples: int = 0,
        seed: int = 0,
    ) -> Iterator[xr.Dataset]:
        """As :meth:`predict`, in batches of runs that hold at most 256 MB of fields each (one run
        at least).

        Some times that amount is needed while a batch is decoded.
        """
        return self._batches(conditions, select(self, times, nodes, variables), samples, seed)

    def _batches(
        self, conditions: Conditions, shown: Selection, samples: int, seed: int
    ) -> Iterator[xr.Dataset]:
        if self.ensemble is None:
            raise UserError(
                "Only the VAE is trained: train the conditioner too, with --stage conditioner."
            )
        if not len(conditions):
            raise UserError("There is no design to predict: the conditions have no rows.")
        if samples < 0 or samples == 1:
            raise UserError(
                f"samples is {samples}: a standard deviation needs at least 2 samples (0 for none)."
            )
        alternatives = 1 + self.ensemble.sample_count(_latents(self.ensemble, samples))
        size = max(
            1, BATCH_BYTES // max(shown.run_bytes, alternatives * self._coefficient_bytes(shown))
        )
        for start in range(0, len(conditions), size):
            few = conditions.select(list(range(start, min(start + size, len(conditions)))))
            yield self._predicted(self.ensemble, few, shown, samples, seed)

    def _predicted(
        self, ensemble: Ensemble, conditions: Conditions, shown: Selection, samples: int, seed: int
    ) -> xr.Dataset:
        """All that :meth:`predict` says of a few designs."""
        latents = _latents(ensemble, samples)
        self._require_decoding(
            len(conditions), shown, ensemble.sample_count(latents), uncertain=samples > 0
        )
        with threadpool_limits(
            1, "blas"
        ):  # numpy's threads go on spinning, and would take the cores of the decoding
            answer = ensemble.predict(conditions, shown.times, latent_samples=latents, seed=seed)
            novelty = ensemble.novelty(conditions)
        fields = {"fields": shown.decoder.decode(answer.mean)}
        warnings = warnings_about(conditions, self.condition_scaler, novelty)
        if samples > 0:
            calibration = ensemble.calibration or Calibration.of_normal()
            warnings += self._doubts()
            spreads = np.stack(
                [answer.spread(run, shown.decoder) for run in range(len(conditions))]
            )
            half = calibration.interval * spreads
            fields["std"] = (calibration.std * spreads).astype(np.float32, copy=False)
            fields["lower"] = (fields["fields"] - half).astype(np.float32, copy=False)
            fields["upper"] = (fields["fields"] + half).astype(np.float32, copy=False)
        found = labelled(shown, fields, conditions.ids, warnings)
        if novelty is not None:
            found["novelty"] = ("run", novelty)
        if ensemble.calibration is not None and len(answer.samples):
            squares, sizes = expected_squares(
                answer, ensemble.calibration, self._uniform_coefficients
            )
            found["expected_error"] = (
                "run",
                np.sqrt(squares / np.maximum(sizes, np.finfo(np.float32).tiny)),
            )
        return found

    @cached_property
    def _uniform_coefficients(self) -> NDArray[np.float32]:
        return uniform_coefficients(self.reduction)

    def warnings(self, conditions: Conditions, *, samples: int = 0) -> list[str]:
        """What to know before trusting predictions of designs: parameters outside the trained
        range, and novelty; with ``samples`` also what little is known of their uncertainty."""
        novelty = None if self.ensemble is None else self.ensemble.novelty(conditions)
        found = warnings_about(conditions, self.condition_scaler, novelty)
        return found + self._doubts() if samples > 0 else found

    def _doubts(self) -> list[str]:
        """What to know before trusting the uncertainty."""
        found = (
            None if self.ensemble is None else self.ensemble.calibration
        ) or Calibration.of_normal()
        doubt = interval_warning(found.runs, found.left_out_coverage)
        return [] if doubt is None else [doubt]

    def sample(self, count: int, seed: int = 0) -> xr.Dataset:
        """``count`` fields drawn from the learned prior, labelled as in :meth:`predict`."""
        with torch.inference_mode():
            latents = self.networks.vae.hierarchy.prior_sample(
                count, torch.Generator().manual_seed(seed)
            )
        fields = {"fields": self.decode(latents)}
        return labelled(select(self), fields, [f"sample_{k}" for k in range(count)], [])

    def encode(self, run: NDArray[np.floating]) -> Latents:
        """Posterior means of one run ``[T, M, V]``, else UserError: ``z`` ``[1, D]``, ``h`` ``[1,
        L, d]``."""
        if run.shape != (expected := (len(self.times), *self.reduction.field_shape)):
            raise UserError(
                f"A run of this surrogate has the shape {expected} (times, nodes, variables), not "
                f"{run.shape}."
            )
        with torch.inference_mode():
            coefficients = torch.from_numpy(self.reduction.encode(run))
            latents: Latents = self.networks.vae.encode(coefficients[None])[0]
        return latents

    def reconstruct(self, run: NDArray[np.floating]) -> NDArray[np.float32]:
        """Encode a run ``[T, M, V]`` and decode its posterior means."""
        decoded: NDArray[np.float32] = self.decode(self.encode(run))[0]
        return decoded

    def decode(
        self, latents: Latents, times: NDArray[np.float64] | None = None
    ) -> NDArray[np.float32]:
        """Latents of n runs to fields ``[n, t, M, V]`` in physical units, where memory allows; else
        UserError.

        The decoder is that of the first member. Times as for :meth:`predict`.
        """
        shown = select(self, times)
        self._require_decoding(len(latents.z), shown)
        with torch.inference_mode():
            moments = torch.from_numpy(unit_times(shown.times, self.times))
            coefficients: NDArray[np.float32] = self.networks.vae.decode(latents, moments).numpy()
        return self.reduction.decode(coefficients)

    def _require_decoding(
        self, runs: int, shown: Selection, alternatives: int = 0, *, uncertain: bool = False
    ) -> None:
        """UserError unless so many runs can be decoded, with what their uncertainty takes if that
        is asked for."""
        fields = PER_UNCERTAIN_FIELD * runs + PER_SPREAD if uncertain else PER_FIELD * runs
        needed = fields * shown.run_bytes + 4 * runs * (1 + alternatives) * self._coefficient_bytes(
            shown
        )
        require_memory(
            needed, f"decoding {runs} runs of {len(shown.times)} times", "ask for fewer at once."
        )

    def _coefficient_bytes(self, shown: Selection) -> int:
        """Memory of the coefficients of one run."""
        return 4 * len(shown.times) * self.reduction.rank


def _latents(ensemble: Ensemble, samples: int) -> int:
    """Return how many latents of a single network are drawn: for the expected error also where none
    are asked for."""
    return EXPECTED_LATENTS if samples == 0 and ensemble.calibration is not None else samples
