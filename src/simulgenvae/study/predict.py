"""Predict the fields of new designs, and write them to a file.

Tested in tests/study/test_study.py and tests/cli/test_predict.py.
"""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.matching import read_new_conditions
from simulgenvae.data.result_columns import BAND_ENDS
from simulgenvae.errors import UserError
from simulgenvae.export.batches import Batch
from simulgenvae.export.export_format import Differing
from simulgenvae.export.one_by_one import written_place
from simulgenvae.export.result_table import (
    Cell,
    check_result_table,
    rows_of,
    write_result_table,
)
from simulgenvae.export.write import check_target, many_files_note, write_prediction
from simulgenvae.study.compared import Compared, placements_of_runs
from simulgenvae.study.data import StudyData, log_notes, log_warnings, require_seed
from simulgenvae.study.given_meshes import OwnMeshes, matched, mesh_files, placements_of
from simulgenvae.study.predicted_design import PredictedDesign, predicted_designs
from simulgenvae.surrogate.labelled_arrays import beyond_warning
from simulgenvae.surrogate.outline import Outline
from simulgenvae.surrogate.selection import require_samples

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import xarray as xr
    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.export.truth import Truth
    from simulgenvae.mesh.mesh import Mesh
    from simulgenvae.study.predicted_design import Use
    from simulgenvae.surrogate.parts import PredictingParts
    from simulgenvae.surrogate.predicted_quantity import PredictedQuantity
    from simulgenvae.surrogate.quantities import QuantityPredictor
    from simulgenvae.surrogate.surrogate import Surrogate

    Batches = Iterable[xr.Dataset]

LIGHT_DESIGNS = 8
"""Largest number of designs that are predicted without torch: it takes more than a second to load,
and is faster once it is."""


class Predicting(StudyData):
    """A study that predicts new designs."""

    def predict(
        self,
        out: Path | None = None,
        *,
        params: Path | None = None,
        images: Path | None = None,
        at: Sequence[str] = (),
        meshes: Path | None = None,
        times: NDArray[np.float64] | None = None,
        nodes: NDArray[np.intp] | None = None,
        variables: Sequence[str] | None = None,
        samples: int = 0,
        seed: int = 0,
        truth: Path | None = None,
        quantities: Mapping[str, str] | None = None,
        table: Path | None = None,
        overwrite: bool = False,
    ) -> list[PredictedDesign]:
        r"""Predict new designs, write their fields, and return a summary of each.

        The study's quantities of interest are predicted too, with their bands.

        Designs are predicted in batches and written as they come, so that memory holds a few of
        them only. ``simulgenvae.load(study).predict(…)`` returns fields instead of writing them. If
        torchrun has started several processes, they share the designs.

        A few designs are predicted with NumPy where torch is not loaded yet and the model's
        networks are of the default kinds: values then differ in their last digits.

        Parameters
        ----------
        out
            File to write: ``.npz``, ``.zarr``, ``.nc``, ``.vtkhdf``, ``.pvd`` or ``.xdmf``; none
            is written when not given. The last three hold one design: several are written to a
            folder, ``new.vtkhdf`` as ``new/ID.vtkhdf``.
        params
            CSV file with the parameters of the designs.
        images
            Their images: a folder, a CSV file ``id,file``, or one image.
        at
            Instead of a file, the parameters of each design as ``NAME=VALUE,NAME=VALUE``.
        meshes
            Where runs have meshes of their own: the mesh of each design, a folder with ``ID.vtu``
            or one file. Without it, each design has the mesh of its true run (``truth``), or the
            geometry that follows from its conditions.
        times
            Times to predict, within the trained span; the trained ones by default.
        nodes
            Numbers of the nodes to predict, from 0; all by default.
        variables
            Names of the variables to predict; all by default.
        samples
            Samples of each field, from which its standard deviation and interval are computed: 0
            for none, else at least 2.
        seed
            Seed of the samples.
        truth
            The same designs solved: another study, or files that ``ingest`` reads. The summaries
            then have the true errors, and the true fields are written together with the
            predictions.
        quantities
            Quantities of interest by name, such as ``{"peak": "max(T)"}``, in addition to those
            that the study declares.
        table
            Table to write, ``.csv`` or ``.json``: a row for each design with its inputs, expected
            error, novelty, quantities and warnings.
        overwrite
            Whether existing files are replaced.

        Raises
        ------
        UserError
            A file that cannot be written, conditions that the model was not trained with, or
            times, nodes, variables or quantities that it does not have.

        Examples
        --------
        >>> from pathlib import Path
        >>> from simulgenvae import Study
        >>> written = Path("new.csv").write_text("id,row,speed\na,0.05,0.006\n")
        >>> scores = Study.open("S").predict(Path("new.npz"), params=Path("new.csv"))
        >>> scores[0].design
        'a'
        """
        # Everything is checked before the networks are read, which takes longer than the checks.
        require_seed(seed)
        require_samples(samples)
        if at and params is not None:
            raise UserError("--at and --params both give the designs: leave out one of them.")
        if out is not None:
            check_target(out)
        if table is not None:
            check_result_table(table, overwrite=overwrite)
        # All files are of one model, also if another one becomes the current one meanwhile.
        study = self.pinned()
        outline = Outline.read(study)
        outline.check(times, nodes, variables)
        if out is not None and variables is not None and set(outline.motion) - set(variables):
            moving = ", ".join(outline.motion)
            log_notes([f"{out}: the mesh is written at rest: it moves by {moving}, not chosen"])
        files = _mesh_files(meshes, outline, nodes)
        scaler = outline.design_scaler
        described = scaler.names or scaler.images is not None
        if described or params is not None or images is not None or at:
            conditions, notes = read_new_conditions(params, images, scaler, at)
            log_notes(notes)
            conditions = conditions if files is None else matched(conditions, files)
        elif files is None:
            raise UserError(
                "the geometry is what this model knows of a design: give the meshes of the designs "
                "(--meshes)"
            )
        else:
            conditions = matched(None, files)
        differing = _differing(outline)
        if out is not None:
            check_target(out, overwrite=overwrite, ids=conditions.ids, differing=differing)
            steps = len(outline.times if times is None else times)
            log_notes(many_files_note(out, len(conditions), steps, differing))
        request = _Request(
            study,
            conditions,
            times,
            nodes,
            variables,
            samples,
            seed,
            quantities or {},
            table,
            files,
            differing,
        )
        if truth is None and request.is_small and "torch" not in sys.modules:
            # Imported here: mistakes are reported before SciPy is loaded.
            from simulgenvae.surrogate.light.load import load_light

            light = load_light(study)
            if light is not None:
                return request.light(light, out, overwrite=overwrite)
        return request.with_torch(out, truth, overwrite=overwrite)

    def written_place(self, out: Path, designs: int) -> Path:
        """Return the file or folder that a prediction of so many designs is written to.

        Examples
        --------
        >>> from pathlib import Path
        >>> from simulgenvae import Study
        >>> str(Study.open("S").written_place(Path("new.vtkhdf"), 2))
        'new'
        """
        return written_place(out, designs, _differing(Outline.read(self.pinned())))


def _differing(outline: Outline) -> Differing:
    """Return what differs between the meshes of designs."""
    if outline.shapes is None:
        return Differing.NOTHING
    return Differing.POSITIONS if outline.shapes.keeps_nodes else Differing.MESHES


@dataclass(frozen=True)
class _Request:
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


def _mesh_files(
    meshes: Path | None,
    outline: Outline,
    nodes: NDArray[np.intp] | None,
) -> dict[str, Path] | None:
    """Return the files of the designs' meshes by their ids; None where none are given.

    Raises UserError for what cannot be asked of designs with meshes of their own, or only of them.
    """
    if outline.shapes is None:
        if meshes is not None:
            raise UserError(
                f"{meshes}: all runs of this study have one mesh, and so have its predictions: "
                "leave out --meshes"
            )
        return None
    if nodes is not None and not outline.shapes.keeps_nodes:
        raise UserError(
            "designs of this study have nodes of their own, of which none are chosen by numbers: "
            "leave out --nodes"
        )
    return None if meshes is None else mesh_files(meshes)


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


def with_quantities(
    designs: list[PredictedDesign], quantities: list[tuple[PredictedQuantity, ...]]
) -> list[PredictedDesign]:
    """Return the summaries of designs with their quantities of interest, where there are any."""
    if not quantities:
        return designs
    return [
        replace(design, quantities=found) for design, found in zip(designs, quantities, strict=True)
    ]


def quantity_cells(quantities: Sequence[PredictedQuantity]) -> dict[str, Cell]:
    """Return the columns of quantities in the table of results: value and ends of the band."""
    cells: dict[str, Cell] = {}
    for each in quantities:
        values = (each.value, each.lower, each.upper)
        for end, value in zip(BAND_ENDS, values, strict=True):
            cells[each.name + end] = Cell(value, each.unit)
    return cells
