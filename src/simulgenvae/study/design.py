"""Plan what to solve next: new designs, and how many of them.

Tested in tests/cli/test_suggest.py and tests/cli/test_learning_curve.py.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import TYPE_CHECKING

from simulgenvae.data.units import header
from simulgenvae.errors import UserError
from simulgenvae.study.data import StudyData, log_warnings, require_seed
from simulgenvae.utils.atomic import atomic_write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.design.learning_curve.result import LearningCurve
    from simulgenvae.design.suggest import Suggestion
    from simulgenvae.settings import Settings

MOST_CANDIDATES = 4096
"""Largest number of candidates; memory holds a matrix with this many rows and columns."""


class Designing(StudyData):
    """A study that says what to solve next."""

    def suggest(
        self,
        count: int = 10,
        *,
        out: Path | None = None,
        ranges: Mapping[str, tuple[float, float]] | None = None,
        candidates: int = 512,
        quantities: Mapping[str, str] | Sequence[str] | None = None,
        seed: int = 0,
        overwrite: bool = False,
    ) -> Suggestion:
        """Return the designs that are most useful to solve next.

        Parameters
        ----------
        count
            Number of designs.
        out
            CSV file to write them to; none by default.
        ranges
            Least and largest value of each parameter whose domain is not the trained range.
        candidates
            Number of random designs to choose from.
        quantities
            Quantities of interest that designs are chosen by instead of the whole field, as texts
            by name, or as a list of texts ``"peak=max(T)"`` and names of declared ones. Of one with
            a limit, ``"peak=max(T) < 350"``, designs that may be on either side come first.
        seed
            Seed of the candidates.
        overwrite
            Whether an existing file is replaced.

        Raises
        ------
        UserError
            Numbers out of range, a study with images, a quantity that cannot be read, or a file
            that cannot be written.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> len(study.suggest(2, candidates=32).designs)
        2
        >>> found = study.suggest(2, candidates=32, quantities=["peak=max(temperature)"])
        >>> [each.name for each in found.quantities.designs[0]]
        ['peak']
        """
        from simulgenvae.design.suggest import suggest
        from simulgenvae.export.target import require_free

        if not 2 <= candidates <= MOST_CANDIDATES:
            raise UserError(
                f"--candidates is {candidates}: give a whole number from 2 to {MOST_CANDIDATES}."
            )
        # Each design is one of the candidates, and none is chosen twice.
        if not 1 <= count <= candidates:
            raise UserError(
                f"--count is {count}: give a whole number from 1 to {candidates} (--candidates)."
            )
        require_seed(seed)
        # The file is checked first: choosing among many candidates can take minutes.
        if out is not None:
            if out.suffix != ".csv":
                raise UserError(f"{out}: designs are written as .csv")
            require_free(out, overwrite=overwrite)
        surrogate = self.load_surrogate()
        wanted = self._chosen_quantities(surrogate.settings, quantities or {})
        # With the settings of the training: the files may have changed since.
        solved = self.open_dataset(surrogate.settings).conditions
        suggestion = suggest(
            surrogate,
            solved,
            count,
            ranges=ranges,
            candidates=candidates,
            quantities=wanted,
            folder=self.folder,
            seed=seed,
        )
        if suggestion.quantities is not None:
            log_warnings(suggestion.quantities.warnings)
        if out is not None:
            write_designs(suggestion.designs, out)
        return suggestion

    def _chosen_quantities(
        self, trained: Settings, given: Mapping[str, str] | Sequence[str]
    ) -> dict[str, str]:
        """Return quantities by name; those that are given as a name only are declared ones."""
        from simulgenvae.quantities import named_texts

        declared = self.declared_quantities(trained)
        if isinstance(given, Mapping):
            chosen: dict[str, str] = {}
            added = dict(given)
        else:
            chosen = {name: declared[name] for name in given if name in declared}
            rest = [entry for entry in given if entry not in declared]
            for entry in rest:
                if "=" not in entry and "(" not in entry:
                    known = ", ".join(declared) or "none"
                    raise UserError(
                        f"There is no quantity {entry!r}: declared in {self.settings_file} are "
                        f'{known}. Give one as NAME=TEXT, such as "peak=max(T)".'
                    )
            added = named_texts(rest)
        # A name that is declared has one meaning in the study.
        self.declared_quantities(trained, added)
        return chosen | added

    def learning_curve(
        self,
        settings: Settings | None = None,
        *,
        fractions: Sequence[float] | None = None,
        repeats: int = 1,
        seed: int = 0,
        target: float | None = None,
    ) -> LearningCurve:
        """Return the error against the number of training runs, and what more runs would bring.

        Surrogates are trained on growing parts of the training runs; the study's own model is not
        changed. Points that an earlier call has measured are not measured again.

        Parameters
        ----------
        settings
            Settings of the study; by default, what its files say.
        fractions
            Parts of the training runs to train on, in (0, 1]; 1/4, 1/2, 3/4 and 1 by default.
        repeats
            Trainings for each fraction.
        seed
            Seed of the choice of runs.
        target
            Relative error to find the necessary number of runs for.

        Raises
        ------
        UserError
            If there are no runs to measure on, too few training runs, or a training that fails.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> curve = study.learning_curve(fractions=[0.5, 1.0])  # doctest: +SKIP
        """
        from simulgenvae.design.learning_curve import SHARES, learning_curve

        settings = settings or self.read_settings()
        with self.working("learning-curve", self.output):
            dataset = self.open_dataset(settings)
            return learning_curve(
                dataset,
                self.make_split(dataset, settings),
                settings,
                self,
                shares=fractions or SHARES,
                repeats=repeats,
                seed=seed,
                target=target,
            )


def write_designs(designs: Conditions, path: Path) -> None:
    """Write designs as a CSV file with ids that every command reads, with exact values.

    The file is written completely or not at all.
    """
    with (
        atomic_write(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as stream,
    ):
        writer = csv.writer(stream, lineterminator="\n")
        # With their units, from which the table that is read again gets the same names.
        writer.writerow(["id", *map(header, designs.names, designs.units)])
        for name, values in zip(designs.ids, designs.values(), strict=True):
            # Python writes the shortest text that reads back as the same number, so that nothing is
            # rounded.
            writer.writerow([name, *values])
