"""Fields on ways through the latent space of a trained model, and fields drawn from its prior.

Tested in tests/study/test_study.py and tests/cli/test_explore.py.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from simulgenvae.data.matching import read_new_conditions
from simulgenvae.data.names import listed
from simulgenvae.errors import UserError
from simulgenvae.study.data import StudyData, log_notes, log_warnings, require_seed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import xarray as xr
    from numpy.typing import NDArray

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.models import Latents
    from simulgenvae.surrogate.surrogate import Surrogate

MOST_FIELDS = 10_000
"""Largest number of fields of one call; for large fields the memory sets a lower limit."""


class Exploring(StudyData):
    """A study whose latent space can be explored.

    All methods write the fields they return to ``out``, in any format of predictions. In files for
    ParaView (``.vtkhdf``, ``.pvd``, ``.xdmf``) the animation of a walk is its steps, and each of
    several times has a file of its own.
    """

    def interpolate(
        self,
        out: Path,
        *,
        first: str | None = None,
        second: str | None = None,
        params: Path | None = None,
        images: Path | None = None,
        steps: int = 9,
        kind: Literal["slerp", "linear"] = "slerp",
        times: NDArray[np.float64] | None = None,
        overwrite: bool = False,
    ) -> xr.Dataset:
        """Return fields on the way from one run or design to another.

        Parameters
        ----------
        out
            File to write.
        first, second
            Ids of the two runs at the ends.
        params, images
            Instead of runs: files with the conditions of two new designs.
        steps
            Number of fields, including both ends.
        kind
            Great circle (``"slerp"``) or straight line (``"linear"``) in the latent space.
        times
            Times of the fields, within the trained span; the trained ones by default.
        overwrite
            Whether an existing file is replaced.

        Raises
        ------
        UserError
            Unless two runs or two designs are given.

        Examples
        --------
        >>> from pathlib import Path
        >>> from simulgenvae import Study
        >>> between = Study.open("S").interpolate(Path("a.npz"), first="0", second="1", steps=3)
        >>> between.sizes["run"]
        3
        """
        from simulgenvae.design.latent_traversal import interpolate

        # Exactly one of the two ways to name both ends.
        of_runs = first is not None or second is not None
        of_designs = params is not None or images is not None
        if of_runs == of_designs or (of_runs and (first is None or second is None)):
            raise UserError(
                "give either two runs, --from ID --to ID, or two designs, --params FILE (--images "
                "for images)"
            )
        _require_steps(steps)
        surrogate = self._surrogate_for(out)
        times = _check_walk(surrogate, out, times, steps, overwrite=overwrite)
        if first is not None and second is not None:
            dataset = self.open_dataset(surrogate.settings)
            ends = _encoded(surrogate, dataset, first), _encoded(surrogate, dataset, second)
        else:
            ends = _two_designs(surrogate, params, images)
        walk = interpolate(surrogate, *ends, steps, kind, times)
        return _write_walk(walk, surrogate, out, overwrite=overwrite)

    def traverse(
        self,
        out: Path,
        level: str,
        *,
        start: str | None = None,
        dimension: int | None = None,
        distance: float = 2.0,
        steps: int = 9,
        times: NDArray[np.float64] | None = None,
        overwrite: bool = False,
    ) -> xr.Dataset:
        """Return fields while one level of the latents moves and the others do not.

        Parameters
        ----------
        out
            File to write.
        level
            ``z`` for the main latent, ``h_1``, ``h_2`` … for the hierarchical ones.
        start
            Id of the run in the middle; the mean of the training runs by default.
        dimension
            Number of the dimension that moves, from 0; the first principal axis by default.
        distance
            Distance to both sides, in standard deviations of the training runs.
        steps
            Number of fields.
        times
            Times of the fields, within the trained span; the trained ones by default.
        overwrite
            Whether an existing file is replaced.

        Raises
        ------
        UserError
            For a level, dimension or run that does not exist.

        Examples
        --------
        >>> from pathlib import Path
        >>> from simulgenvae import Study
        >>> Study.open("S").traverse(Path("b.npz"), "z", steps=2).sizes["run"]
        2
        """
        import torch

        from simulgenvae.design.latent_traversal import level_direction, level_number, traverse
        from simulgenvae.models import Latents

        if not (math.isfinite(distance) and distance > 0):
            raise UserError(
                f"--distance is {distance:g}: give a positive number of standard deviations."
            )
        _require_steps(steps)
        surrogate = self._surrogate_for(out)
        times = _check_walk(surrogate, out, times, steps, overwrite=overwrite)
        # A wrong level is refused before all runs are encoded.
        level_number(surrogate, level, dimension)
        dataset = self.open_dataset(surrogate.settings)
        middle = None if start is None else _encoded(surrogate, dataset, start)
        rows = surrogate.split.rows(dataset.ids)["train"]
        # One run at a time: latents are small, fields are not.
        each = [surrogate.encode(dataset.whole_run(int(row))) for row in rows]
        trained = Latents(torch.cat([run.z for run in each]), torch.cat([run.h for run in each]))
        # Distances are in standard deviations of the training runs along this direction, so that a
        # distance of 2 is unusual but not absurd at every level.
        direction = level_direction(surrogate, trained, level, dimension)
        if middle is None:
            middle = Latents(trained.z.mean(0, keepdim=True), trained.h.mean(0, keepdim=True))
        values = np.linspace(-distance, distance, steps)
        walk = traverse(surrogate, middle, level, direction, values, times)
        return _write_walk(walk, surrogate, out, overwrite=overwrite)

    def sample(
        self, out: Path, *, count: int = 8, seed: int = 0, overwrite: bool = False
    ) -> xr.Dataset:
        """Return random fields like those of the training runs; UserError for a wrong count.

        Examples
        --------
        >>> from pathlib import Path
        >>> from simulgenvae import Study
        >>> Study.open("S").sample(Path("c.npz"), count=2).sizes["run"]
        2
        """
        if not 1 <= count <= MOST_FIELDS:
            raise UserError(f"--count is {count}: give a whole number from 1 to {MOST_FIELDS}.")
        require_seed(seed)
        surrogate = self._surrogate_for(out)
        labels = [f"sample_{k}" for k in range(count)]
        _check_fields(out, labels, len(surrogate.times), overwrite=overwrite)
        fields = surrogate.sample(count, seed)
        return _write(fields, surrogate, out, overwrite=overwrite)

    def _surrogate_for(self, out: Path) -> Surrogate:
        """Return the surrogate, after a check of the file to write, which takes no time."""
        from simulgenvae.export.write import check_target

        check_target(out)
        surrogate = self.load_surrogate()
        surrogate.require_one_mesh("a walk through the latents")
        return surrogate


def _require_steps(steps: int) -> None:
    if not 2 <= steps <= MOST_FIELDS:
        raise UserError(f"--steps is {steps}: give a whole number from 2 to {MOST_FIELDS}.")


def _encoded(surrogate: Surrogate, dataset: Dataset, name: str) -> Latents:
    if name not in dataset.ids:
        raise UserError(f"the study has no run {name!r}; its runs are {listed(dataset.ids)}")
    return surrogate.encode(dataset.whole_run(dataset.ids.index(name)))


def _two_designs(
    surrogate: Surrogate, params: Path | None, images: Path | None
) -> tuple[Latents, Latents]:
    from simulgenvae.design.latent_traversal import predicted_latents

    conditions, notes = read_new_conditions(params, images, surrogate.condition_scaler)
    if len(conditions) != 2:
        raise UserError(f"{params or images}: {len(conditions)} designs, but a way goes between 2")
    log_notes(notes)
    # Only the range is checked: a field between two designs has no expected error.
    log_warnings(surrogate.condition_scaler.outside(conditions))
    first = predicted_latents(surrogate, conditions.select([0]))
    second = predicted_latents(surrogate, conditions.select([1]))
    return first, second


def _check_walk(
    surrogate: Surrogate,
    out: Path,
    times: NDArray[np.float64] | None,
    steps: int,
    *,
    overwrite: bool,
) -> NDArray[np.float64]:
    """Return the times of a walk, after a check of the files that it will be."""
    from simulgenvae.export.animation import time_labels
    from simulgenvae.surrogate.selection import select

    times = select(surrogate, times).times
    _check_fields(out, time_labels(times.tolist()), steps, overwrite=overwrite)
    return times


def _check_fields(out: Path, labels: Sequence[str], steps: int, *, overwrite: bool) -> None:
    from simulgenvae.export.write import check_target, many_files_note

    check_target(out, overwrite=overwrite, ids=labels)
    log_notes(many_files_note(out, len(labels), steps))


def _write_walk(
    walk: xr.Dataset, surrogate: Surrogate, out: Path, *, overwrite: bool
) -> xr.Dataset:
    """Write a walk, whose animation in ParaView is its steps; return it as it was."""
    from simulgenvae.export.animation import along_steps
    from simulgenvae.export.one_by_one import holds_one_design

    _write(
        along_steps(walk) if holds_one_design(out) else walk, surrogate, out, overwrite=overwrite
    )
    return walk


def _write(fields: xr.Dataset, surrogate: Surrogate, out: Path, *, overwrite: bool) -> xr.Dataset:
    from simulgenvae.export.write import write_prediction

    write_prediction(fields, surrogate.whole_mesh, out, overwrite=overwrite)
    return fields
