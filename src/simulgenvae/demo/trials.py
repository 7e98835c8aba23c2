"""The networks that the demo trains, each with its own study.

Tested in tests/cli/test_demo.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError
from simulgenvae.settings import StudyFolder, load_settings
from simulgenvae.settings.networks import CONDITIONERS, conditioners_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FEWEST_RUNS = 4
"""Least number of runs, of which training, validation and test each get some."""
NETWORKS = {name: CONDITIONERS[name].title for name in conditioners_of("images")}
"""Kinds of conditioner that read images, and their names."""


@dataclass(frozen=True)
class Trial:
    """One network that learns the demo's data."""

    folder: Path
    """Folder of the demo."""
    kind: str | None = None
    """Kind of the conditioner; None for the default one."""

    @property
    def name(self) -> str:
        """Name of the network in tables."""
        return "Surrogate" if self.kind is None else NETWORKS[self.kind]

    @property
    def study(self) -> StudyFolder:
        """Study of this network."""
        return StudyFolder(self.folder / f"study{self._suffix}")

    @property
    def predictions(self) -> Path:
        """Folder with the predicted fields of the new designs, a file for each."""
        return self.folder / f"new{self._suffix}"

    @property
    def page(self) -> Path:
        """File with the page in which inputs are moved and the field is seen."""
        return self.folder / f"explorer{self._suffix}.html"

    @property
    def settings(self) -> list[str]:
        """Settings of this network, as ``key=value``."""
        return [] if self.kind is None else [f"conditioner.kind={self.kind}"]

    @property
    def _suffix(self) -> str:
        return "" if self.kind is None else f"-{self.kind}"


def plan_trials(
    folder: Path,
    *,
    quick: bool = False,
    images: bool = False,
    kind: str | None = None,
    runs: int | None = None,
    overrides: Sequence[str] = (),
) -> list[Trial]:
    """Return the networks to train.

    Parameters
    ----------
    folder
        Folder of the demo.
    quick
        Whether the demo is only a quick look.
    images
        Whether the designs are described by images.
    kind
        Network that reads the images: one of ``NETWORKS``, or ``both`` (default).
    runs
        Number of designs to solve.
    overrides
        Settings of the user, as ``key=value``.

    Raises
    ------
    UserError
        For mistakes, before minutes of solving.
    """
    if runs is not None and runs < FEWEST_RUNS:
        raise UserError(f"--runs is {runs}: give {FEWEST_RUNS} at least.")
    if quick and images:
        raise UserError("--quick has parameters, no images: leave out --images, or give --runs.")
    if kind and not images:
        raise UserError(f"--kind {kind} reads images: give --images, too.")
    if kind not in {None, "both", *NETWORKS}:
        raise UserError(f"--kind is {kind}: choose both, or one of {', '.join(NETWORKS)}.")
    kinds: list[str | None] = [None]
    if images:
        kinds = [each for each in NETWORKS if kind in {None, "both", each}]
    trials = [Trial(folder, each) for each in kinds]
    for trial in trials:
        # The study has no settings file: only these settings and the defaults are read, which finds
        # misspelt ones now.
        settings = load_settings(trial.study, overrides=[*trial.settings, *overrides])
        if trial.kind not in {None, settings.conditioner.kind}:
            raise UserError(
                f"conditioner.kind is {settings.conditioner.kind}: choose the network with --kind."
            )
    return trials
