"""Designs to predict, and how: without torch or with it, alone or with other processes.

Tested in tests/study/test_study.py and tests/cli/test_predict.py.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.result_columns import BAND_ENDS
from simulgenvae.export.batches import Batch
from simulgenvae.export.result_table import Cell, rows_of, write_result_table
from simulgenvae.export.write import write_prediction
from simulgenvae.study.compared import Compared, placements_of_runs
from simulgenvae.study.data import log_warnings
from simulgenvae.study.given_meshes import OwnMeshes, placements_of
from simulgenvae.study.predicted_design import (
    PredictedDesign,
    predicted_designs,
    with_quantities,
)
from simulgenvae.surrogate.labelled_arrays import beyond_warning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.export.export_format import Differing
    from simulgenvae.export.truth import Truth
    from simulgenvae.mesh.mesh import Mesh
    from simulgenvae.study.data import StudyData
    from simulgenvae.study.predicted_design import Use
    from simulgenvae.surrogate.parts import PredictingParts
    from simulgenvae.surrogate.predicted_quantity import PredictedQuantity
    from simulgenvae.surrogate.quantities import QuantityPredictor
    from simulgenvae.surrogate.surrogate import Surrogate

LIGHT_DESIGNS = 8
"""Largest number of designs that are predicted without torch: it takes more than a second to load,
and is faster once it is."""


@dataclass(frozen=True)
class PredictionRequest:
    """Designs and the part of their fields that is predicted, see :meth:`Predicting.predict`."""

    study: StudyData
    conditions: Conditions
    times: NDArray[np.float64] | None
    nodes: NDArray[np.intp] | None
    variables: Sequence[str] | None
    samples: int
    seed: int
    quantities: Mapping[str, str]
    table: Path | None
    meshes: Mapping[str, Path] | None
    differing: Differing

    @property
    def is_small(self) -> bool:
        """True for few designs in a single process."""
        ranks = int(os.environ.get("WORLD_SIZE", "1"))
        return ranks == 1 and len(self.conditions) <= LIGHT_DESIGNS

    def light(
        self, parts: PredictingParts, out: Path | None, *, overwrite: bool
    ) -> list[PredictedDesign]:
        """Predict without torch."""
        from simulgenvae.surrogate.predict import Predictor, prediction_warnings
        from simulgenvae.surrogate.selection import select

        own = self._own_meshes(parts, None)
        seen = self.conditions if own is None else own.conditions
        warnings = prediction_warnings(parts, seen, samples=self.samples)
        log_warnings(warnings)
        of_quantities = self._quantity_predictor(parts)
        quantities = self._quantities(of_quantities, seen, own)
        selection = select(parts, self.times, self.nodes, self.variables)
        predictor = Predictor(parts, selection, self.samples, self.seed)
        batches: Iterable[Batch] = map(Batch.of_arrays, predictor.array_batches(seen))
        found = self._written(
            batches, self._mesh(parts), out, overwrite=overwrite, runs=None, own=own
        )
        found = with_quantities(found, quantities)
        self._conclude(found, warnings)
        return found

    def with_torch(
        self, out: Path | None, truth: Path | None, *, overwrite: bool
    ) -> list[PredictedDesign]:
        """Predict with the others of several processes, and compare with the truth if given."""
        from simulgenvae.distributed import collectives
        from simulgenvae.study.used_runs import use_warnings

        surrogate = self.study.load_surrogate()
        with (
            _opened(truth, surrogate) as solved,
            collectives.process_group(surrogate.settings.training.rank_timeout),
        ):
            placed = self._own_meshes(surrogate, solved)
            seen = self.conditions if placed is None else placed.conditions
            warnings = surrogate.warnings(seen, samples=self.samples)
            log_warnings(warnings)
            uses = {} if truth is None else self._uses(surrogate, seen)
            compared = None
            if solved is not None:
                compared = Compared.of(solved, self.study, surrogate, self.conditions.ids)
            of_quantities = self._quantity_predictor(surrogate)
            # Each rank predicts its part of the designs, and gets the summaries of all.
            local = collectives.local_rows(np.arange(len(self.conditions))).tolist()
            quantities = self._quantities(of_quantities, seen.select(local), placed)
            predicted = surrogate.predict_batches(
                seen.select(local),
                times=self.times,
                nodes=self.nodes,
                variables=self.variables,
                samples=self.samples,
                seed=self.seed,
            )
            if compared is not None and placed is None:
                predicted = compared.added(predicted)
            batches = map(Batch.of, predicted)
            mesh = self._mesh(surrogate)
            runs = len(self.conditions)
            own = self._written(
                batches, mesh, out, overwrite=overwrite, runs=runs, own=placed, compared=compared
            )
            own = with_quantities(own, quantities)
            own = [replace(design, used_for=uses.get(design.design)) for design in own]
            found = list(chain(*collectives.all_gather(own)))
            if collectives.is_rank0():
                self._conclude(found, [*warnings, *use_warnings(uses)])
            return found

    def _uses(self, surrogate: Surrogate, seen: Conditions) -> dict[str, Use]:
        """Return the designs that the model was made with, after a warning about them."""
        from simulgenvae.study.used_runs import use_summary, used_runs

        uses = used_runs(self.study, surrogate, seen)
        log_warnings(use_summary(uses))
        return uses

    def _conclude(self, designs: Sequence[PredictedDesign], warnings: Sequence[str]) -> None:
        """Warn of designs without numbers, and write the table of results, if one is wanted."""
        beyond = [beyond_warning(each.design) for each in designs if not each.has_numbers]
        log_warnings(beyond)
        if self.table is None:
            return
        rows = rows_of(
            self.conditions,
            [design.expected_error for design in designs],
            [design.novelty for design in designs],
            [*warnings, *beyond],
            [quantity_cells(design.quantities) for design in designs],
            [design.true_error for design in designs],
        )
        write_result_table(rows, self.table)

    def _quantity_predictor(self, parts: PredictingParts) -> QuantityPredictor | None:
        """Return what predicts the quantities of interest; None where there are none."""
        wanted = self.study.declared_quantities(parts.settings, self.quantities)
        if not wanted:
            return None
        # Imported here: most designs are predicted without them.
        from simulgenvae.surrogate.quantities import quantity_predictor, quantity_warnings

        predictor = quantity_predictor(parts, wanted, folder=self.study.folder, seed=self.seed)
        log_warnings(quantity_warnings(predictor))
        return predictor

    def _quantities(
        self, predictor: QuantityPredictor | None, seen: Conditions, own: OwnMeshes | None
    ) -> list[tuple[PredictedQuantity, ...]]:
        """Return the quantities of each design, as the networks see them; empty without any.

        Raises UserError for a design on whose mesh one does not exist.
        """
        if predictor is None or not len(seen):
            return []
        found = predictor.predict(seen, None if own is None else own.placement)
        return [found.of_design(row, predictor.group) for row in range(len(seen))]

    def _own_meshes(self, parts: PredictingParts, solved: Truth | None) -> OwnMeshes | None:
        """Return the designs with their geometry; None where all have the mesh of the study.

        Without meshes, designs that are solved too have the meshes of these runs.
        """
        shapes = parts.shapes
        if shapes is None:
            return None
        given = None
        if self.meshes is not None:
            given = placements_of(shapes.common, self.meshes)
        elif solved is not None:
            solved.require_runs(self.conditions.ids)
            given = placements_of_runs(solved, shapes.common, self.conditions.ids)
        return OwnMeshes.of(shapes, self.conditions, given)

    def _mesh(self, parts: PredictingParts) -> Mesh:
        mesh = parts.whole_mesh
        return mesh if self.nodes is None else mesh.at(self.nodes)

    def _written(
        self,
        batches: Iterable[Batch],
        mesh: Mesh,
        out: Path | None,
        *,
        overwrite: bool,
        runs: int | None,
        own: OwnMeshes | None,
        compared: Compared | None = None,
    ) -> list[PredictedDesign]:
        """Write the batches, if there is a file to write, and return the summaries of designs."""
        found: list[PredictedDesign] = []
        if own is not None:
            batches = own.on_own_meshes(batches)
            if compared is not None:
                batches = map(compared.with_own_truth, batches)
        labelled = (batch.with_parameters(self.conditions) for batch in batches)
        summarised = _summarised(labelled, self.conditions, found, compared)
        if out is not None:
            write_prediction(
                summarised, mesh, out, overwrite=overwrite, runs=runs, differing=self.differing
            )
        for _ in summarised:
            # Without a file, batches are only summarised.
            pass
        return found


def _summarised(
    batches: Iterable[Batch],
    conditions: Conditions,
    found: list[PredictedDesign],
    compared: Compared | None,
) -> Iterator[Batch]:
    """Give the batches unchanged and add the summaries of each to ``found``."""
    # A generator: batches pass through one by one, so that not all fields are in memory at once.
    for batch in batches:
        errors = None if compared is None else compared.errors(batch)
        found += predicted_designs(batch, conditions, errors)
        yield batch


def _opened(truth: Path | None, surrogate: Surrogate) -> AbstractContextManager[Truth | None]:
    """Open the solved runs in a file or folder; None without a path."""
    if truth is None:
        return nullcontext()
    # Imported here: most designs are predicted without a truth.
    from simulgenvae.export.truth import open_truth

    return open_truth(truth, None if surrogate.shapes is None else surrogate.shapes.common)


def quantity_cells(quantities: Sequence[PredictedQuantity]) -> dict[str, Cell]:
    """Return the columns of quantities in the table of results: value and ends of the band."""
    cells: dict[str, Cell] = {}
    for each in quantities:
        values = (each.value, each.lower, each.upper)
        for end, value in zip(BAND_ENDS, values, strict=True):
            cells[each.name + end] = Cell(value, each.unit)
    return cells
