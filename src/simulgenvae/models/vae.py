"""Hierarchical variational autoencoder (VAE) of a run's coefficients over time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.func import functional_call

from simulgenvae.models.blocks import maybe_recomputed
from simulgenvae.models.decoders import FieldDecoder, build_decoder
from simulgenvae.models.encoder import Encoder
from simulgenvae.models.latents import LatentHierarchy, Latents

if TYPE_CHECKING:
    from simulgenvae.models.field_points import FieldPoints
    from simulgenvae.settings import ModelSettings


class HierarchicalVae(nn.Module):
    """Encoder, latent hierarchy and decoder between coefficients ``[B, T, r]`` and latents.

    Coefficients span many decades. The decoder's outputs are multiplied by each one's standard
    deviation, so that the networks handle numbers of order one while losses stay in units of the
    field. The encoder sees all coefficients over the largest standard deviation: standardised one
    by one, the small ones drown the others in detail that means nothing in another run, and unseen
    runs were reconstructed up to four times worse (``docs/method.md``).

    Parameters
    ----------
    settings
        The group ``model`` of the settings.
    coefficient_std
        Training standard deviation of each coefficient, ``[r]``.
    times
        Training times mapped to 0 … 1, ``[T]``.
    points
        Nodes and modes, for a decoder that is a field.
    """

    coefficient_std: Tensor
    times: Tensor
    recompute = False
    """True if the activations of encoder and decoder are computed again in the backward pass."""

    def __init__(
        self,
        settings: ModelSettings,
        coefficient_std: Tensor,
        times: Tensor,
        points: FieldPoints | None = None,
    ) -> None:
        super().__init__()
        rank = len(coefficient_std)
        # Buffers are in model files and move with the network, but no optimiser changes them.
        self.register_buffer("coefficient_std", coefficient_std)
        self.register_buffer("times", times)
        self.encoder = Encoder(rank, settings.filters, settings.layers)
        self.hierarchy = LatentHierarchy(
            settings.latent_dim,
            settings.hierarchical_dim,
            settings.levels,
            self.encoder.feature_dims,
        )
        self.decoder = build_decoder(settings, coefficient_std, len(times), points)

    def encode(
        self, coefficients: Tensor, *, sample: bool = False
    ) -> tuple[Latents, Tensor, Latents]:
        """Return the posterior of runs.

        Parameters
        ----------
        coefficients
            Coefficients of B runs, ``[B, T, r]``.
        sample
            Whether latents are samples of the posterior, or its means.

        Returns
        -------
        latents, kl, log_std
            See :meth:`LatentHierarchy.posterior`.
        """
        # Added so that coefficients that are all zero are not divided by zero.
        largest = self.coefficient_std.max() + torch.finfo(torch.float32).tiny
        features = maybe_recomputed(self.encoder, coefficients / largest, recompute=self.recompute)
        return self.hierarchy.posterior(features, sample=sample)

    def decode(
        self, latents: Latents, times: Tensor | None = None, *, frozen: bool = False
    ) -> Tensor:
        """Return the coefficients of latents, ``[B, T, r]``.

        Parameters
        ----------
        latents
            Latents of B runs.
        times
            Times ``[T]``, mapped to 0 … 1; the training times when not given.
        frozen
            Whether gradients reach the latents but not the decoder's weights.
        """
        out = self._decoded(latents, self.times if times is None else times, frozen=frozen)
        return out if isinstance(self.decoder, FieldDecoder) else out * self.coefficient_std

    def _decoded(self, latents: Latents, *inputs: Tensor, frozen: bool) -> Tensor:
        """Return what the decoder makes of latents and further inputs."""
        # The decoder is called with weights that are detached where it is frozen: switching off
        # `requires_grad` would also change the terms of the loss in which it does learn.
        weights = {
            name: value.detach() if frozen else value
            for name, value in self.decoder.named_parameters()
        }

        def decoded(z: Tensor, h: Tensor, *inputs: Tensor) -> Tensor:
            out: Tensor = functional_call(self.decoder, weights, (Latents(z, h), *inputs))
            return out

        out: Tensor = maybe_recomputed(
            decoded, latents.z, latents.h, *inputs, recompute=self.recompute
        )
        return out

    def error(
        self,
        latents: Latents,
        coefficients: Tensor,
        times: Tensor,
        *,
        frozen: bool = False,
        nodes: Tensor | None = None,
    ) -> Tensor:
        """Return vectors with the squared norms of the errors of decoded latents, ``[B, T]``.

        These are the differences of coefficients, ``[B, T, r]``. A field is compared at random
        points instead, and the mean of the squared norms over such points is that of the error; in
        evaluation mode the points are always the same.

        Parameters
        ----------
        latents, times, frozen
            See :meth:`decode`.
        coefficients
            Truth at these times, ``[B, T, r]``.
        nodes
            Numbers ``[n]`` of the points at which a field is compared, by default those of
            :meth:`FieldDecoder.some_points`.
        """
        decoder = self.decoder
        if not isinstance(decoder, FieldDecoder):
            return self.decode(latents, times, frozen=frozen) - coefficients
        runs = len(coefficients)
        points = decoder.some_points(runs) if nodes is None else nodes.expand(runs, -1)
        states = self._decoded(latents, times, points, frozen=frozen).flatten(-2)
        truth = coefficients @ decoder.rows[points].flatten(1, 2).mT
        error: Tensor = (states - truth) * math.sqrt(decoder.nodes / points.shape[1])
        return error

    def sample(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """Return coefficients of ``count`` runs drawn from the learned prior, ``[count, T, r]``."""
        return self.decode(self.hierarchy.prior_sample(count, generator))

    def forward(self, coefficients: Tensor) -> tuple[Tensor, Tensor, Latents]:
        """Return the reconstruction of runs ``[B, T, r]``, the KL of every level, and the latents.

        The latents are samples of the posterior in training mode, its means in evaluation mode.
        """
        latents, kl, _ = self.encode(coefficients, sample=self.training)
        return self.decode(latents), kl, latents

    def latents_from_flat(self, flat: Tensor) -> Latents:
        """Return latents that were made flat, ``[B, D + L·d]``."""
        shape = (-1, self.hierarchy.levels, self.hierarchy.hierarchical_dim)
        z = flat[:, : self.hierarchy.latent_dim]
        return Latents(z, flat[:, self.hierarchy.latent_dim :].reshape(shape))
