"""Similarity of designs to each other and to each other's mirror images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.baselines.image_features import products
from simulgenvae.baselines.kernels import kernel_values
from simulgenvae.data.symmetry import mirror_pixels
from simulgenvae.utils.snapshots import principal_directions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from simulgenvae.baselines.kernels import Values
    from simulgenvae.data.images import Images

COMPONENTS = (8, 16, 32, 64, 128)
"""Numbers of principal components of the images that are tried; all of them are tried too."""
LENGTHS = (1.0, 2.0, 4.0)
"""Length scales that are tried, in units of the median distance of two designs."""


@dataclass(frozen=True, eq=False)
class Similarity:
    """Matérn 5/2 kernel of n designs, divided by its behaviour under a mirror S.

    A field that changes with the design as the mirror does, f(S x) = S f(x), has the covariances
    of :attr:`same` in the part that the mirror keeps, and those of :attr:`opposite` in the part
    whose sign it changes (invariant kernels: Ginsbourger, Roustant & Durrande 2016).

    Attributes
    ----------
    same
        k(x, x') + k(x, S x'), halved, ``[n, n]``.
    opposite
        k(x, x') - k(x, S x'), halved, ``[n, n]``.
    """

    same: Values
    opposite: Values

    @property
    def plain(self) -> Values:
        """The kernel itself, which knows of no mirror."""
        return self.same + self.opposite


@dataclass(frozen=True, eq=False)
class MirroredDesigns:
    """Principal components of images and their mirror images, and the parameters beside them.

    Each component either stays the same or changes its sign when an image is mirrored.

    Attributes
    ----------
    components
        Components of n images, ``[n, C]``, the largest first.
    changes_sign
        Whether the mirror changes their sign, ``[C]``.
    parameters
        Scaled parameters, which the mirror does not change, ``[n, P]``.
    """

    components: Values
    changes_sign: np.typing.NDArray[np.bool_]
    parameters: Values

    @classmethod
    def of(cls, images: Images, parameters: Values, axes: Sequence[str]) -> MirroredDesigns:
        """Return the designs with these images and scaled parameters for a mirror along axes."""
        pixels = images.pixels.reshape(len(images), -1)
        mirrored = mirror_pixels(images.pixels, axes).reshape(len(images), -1)
        both = pixels.mean(axis=0, dtype=np.float64) + mirrored.mean(axis=0, dtype=np.float64)
        mean = (both / 2).astype(np.float32)
        own = products(pixels, pixels, mean)
        across = products(pixels, mirrored, mean)
        # Products of the parts of images that the mirror keeps, and of those that it turns around.
        parts = [principal_directions((own + sign * across) / 2) for sign in (1, -1)]
        energies = np.concatenate([part[0] for part in parts]).clip(min=0)
        directions = np.concatenate([part[1] for part in parts], axis=1)
        changes = np.repeat([False, True], len(images))
        order = np.argsort(-energies, kind="stable")
        components = directions[:, order] * np.sqrt(energies[order])
        # All parameters together count as much as the images.
        scale = np.sqrt(energies.sum() / len(images) / max(1, parameters.shape[1]))
        return cls(components, changes[order], parameters * scale)

    @property
    def turned(self) -> Values:
        """Components whose sign the mirror changes, ``[n, C']``."""
        return self.components[:, self.changes_sign]

    def similarities(self) -> Iterator[Similarity]:
        """Yield similarities of several kinds: numbers of components and length scales."""
        runs = len(self.components)
        for count in [*(number for number in COMPONENTS if number < runs), 2 * runs]:
            changes = self.changes_sign[:count]
            kept = np.hstack([self.parameters, self.components[:, :count][:, ~changes]])
            turned = self.components[:, :count][:, changes]
            shared = _squared_distances(kept, kept)
            plain = shared + _squared_distances(turned, turned)
            across = shared + _squared_distances(turned, -turned)
            typical = np.median(plain[np.triu_indices(runs, 1)])
            if typical == 0:  # most designs are the same
                continue
            for length in LENGTHS:
                own = _kernel(plain / typical, length)
                mirrored = _kernel(across / typical, length)
                yield Similarity((own + mirrored) / 2, (own - mirrored) / 2)


def _squared_distances(first: Values, second: Values) -> Values:
    lengths = np.square(first).sum(axis=1)[:, None] + np.square(second).sum(axis=1)
    distances: Values = (lengths - 2 * first @ second.T).clip(min=0)
    return distances


def _kernel(squared: Values, length: float) -> Values:
    theta = np.array([0.0, np.log(length), 0.0])
    return kernel_values("matern52", squared[None], theta)[1]
