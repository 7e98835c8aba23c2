"""Proper orthogonal decomposition of the training states, in two passes over the fields (Sirovich
1987).

The first pass finds a subspace that is a little too large (``sketch.py``); the second projects all
runs on it, and the Gram matrix of what comes out gives the modes, in the manner of Rayleigh and
Ritz (Halko, Martinsson & Tropp 2011, SIAM Review 53(2), algorithm 5.1), and turns the projections
to their coefficients. How much of the fields lies outside of the subspace is measured on the way:
one that is too small is made larger.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.read_ahead import read_blocks
from simulgenvae.distributed import collectives
from simulgenvae.reduction.base import Decoder
from simulgenvae.reduction.cache_blocks import PART, parts
from simulgenvae.reduction.encode import encode_runs
from simulgenvae.reduction.incremental import EarlierModes, Seen
from simulgenvae.reduction.monitor import UNWATCHED, Monitor
from simulgenvae.reduction.sketch import Sketch, pilot, rank_for, sketched
from simulgenvae.reduction.state import StateMap
from simulgenvae.settings import ReductionSettings

CHECKED = 4096
"""Entries of each snapshot, at least, at which what was left out is measured: a twentieth, or so
many."""


@dataclass(frozen=True)
class Pod:
    """POD of the training states: coefficients are coordinates in the leading ``r`` modes."""

    state: StateMap
    basis: NDArray[np.float32]
    """Orthonormal modes, ``[M·V, r]``."""
    seen: Seen | None = None
    """What further runs are added to; not part of a model."""

    @classmethod
    def fit(
        cls,
        dataset: Dataset,
        rows: NDArray[np.intp],
        settings: ReductionSettings,
        workers: int = 0,
        fits: Callable[[Self], None] = lambda _: None,
        watch: Monitor = UNWATCHED,
        known: EarlierModes | None = None,
    ) -> tuple[Self, NDArray[np.float32]]:
        """Modes of the runs ``rows``, and the coefficients of all runs of the data set, ``[N, T,
        r]``.

        As many modes as the tolerance asks for, at most ``settings.max_rank``. ``fits`` is asked
        before coefficients are computed, with about as many modes, and may raise UserError. Runs
        that are ``known`` are not read.
        """
        read = np.arange(len(dataset.ids)) if known is None else known.others(len(dataset.ids))
        learned = np.intersect1d(rows, read)
        if known is not None and not len(learned):
            pod = cls(known.state, known.basis, known.seen)
            fits(pod)
            return pod, encode_runs(dataset, pod, workers, known)
        sketch, modes, projected, left_out = _directions(
            dataset,
            read,
            learned,
            settings,
            workers,
            lambda state, modes: fits(cls(state, modes)),
            watch,
            known,
        )
        energies, turn = collectives.run_on_rank0(lambda: _principal(projected, rows))
        kept = rank_for(energies, sketch.energy, settings.tolerance, beyond=left_out)
        kept = min(kept, settings.max_rank)
        turn = turn[:, :kept].float()
        seen = Seen(sketch.statistics, left_out + float(energies[kept:].sum()))
        basis = modes @ turn
        # A mode may have either sign; fixed, a training does not depend on rounding: the largest
        # entry is positive.
        signs = basis.gather(0, basis.abs().argmax(0, keepdim=True)).sign()
        return cls(sketch.state, (basis * signs).numpy(), seen), (
            projected @ (turn * signs)
        ).numpy()

    @property
    def rank(self) -> int:
        return int(self.basis.shape[1])

    @property
    def field_shape(self) -> tuple[int, int]:
        return self.state.field_shape

    def encode(self, run: NDArray[np.floating]) -> NDArray[np.float32]:
        snapshots = torch.from_numpy(np.require(run, np.float32, "W")).flatten(
            1
        )  # torch wants what it could write to
        return _coordinates(snapshots, *_affine(self.state), torch.from_numpy(self.basis)).numpy()

    def decode(self, coefficients: NDArray[np.floating]) -> NDArray[np.float32]:
        known = torch.from_numpy(coefficients.astype(np.float32, copy=False).reshape(-1, self.rank))
        basis, mean, factor = torch.from_numpy(self.basis), *_affine(self.state)
        # An array of numpy's, whose memory comes in large pages: those of torch cost as much time
        # as the product.
        fields = np.empty((*coefficients.shape[:-1], *self.field_shape), np.float32)
        flat = torch.from_numpy(fields).view(len(known), self.state.size)
        for part in parts(self.state.size):
            flat[:, part] = torch.addcdiv(mean[part], known @ basis[part].T, factor[part])
        return fields

    def at(self, nodes: NDArray[np.intp], variables: NDArray[np.intp]) -> Decoder:
        return Pod(
            self.state.at(nodes, variables), self.basis[self.state.entries(nodes, variables)]
        )

    def state_rows(self) -> tuple[NDArray[np.float32] | None, NDArray[np.float32]]:
        return self.basis, self.state.scaled_factor()

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        return {**self.state.arrays(), "basis": self.basis}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> Self:
        state, basis = StateMap.from_arrays(arrays), arrays["basis"].astype(np.float32, copy=False)
        if basis.ndim != 2 or len(basis) != state.size or not basis.size:
            raise ValueError(
                f"the basis has the shape {basis.shape} for states of {state.size} entries"
            )
        if not np.isfinite(basis).all():
            raise ValueError("the basis is not finite")
        return cls(state, basis)


def _directions(
    dataset: Dataset,
    read: NDArray[np.intp],
    learned: NDArray[np.intp],
    settings: ReductionSettings,
    workers: int,
    fits: Callable[[StateMap, NDArray[np.float32]], None],
    watch: Monitor,
    known: EarlierModes | None,
) -> tuple[Sketch, Tensor, Tensor, float]:
    """A sketch of the runs ``learned``; orthonormal directions ``[M·V, k]`` that hold the states of
    these and of the ``known`` runs as well as the tolerance asks for; coordinates of all runs in
    them, ``[N, T, k]``, of which the runs ``read`` are read; and the squared norm of what the
    states have beside them."""
    first = collectives.run_on_rank0(lambda: pilot(dataset, learned, settings, workers))
    before = None if known is None else known.seen.statistics
    width = first.width
    while True:
        sketch = sketched(dataset, learned, settings, first, width, workers, watch, before)
        for count in sorted({sketch.enough, sketch.modes.shape[1]}):
            modes, coordinates = sketch.modes[:, :count], None
            fits(sketch.state, modes.numpy())
            if known is not None:
                modes, coordinates = collectives.run_on_rank0(
                    partial(known.joined, sketch.state, modes)
                )
            projected, left_out = _projected(
                dataset, read, learned, sketch.state, modes, workers, watch
            )
            if known is not None and coordinates is not None:
                projected[torch.from_numpy(known.rows)] = coordinates
                left_out += known.left_out(sketch.state)
            if left_out <= settings.tolerance**2 * sketch.energy:
                return sketch, modes, projected, left_out
        if width == first.most:
            return sketch, modes, projected, left_out
        width = min(2 * width, first.most)


def _projected(
    dataset: Dataset,
    read: NDArray[np.intp],
    rows: NDArray[np.intp],
    state: StateMap,
    modes: Tensor,
    workers: int,
    watch: Monitor,
) -> tuple[Tensor, float]:
    """Coordinates of the runs ``read`` in ``modes`` ``[M·V, k]``, at their places in ``[N, T, k]``,
    and the squared norm of what the states of ``rows`` have beside them.

    That is measured at a part of the entries, another one for each run. Ranks share the runs.
    """
    steps, size, own = dataset.shape[1], state.size, collectives.local_rows(read)
    projected = torch.zeros(*dataset.shape[:2], modes.shape[1])
    mean, factor = _affine(state)
    left_out, checked = torch.zeros((), dtype=torch.float64), min(size, max(CHECKED, size // 20))
    name, known = f"projection on {modes.shape[1]}", {"projected": projected, "left_out": left_out}
    done = watch.resume(name, len(own), known)
    for numbers, snapshots in read_blocks(dataset, own[done:], workers):
        block = torch.from_numpy(snapshots).flatten(1)
        inner = _coordinates(block, mean, factor, modes)
        projected[torch.from_numpy(numbers)] = inner.view(len(numbers), steps, -1)
        for place in np.flatnonzero(np.isin(numbers, rows)):
            run, start = (
                slice(place * steps, (place + 1) * steps),
                _random_start(numbers[place], size - checked),
            )
            few = slice(start, start + checked)
            rest = (block[run, few] - mean[few]) * factor[few] - inner[run] @ modes[few].T
            left_out += rest.double().square().sum() * size / checked
        done += len(numbers)
        watch.advance(name, done)
    return collectives.all_reduce_sum(projected), float(collectives.all_reduce_sum(left_out))


def _random_start(run: int, most: int) -> int:
    """A number from 0 to ``most`` that depends on the run alone."""
    return int(np.random.default_rng(run).integers(most + 1))


def _coordinates(snapshots: Tensor, mean: Tensor, factor: Tensor, modes: Tensor) -> Tensor:
    """Of snapshots ``[n, M·V]`` in physical units, of which :func:`_affine` makes states, ``[n,
    k]``."""
    found, buffer = torch.zeros(len(snapshots), modes.shape[1]), torch.empty(len(snapshots), PART)
    for part in parts(len(mean)):
        few = snapshots[:, part]
        states = torch.sub(few, mean[part], out=buffer[:, : few.shape[1]]).mul_(factor[part])
        found.addmm_(states, modes[part])
    return found


def _affine(state: StateMap) -> tuple[Tensor, Tensor]:
    """Mean field and factor ``[M·V]`` in single precision: state = (field - mean) * factor."""
    mean, factor = (
        array.astype(np.float32) for array in (state.mean_field(), state.field_factor())
    )
    return torch.from_numpy(mean), torch.from_numpy(factor)


def _principal(projected: Tensor, rows: NDArray[np.intp]) -> tuple[Tensor, Tensor]:
    """Squared singular values, descending, and principal directions of the coordinates ``[N, T,
    k]`` of ``rows``."""
    gram = torch.zeros(projected.shape[2], projected.shape[2], dtype=torch.float64)
    for row in rows:
        run = projected[row].double()
        gram += run.T @ run
    energies, directions = torch.linalg.eigh(gram)
    return energies.flip(0).clamp_(min=0), directions.flip(1)
