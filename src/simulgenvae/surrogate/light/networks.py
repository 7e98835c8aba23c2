"""Networks of one member of an ensemble, evaluated with NumPy.

Tested in tests/surrogate/test_light.py.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.models.distance_sizes import CELLS, FEATURES, filters_for
from simulgenvae.settings.networks import CONDITIONERS
from simulgenvae.surrogate.light.decoders import LightDecoder, LightField, LightModulated
from simulgenvae.surrogate.light.layers import Weights, averaged, gelu, layer_norm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.data.conditions import Conditions
    from simulgenvae.geometry.distance_modes import DistanceModes
    from simulgenvae.models.field_points import FieldSample
    from simulgenvae.settings import ConditionerSettings, Settings

    Array = NDArray[np.float32]


class LightConditioner:
    """Mean of the latents of designs with a table of parameters, a geometry on a grid, or both.

    It is :class:`~simulgenvae.models.conditioner.conditioner.Conditioner` with a
    :class:`~simulgenvae.models.conditioner.table.TableEncoder`, a
    :class:`~simulgenvae.models.conditioner.distance.DistanceEncoder`, or both.

    Parameters
    ----------
    settings
        The group ``conditioner`` of the settings.
    weights
        Weights of the conditioner.
    parameters
        Number of columns of scaled parameters, with those of the geometry.
    latents
        Number of latents.
    distances
        Images of the geometries that the last columns describe; None where no columns do.
    """

    def __init__(
        self,
        settings: ConditionerSettings,
        weights: Weights,
        parameters: int,
        latents: int,
        distances: DistanceModes | None,
    ) -> None:
        self.geometry = None if distances is None else _LightGeometry(weights, distances)
        self.parameters = parameters - (0 if distances is None else distances.columns)
        filters = settings.filters or CONDITIONERS["mlp"].default_filters
        if self.parameters:
            self.input = weights.linear("table.input", self.parameters, filters[0])
        self.blocks = [
            _residual(weights, f"table.blocks.{number}", before, after)
            for number, (before, after) in enumerate(pairwise((filters[0], *filters)))
            if self.parameters
        ]
        features = filters[-1] if self.parameters else 0
        self.join = None
        if distances is not None:
            features += FEATURES
            if self.parameters:
                self.join = _residual(weights, "join", features, features)
        self.mean = weights.linear("mean", features, latents)
        # Only sampling reads the standard deviation.
        weights.linear("log_std", features, latents)
        weights.require_empty()

    def __call__(self, conditions: Conditions, scaler: ConditionScaler) -> Array:
        """Return the mean of the latents of n designs, ``[n, latents]``."""
        features = []
        if self.geometry is not None:
            features.append(self.geometry(conditions))
        if self.parameters:
            table = scaler.transform(conditions).astype(np.float32)
            x = gelu(self.input(table[:, : self.parameters]))
            for block in self.blocks:
                x = block(x)
            features.append(x)
        joined = np.concatenate(features, axis=1)
        return self.mean(joined if self.join is None else self.join(joined))


class _LightGeometry:
    """Network like :class:`~simulgenvae.models.conditioner.distance.DistanceEncoder`."""

    def __init__(self, weights: Weights, distances: DistanceModes) -> None:
        self.distances = distances
        sides = distances.mean.shape
        filters = filters_for(sides)
        self.convolutions = [
            weights.halving(f"geometry.convolutions.{number}", before, after, len(sides))
            for number, (before, after) in enumerate(pairwise((1, *filters)))
        ]
        pooled = filters[-1] * CELLS ** len(sides)
        self.project = weights.linear("geometry.project", pooled, FEATURES)

    def __call__(self, conditions: Conditions) -> Array:
        """Return the features ``[n, FEATURES]`` of the geometries of n designs."""
        if conditions.distances is not None:
            x = conditions.distances.astype(np.float32)[:, None]
        else:
            x = self.distances.of(conditions.table[:, -self.distances.columns :])[:, None]
        for convolution in self.convolutions:
            x = gelu(convolution(x))
        return self.project(averaged(x, CELLS).reshape(len(x), -1))


def _residual(weights: Weights, name: str, before: int, after: int) -> Callable[[Array], Array]:
    """Return a block like :class:`~simulgenvae.models.conditioner.table.ResidualLinear`."""
    norm_weight = weights.take(f"{name}.norm.weight", before)
    norm_bias = weights.take(f"{name}.norm.bias", before)
    first = weights.linear(f"{name}.first", before, after)
    second = weights.linear(f"{name}.second", after, after)
    skip = None if before == after else weights.linear(f"{name}.skip", before, after)

    def block(x: Array) -> Array:
        kept = x if skip is None else skip(x)
        return kept + second(gelu(first(layer_norm(x, norm_weight, norm_bias))))

    return block


class LightNetworks:
    """One member: a :class:`~simulgenvae.surrogate.ensemble.ensemble.Member` without torch.

    Parameters
    ----------
    settings
        Settings of the member, with its own decoder.
    conditioner, decoder
        Weights of both networks, by their names in them.
    coefficient_std
        Standard deviation of each coefficient, ``[r]``.
    scaler
        Scaling of the conditions.
    sample
        Points of a decoder that is a field; None for others.
    distances
        Images of geometries that the conditioner reads; None where it reads none.

    Raises
    ------
    KeyError, ValueError
        For weights that are not those of such networks.
    """

    def __init__(
        self,
        settings: Settings,
        conditioner: Mapping[str, Array],
        decoder: Mapping[str, Array],
        coefficient_std: Array,
        scaler: ConditionScaler,
        sample: FieldSample | None,
        distances: DistanceModes | None = None,
    ) -> None:
        model = settings.model
        self.decoder_name = model.decoder
        self._latent_dim = model.latent_dim
        self._levels = model.levels
        latents = model.latent_dim + model.levels * model.hierarchical_dim
        self._conditioner = LightConditioner(
            settings.conditioner, Weights(conditioner), len(scaler.columns), latents, distances
        )
        self._decoder: LightDecoder
        if sample is None:
            self._decoder = LightModulated(model, Weights(decoder), coefficient_std)
        else:
            self._decoder = LightField(model, Weights(decoder), sample)

    def coefficients(
        self, conditions: Conditions, scaler: ConditionScaler, times: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return the coefficients of n designs at times that are mapped to 0 … 1, ``[n, t, r]``."""
        decoded = []
        for latents in self._conditioner(conditions, scaler):
            z = latents[: self._latent_dim]
            h = latents[self._latent_dim :].reshape(self._levels, -1)
            decoded.append(self._decoder(z, h, times))
        return np.stack(decoded)
