"""The trained product: answers "what would this design do?" in physical units."""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.limits import require_memory
from simulgenvae.errors import UserError
from simulgenvae.model_files import Parts, load_parts, save_parts
from simulgenvae.models import Gaussian, Latents
from simulgenvae.settings import Study
from simulgenvae.training.checkpoint import comparable, stage_file
from simulgenvae.training.problem import network_inputs, unit_times
from simulgenvae.training.tensor_file import read_tensors
from simulgenvae.training.train import StageName

BATCH_BYTES = 256 * 2**20
"""Fields that are decoded at once; more runs are predicted in batches of this size."""
DECODING = 6
"""Memory that decoding needs, as a multiple of the fields that come out: they are scaled in double precision."""


@dataclass(frozen=True)
class Surrogate(Parts):
    """A trained hierarchical VAE with its conditioner, and all that is needed to use it away from the data."""

    @classmethod
    def load(cls, study: Study) -> Self:
        """The surrogate of a study folder; UserError when there is none or its files are damaged."""
        return cls(**vars(load_parts(study)))

    def save(self, study: Study) -> None:
        """Write the model files of ``model_save/``; they replace their predecessors only when all are complete."""
        save_parts(self, study)

    def at_stage(self, study: Study, stage: StageName) -> Self:
        """The surrogate as it was at the end of a training stage, from the study's checkpoints.

        UserError when there is none, or only that of another training (one that failed after this one, for instance).
        """
        path = stage_file(study.checkpoints, stage)
        weights, about = read_tensors(path)
        own = comparable(
            {
                "data": self.info["data_fingerprint"],
                "settings": self.settings.model_dump(mode="json"),
                "stages": self.info["stages"],
            }
        )
        found = comparable(about.get("identity"))
        if {key: found.get(key) for key in own} != own:
            raise UserError(f"{path} belongs to another training than {study.vae_file}.")
        networks = copy.deepcopy(self.networks)
        try:
            networks.load_state_dict(weights)
        except RuntimeError as error:
            raise UserError(f"{path} is damaged: {error}") from error
        return replace(self, networks=networks)

    def predict(
        self, conditions: Conditions, *, times: NDArray[np.float64] | None = None, samples: int = 0, seed: int = 0
    ) -> xr.Dataset:
        """Fields of designs that were never simulated.

        Parameters
        ----------
        conditions
            n designs with the parameters of the training, in physical units.
        times
            ``[t]`` within the trained span, in the unit of the data; the training times when not given.
        samples
            When positive, draw so many latents of each design and add the standard deviation ``std``. It does not
            depend on the other designs of the call.
        seed
            Seed of the samples; each design has noise of its own, made from this and its id.

        Returns
        -------
        ``fields`` (run, time, node, variable), float32, and ``std`` alike; ``coords`` (node, dim) where known;
        attributes ``units`` and ``warnings`` (parameters outside the trained range).

        Raises
        ------
        UserError
            For other parameters than the trained ones, times outside the trained span, and more fields than fit into
            memory.
        """
        size = len(conditions) * self._run_bytes(self.times if times is None else times) * (2 if samples > 0 else 1)
        # Twice: all batches, and what they are joined to.
        require_memory(2 * size, f"predicting {len(conditions)} designs at once", "predict fewer, or use batches.")
        batches = list(self.predict_batches(conditions, times=times, samples=samples, seed=seed))
        return xr.concat(
            batches,
            "run",
            data_vars="minimal",
            coords="minimal",
            compat="override",
            join="override",
            combine_attrs=_join_warnings,
        )

    def predict_batches(
        self, conditions: Conditions, *, times: NDArray[np.float64] | None = None, samples: int = 0, seed: int = 0
    ) -> Iterator[xr.Dataset]:
        """As :meth:`predict`, in batches of runs that hold at most 256 MB of fields each (one run at least).

        Some times that amount is needed while a batch is decoded.
        """
        if not self.info["conditioner_trained"]:
            raise UserError("Only the VAE is trained: train the conditioner too, with --stage conditioner.")
        if not len(conditions):
            raise UserError("There is no design to predict: the conditions have no rows.")
        times = self._checked_times(times)
        inputs = network_inputs(conditions, self.condition_scaler)
        size = self._at_once(times)
        for start in range(0, len(conditions), size):
            rows = range(start, min(start + size, len(conditions)))
            with torch.inference_mode():
                latents = self.networks.conditioner(inputs[rows.start : rows.stop])
            fields = {"fields": self._decode(latents.mean, times)}
            if samples > 0:
                generators = [_generator(seed, conditions.ids[row]) for row in rows]
                fields["std"] = self._std(latents, times, samples, generators)
            warnings = self.condition_scaler.outside(conditions.select(list(rows)))
            yield self._labelled(fields, [conditions.ids[row] for row in rows], times, warnings)

    def sample(self, count: int, seed: int = 0) -> xr.Dataset:
        """``count`` fields drawn from the learned prior, labelled as in :meth:`predict`."""
        with torch.inference_mode():
            latents = self.networks.vae.hierarchy.prior_sample(count, torch.Generator().manual_seed(seed))
        fields = {"fields": self._decode(latents.flat(), self.times)}
        return self._labelled(fields, [f"sample_{k}" for k in range(count)], self.times, [])

    def encode(self, run: NDArray[np.floating]) -> Latents:
        """Posterior means of one run ``[T, M, V]``, else UserError: ``z`` ``[1, D]``, ``h`` ``[1, L, d]``."""
        if run.shape != (expected := (len(self.times), *self.reduction.field_shape)):
            raise UserError(
                f"A run of this surrogate has the shape {expected} (times, nodes, variables), not {run.shape}."
            )
        with torch.inference_mode():
            coefficients = torch.from_numpy(self.reduction.encode(run))
            latents: Latents = self.networks.vae.encode(coefficients[None])[0]
        return latents

    def reconstruct(self, run: NDArray[np.floating]) -> NDArray[np.float32]:
        """Encode a run ``[T, M, V]`` and decode its posterior means."""
        decoded: NDArray[np.float32] = self._decode(self.encode(run).flat(), self.times)[0]
        return decoded

    def _decode(self, flat: torch.Tensor, times: NDArray[np.float64]) -> NDArray[np.float32]:
        """Flat latents ``[n, D + L·d]`` to fields ``[n, t, M, V]`` in physical units, where memory allows."""
        needed = DECODING * len(flat) * self._run_bytes(times)
        require_memory(needed, f"decoding {len(flat)} runs of {len(times)} times", "ask for fewer at once.")
        with torch.inference_mode():
            vae = self.networks.vae
            moments = torch.from_numpy(unit_times(times, self.times))
            coefficients: NDArray[np.float32] = vae.decode(vae.latents_from_flat(flat), moments).numpy()
        return self.reduction.decode(coefficients)

    def _run_bytes(self, times: NDArray[np.float64]) -> int:
        return 4 * len(times) * math.prod(self.reduction.field_shape)

    def _at_once(self, times: NDArray[np.float64]) -> int:
        """How many fields ``[t, M, V]`` are decoded at once."""
        return max(1, BATCH_BYTES // self._run_bytes(times))

    def _std(
        self, latents: Gaussian, times: NDArray[np.float64], samples: int, generators: Sequence[torch.Generator]
    ) -> NDArray[np.float32]:
        """Standard deviation over samples of each design's latents, accumulated (Welford 1962); ``[n, t, M, V]``."""
        std = np.empty((len(generators), len(times), *self.reduction.field_shape), np.float32)
        for design, generator in enumerate(generators):
            one = Gaussian(latents.mean[design].expand(samples, -1), latents.log_std[design].expand(samples, -1))
            mean, squares, count = np.zeros(std.shape[1:]), np.zeros(std.shape[1:]), 0
            for drawn in torch.split(one.sample(generator), self._at_once(times)):
                for fields in self._decode(drawn, times):
                    count += 1
                    change = fields - mean
                    mean += change / count
                    squares += change * (fields - mean)
            std[design] = np.sqrt(squares / max(samples - 1, 1))
        return std

    def _checked_times(self, times: NDArray[np.float64] | None) -> NDArray[np.float64]:
        if times is None:
            return self.times
        low, high = self.times[0], self.times[-1]
        slack = 1e-9 * (high - low)
        if not self.networks.vae.decoder.continuous_in_time and not np.array_equal(times, self.times):
            raise UserError(
                "This model has the convolutional decoder, which knows the training times alone: leave the times out, "
                'or train with model.decoder = "modulated".'
            )
        outside = times[~((times >= low - slack) & (times <= high + slack))]
        if not len(times):
            raise UserError("No times are given: give one at least, or leave them out for the training times.")
        if len(outside):
            raise UserError(
                f"Time {outside[0]:g} is outside the trained span {low:g} to {high:g}: choose times within it."
            )
        return times

    def _labelled(
        self,
        fields: dict[str, NDArray[np.float32]],
        ids: Sequence[str],
        times: NDArray[np.float64],
        warnings: list[str],
    ) -> xr.Dataset:
        dims = ("run", "time", "node", "variable")
        arrays: dict[str, Any] = {name: (dims, values) for name, values in fields.items()}
        if self.mesh.coords is not None:
            arrays["coords"] = (("node", "dim"), self.mesh.coords)
        labels = {"run": list(ids), "time": times, "variable": list(self.variables)}
        return xr.Dataset(arrays, labels, {"units": list(self.units), "warnings": warnings})


def _generator(seed: int, run: str) -> torch.Generator:
    """Noise of one design: it depends on the seed and the design's id, not on the designs beside it."""
    digest = hashlib.sha256(f"{seed} {run}".encode("utf-8", "surrogatepass")).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "little"))


def _join_warnings(attributes: Sequence[dict[str, Any]], context: object = None) -> dict[str, Any]:
    if "warnings" not in attributes[0]:  # those of a variable, not of the whole
        return dict(attributes[0])
    return {**attributes[0], "warnings": [line for each in attributes for line in each["warnings"]]}
