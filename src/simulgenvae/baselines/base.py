"""Base class and descriptor of the baselines, and the registry of all of them.

A baseline predicts the coefficients ``[m, T, r]`` of designs from their features ``x [m, P + C]``,
which ``image_features.Features`` makes: P scaled parameters, then C principal components of the
image. Every baseline here answers with a linear combination of the training runs. It is therefore
described completely by one weight per training run, and needs no second copy of the coefficients.

The registry is filled by the package's ``__init__``, or by a caller, through :func:`register`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Inputs = NDArray[np.float64]
"""Features of m designs, ``[m, P + C]``."""
Coefficients = NDArray[np.float32]
"""Coefficients of m runs, ``[m, T, r]``."""
Choices = dict[str, float | str]
"""Choices of a baseline while fitting, by name."""


class Baseline(ABC):
    """A simple method that the surrogate is compared with: ``fit`` once, then ``predict``.

    The module of each subclass also holds its :class:`BaselineSpec`.
    """

    def fit(
        self,
        x: Inputs,
        coefficients: Coefficients,
        components: int = 0,
        widths: Sequence[int] = (),
    ) -> None:
        """Learn from n training runs, at least one.

        Parameters
        ----------
        x
            Features of the training runs, ``[n, P + C]``.
        coefficients
            Their coefficients, ``[n, T, r]``; kept by reference, not copied.
        components
            Number C of the last columns of ``x`` that are principal components of images.
        widths
            Number of columns of each parameter, which is 1 for a number and more for a category;
            by default all are numbers.

        Raises
        ------
        ValueError
            When the shapes do not fit each other.
        """
        if coefficients.ndim != 3 or x.ndim != 2 or len(x) != len(coefficients) or not len(x):
            raise ValueError(
                f"expected x [n, P + C] and coefficients [n, T, r], got {x.shape} and "
                f"{coefficients.shape}"
            )
        self._coefficients = coefficients
        self._widths = tuple(widths) or (1,) * (x.shape[1] - components)
        # A run is one long vector: methods do not see its timesteps.
        self._learn(x, coefficients.reshape(len(x), -1), components)

    def predict(self, x: Inputs) -> Coefficients:
        """Return the coefficients ``[m, T, r]`` of designs with the features ``x [m, P + C]``."""
        return self.combination(self.weights(x))

    def combination(self, weights: NDArray[np.float64]) -> Coefficients:
        """Return sums ``[m, T, r]`` of the training runs with the weights ``[m, n]``."""
        runs, timesteps, rank = self._coefficients.shape
        # One product with the coefficients of the training runs gives all designs.
        flat: Coefficients = weights.astype(np.float32) @ self._coefficients.reshape(runs, -1)
        return flat.reshape(len(weights), timesteps, rank)

    @abstractmethod
    def weights(self, x: Inputs) -> NDArray[np.float64]:
        """Return the weight of each training run in the prediction of each design, ``[m, n]``."""

    def describe(self) -> Choices:
        """Return what was chosen while fitting, as names and values for ``metrics.json``."""
        return {}

    @abstractmethod
    def _learn(self, x: Inputs, flat: Coefficients, components: int) -> None:
        """Prepare :meth:`weights` from ``x [n, P + C]`` and ``flat [n, T·r]``."""


@dataclass(frozen=True)
class BaselineSpec:
    """Descriptor of a baseline: all that its fitting, tables and figures need to know of it."""

    name: str
    """Key in ``metrics.json``, and in the results of the benchmarks."""
    baseline: Callable[[], Baseline]
    """Class of the baseline, or anything else that makes an unfitted one."""
    title: str
    """Name in tables and figures of a study whose conditions are parameters."""
    color: str
    """Colour of its lines and bars, ``#rrggbb``."""
    description: str
    """One sentence that explains the method."""
    line: str = "--"
    """Line style of matplotlib; baselines are dashed, the surrogate's own methods are not."""
    title_for_images: str = ""
    """Name where the conditions are images; ``title`` when empty."""
    title_for_both: str = ""
    """Name where the conditions are parameters and images; ``title`` when empty."""

    def title_for(self, *, parameters: bool, images: bool) -> str:
        """Return the name in a study with these kinds of conditions."""
        if not images:
            return self.title
        return (self.title_for_both if parameters else self.title_for_images) or self.title


BASELINES: dict[str, BaselineSpec] = {}
"""All baselines by name, in the order of tables and figures."""


def register(*specs: BaselineSpec) -> None:
    """Add baselines to the registry, from this package or from outside."""
    for spec in specs:
        BASELINES[spec.name] = spec
