"""Networks of one member of an ensemble, evaluated with NumPy.

Tested in tests/surrogate/test_light.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.settings.networks import CONDITIONERS
from simulgenvae.surrogate.light.decoders import LightDecoder, LightField, LightModulated
from simulgenvae.surrogate.light.layers import Weights, gelu, layer_norm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.data.conditions import Conditions
    from simulgenvae.models.field_points import FieldSample
    from simulgenvae.settings import ConditionerSettings, Settings

    Array = NDArray[np.float32]


class LightConditioner:
    """Mean of the latents of designs with a table of parameters.

    It is :class:`~simulgenvae.models.conditioner.conditioner.Conditioner` with a
    :class:`~simulgenvae.models.conditioner.table.TableEncoder`.

    Parameters
    ----------
    settings
        The group ``conditioner`` of the settings.
    weights
        Weights of the conditioner.
    parameters
        Number of columns of scaled parameters.
    latents
        Number of latents.
    """

    def __init__(
        self, settings: ConditionerSettings, weights: Weights, parameters: int, latents: int
    ) -> None:
        filters = settings.filters or CONDITIONERS["mlp"].default_filters
        self.input = weights.linear("table.input", parameters, filters[0])
        self.blocks = []
        for number, (before, after) in enumerate(
            zip((filters[0], *filters), filters, strict=False)
        ):
            self.blocks.append(_residual(weights, f"table.blocks.{number}", before, after))
        self.mean = weights.linear("mean", filters[-1], latents)
        # Only sampling reads the standard deviation.
        weights.linear("log_std", filters[-1], latents)
        weights.require_empty()

    def __call__(self, x: Array) -> Array:
        """Return the mean of the latents of designs, from ``[n, P]`` to ``[n, latents]``."""
        x = gelu(self.input(x))
        for block in self.blocks:
            x = block(x)
        return self.mean(x)


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
    ) -> None:
        model = settings.model
        self.decoder_name = model.decoder
        self._latent_dim = model.latent_dim
        self._levels = model.levels
        latents = model.latent_dim + model.levels * model.hierarchical_dim
        self._conditioner = LightConditioner(
            settings.conditioner, Weights(conditioner), len(scaler.columns), latents
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
        table = scaler.transform(conditions).astype(np.float32)
        decoded = []
        for latents in self._conditioner(table):
            z = latents[: self._latent_dim]
            h = latents[self._latent_dim :].reshape(self._levels, -1)
            decoded.append(self._decoder(z, h, times))
        return np.stack(decoded)
