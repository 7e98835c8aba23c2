"""Predict the fields of new designs, and write them to a file.

Tested in tests/study/test_study.py and tests/cli/test_predict.py.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from simulgenvae.data.matching import read_new_conditions
from simulgenvae.errors import UserError
from simulgenvae.export.export_format import Differing
from simulgenvae.export.one_by_one import written_place
from simulgenvae.export.result_table import check_result_table
from simulgenvae.export.write import check_target, many_files_note
from simulgenvae.study.data import StudyData, log_notes, require_seed
from simulgenvae.study.given_meshes import matched, mesh_files
from simulgenvae.study.prediction_request import PredictionRequest
from simulgenvae.surrogate.outline import Outline
from simulgenvae.surrogate.selection import require_samples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.data.conditions import Conditions
    from simulgenvae.study.predicted_design import PredictedDesign


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
        conditions = _read_designs(params, images, at, outline.design_scaler, files)
        differing = _differing(outline)
        if out is not None:
            check_target(out, overwrite=overwrite, ids=conditions.ids, differing=differing)
            steps = len(outline.times if times is None else times)
            log_notes(many_files_note(out, len(conditions), steps, differing))
        request = PredictionRequest(
            study=study,
            conditions=conditions,
            times=times,
            nodes=nodes,
            variables=variables,
            samples=samples,
            seed=seed,
            quantities=quantities or {},
            table=table,
            meshes=files,
            differing=differing,
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


def _read_designs(
    params: Path | None,
    images: Path | None,
    at: Sequence[str],
    scaler: ConditionScaler,
    files: Mapping[str, Path] | None,
) -> Conditions:
    """Return the designs, which are those of the ``files`` of meshes where these are given.

    Raises UserError for designs that the model was not trained with, and where there are none.
    """
    described = scaler.names or scaler.images is not None
    if described or params is not None or images is not None or at:
        conditions, notes = read_new_conditions(params, images, scaler, at)
        log_notes(notes)
        return conditions if files is None else matched(conditions, files)
    if files is None:
        raise UserError(
            "the geometry is what this model knows of a design: give the meshes of the designs "
            "(--meshes)"
        )
    return matched(None, files)


def _differing(outline: Outline) -> Differing:
    """Return what differs between the meshes of designs."""
    if outline.shapes is None:
        return Differing.NOTHING
    return Differing.POSITIONS if outline.shapes.keeps_nodes else Differing.MESHES


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
