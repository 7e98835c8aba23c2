"""Surrogate: the trained product, which predicts the fields of designs in physical units."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import torch

from simulgenvae.errors import UserError
from simulgenvae.models.latent_density import drawn_latents
from simulgenvae.models.unit_times import unit_times
from simulgenvae.surrogate.ensemble.reconstruct import reconstructed, refined_latents
from simulgenvae.surrogate.files import load_parts, save_parts
from simulgenvae.surrogate.labelled_arrays import joined, labelled
from simulgenvae.surrogate.parts import Parts
from simulgenvae.surrogate.predict import (
    Predictor,
    prediction_warnings,
    require_decoding_memory,
)
from simulgenvae.surrogate.quantities import quantity_predictor, quantity_warnings
from simulgenvae.surrogate.selection import select
from simulgenvae.utils.resources import require_memory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import xarray as xr
    from numpy.typing import ArrayLike, NDArray
    from torch import Tensor

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.models import Latents
    from simulgenvae.settings import StudyFolder
    from simulgenvae.surrogate.quantities import Place


@dataclass(frozen=True)
class Surrogate(Parts):
    """Trained networks with all that is needed to predict designs away from the training data.

    :func:`simulgenvae.surrogate.fit.fit` makes one, :meth:`load` reads one.
    """

    @classmethod
    def load(cls, study: StudyFolder) -> Self:
        """Return the surrogate of a study folder.

        Raises
        ------
        UserError
            When there is none, or its files are damaged.
        """
        # Another process may make another model the current one meanwhile.
        parts = load_parts(study.pinned())
        return cls(**{field.name: getattr(parts, field.name) for field in fields(parts)})

    def save(self, study: StudyFolder) -> None:
        """Write the model files of a study.

        They take the places of older ones only when all of them are complete.
        """
        save_parts(self, study)

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
        """Predict the fields of designs.

        Parameters
        ----------
        conditions
            n designs with the parameters of the training, in physical units.
        times
            Times within the trained span, ``[t]``, in the unit of the data; the training times when
            not given.
        nodes
            Numbers of the nodes, ``[m]``, counted from 0; all when not given. Other nodes cost
            nothing.
        variables
            Names of the variables; all when not given.
        samples
            When not 0, the uncertainty of each value is predicted too: ``std`` and the interval
            from ``lower`` to ``upper`` that is meant to hold 90 % of the values, both calibrated on
            the validation runs. They come from the differences between the members of the ensemble
            and between their mirror views; with these, any number has the same effect. Only of a
            model with a single member in a single view are that many latents sampled instead, at
            least 2. For the expected error of such a model 12 latents are sampled even if this is
            0, where it is calibrated.
        seed
            Seed of all samples.

        Returns
        -------
        xarray.Dataset
            - ``fields`` (run, time, node, variable), float32, or float64 where float32 would lose
              the variation of a variable, and ``std``, ``lower`` and ``upper`` alike;
            - ``coords`` (node, dim), where they are known;
            - ``novelty`` (run): distance of a design from the training runs, where 1 is that of the
              loneliest training run from the others;
            - ``expected_error`` (run): joint ``relative_l2`` of the whole field that follows from
              the calibrated uncertainty;
            - attributes ``units`` and ``warnings`` (parameters outside the trained range, novel
              designs, uncertainty that is not calibrated or calibrated on few runs).

        Raises
        ------
        UserError
            For other parameters than the trained ones, times outside the trained span, nodes and
            variables that do not exist, one sample, and more fields than fit into memory.
        """
        selection = select(self, times, nodes, variables)
        conditions = self.complete(conditions)
        # With uncertainty there are four arrays: fields, std, lower and upper.
        size = len(conditions) * selection.run_bytes * (4 if samples > 0 else 1)
        # Twice: all batches, and the data set that they are joined to.
        require_memory(
            2 * size,
            f"predicting {len(conditions)} designs at once",
            "predict fewer, or use batches.",
        )
        return joined(list(Predictor(self, selection, samples, seed).batches(conditions)))

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
        """Predict the fields of designs in batches, with the arguments of :meth:`predict`.

        Each batch has at least one run, and at most 256 MB of fields where it has more. Some times
        that amount is needed while a batch is decoded.
        """
        selection = select(self, times, nodes, variables)
        return Predictor(self, selection, samples, seed).batches(self.complete(conditions))

    def quantities(
        self,
        conditions: Conditions,
        texts: Mapping[str, str] | None = None,
        *,
        place: Place | None = None,
        folder: Path = Path(),
        seed: int = 0,
    ) -> xr.Dataset:
        """Predict quantities of interest, such as peaks and means, with their uncertainty.

        Fields are decoded one after another, and only at the nodes and times that are needed.

        Parameters
        ----------
        conditions
            n designs, as in :meth:`predict`.
        texts
            Quantities by name, such as ``{"peak": "max(T)"}`` (docs/quantities.md); by default
            those of the training's settings.
        place
            Function that returns the geometry of a design by its id, where designs have meshes of
            their own; by default it is the one that goes with the conditions.
        folder
            Folder that the names of files with node numbers are relative to.
        seed
            Seed of the samples.

        Returns
        -------
        xarray.Dataset
            - ``value``, ``std``, ``lower`` and ``upper`` (run, quantity): the quantity of the
              predicted field, corrected by its mean error on the validation runs where that is
              more than chance; the standard deviation of its error; and the band that is meant to
              hold 90 % of the true values;
            - ``time`` (run, quantity) and ``place`` (run, quantity, dim) of maxima and minima;
            - coordinates ``unit`` and ``definition`` (quantity), and the attribute ``warnings``.

        Raises
        ------
        UserError
            For a quantity that cannot be read, and as :meth:`predict` does for conditions.
        """
        texts = self.settings.quantities if texts is None else texts
        predictor = quantity_predictor(self, texts, folder=folder, seed=seed)
        found = predictor.predict(self.complete(conditions), place)
        return found.labelled(predictor.group, conditions.ids, quantity_warnings(predictor))

    def warnings(self, conditions: Conditions, *, samples: int = 0) -> list[str]:
        """Return what to know before trusting predictions of designs.

        These are parameters outside the trained range and novel designs; with ``samples``, also
        what is not known of the uncertainty.
        """
        return prediction_warnings(self, self.complete(conditions), samples=samples)

    def sample(self, count: int, seed: int = 0) -> xr.Dataset:
        """Return ``count`` fields like those of the training runs, labelled as in :meth:`predict`.

        They are decoded from latents between those of neighbouring training runs. UserError for a
        model of an earlier version, which does not hold these.
        """
        if self.training_latents is None:
            raise UserError(
                "This model is of an earlier version and does not hold the latents of its training "
                "runs: train again to draw fields."
            )
        flat = drawn_latents(self.training_latents, count, np.random.default_rng(seed))
        latents = self.networks.vae.latents_from_flat(torch.from_numpy(flat))
        labels = [f"sample_{k}" for k in range(count)]
        return labelled(select(self), {"fields": self.decode_valued(latents)}, labels, [])

    def encode(self, run: NDArray[np.floating], *, refine: bool = True) -> Latents:
        """Return the latents of one run: ``z`` ``[1, D]`` and ``h`` ``[1, L, d]``.

        Parameters
        ----------
        run
            Fields of the run at the training times, ``[T, M, V]``, in physical units. Nodes
            without values, if there are any, are not looked at.
        refine
            Whether the encoder's posterior means are refined for this run, which lowers the error
            of what is decoded from them; see :func:`simulgenvae.models.refinement.refined`.

        Raises
        ------
        UserError
            For a run of another shape.
        """
        coefficients = self._coefficients(run)
        if refine:
            return refined_latents(self, coefficients)
        with torch.inference_mode():
            # [None]: a batch of one run.
            latents: Latents = self.networks.vae.encode(coefficients[None])[0]
        return latents

    def reconstruct(self, run: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return a run ``[T, M, V]`` encoded to latents and decoded again by all networks.

        It is a mean over the networks, with weights for this run; what the first network alone
        makes of its latents is ``decode(encode(run))``.

        Raises
        ------
        UserError
            For a run of another shape.
        """
        fields = self.reduction.decode(reconstructed(self, self._coefficients(run)))
        return fields if self.mask is None else self.mask.fill(fields)

    def _coefficients(self, run: NDArray[np.floating]) -> Tensor:
        """Return the coefficients ``[T, r]`` of a run; UserError for one of another shape."""
        nodes, variables = self.reduction.field_shape
        nodes = nodes if self.mask is None else len(self.mask.valued)
        if run.shape != (expected := (len(self.times), nodes, variables)):
            raise UserError(
                f"A run of this surrogate has the shape {expected} (times, nodes, variables), not "
                f"{run.shape}."
            )
        run = run if self.mask is None else self.mask.take(run)
        return torch.from_numpy(self.reduction.encode(run))

    def decode(
        self, latents: Latents, times: NDArray[np.float64] | None = None
    ) -> NDArray[np.floating]:
        """Return the fields of latents, ``[n, t, M, V]``, in physical units.

        Nodes without values, if there are any, are NaN.

        Parameters
        ----------
        latents
            Latents of n runs, of the first member's VAE.
        times
            Times within the trained span, ``[t]``; the training times when not given.

        Raises
        ------
        UserError
            When the memory does not suffice, and for times outside the trained span.
        """
        fields = self.decode_valued(latents, times)
        return fields if self.mask is None else self.mask.fill(fields)

    def decode_valued(
        self, latents: Latents, times: NDArray[np.float64] | None = None
    ) -> NDArray[np.floating]:
        """Return the fields of latents at the nodes with values; else as :meth:`decode`."""
        selection = select(self, times)
        require_decoding_memory(self, selection, len(latents.z))
        with torch.inference_mode():
            at = torch.from_numpy(unit_times(selection.times, self.times))
            coefficients: NDArray[np.float32] = self.networks.vae.decode(latents, at).numpy()
        return self.reduction.decode(coefficients)
