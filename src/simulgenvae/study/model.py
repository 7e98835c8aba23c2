"""Model: a trained surrogate as people use it from Python.

Tested in tests/study/test_model.py and tests/study/test_wrong_use.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulgenvae.errors import UserError
from simulgenvae.study.arguments import (
    chosen_nodes,
    chosen_times,
    chosen_variables,
    file_path,
    quantity_choice,
    quantity_texts,
    whole_number,
)
from simulgenvae.study.describe import describe_model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import xarray as xr
    from numpy.typing import ArrayLike, NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.design.suggest import Suggestion
    from simulgenvae.evaluation.results import EvaluationResult
    from simulgenvae.geometry import Placement
    from simulgenvae.mesh.mesh import Mesh
    from simulgenvae.rendering.cases import Case
    from simulgenvae.settings import StudyFolder
    from simulgenvae.study.study import Study
    from simulgenvae.surrogate.surrogate import Surrogate

_OPTIONS = ("images", "mesh", "times", "nodes", "variables", "samples", "seed")
"""Keywords of :meth:`Model.predict` that are no parameters."""


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """Trained surrogate that predicts the fields of designs in physical units.

    :func:`simulgenvae.load` reads one from a study folder, :func:`simulgenvae.fit` trains one.

    Attributes
    ----------
    surrogate
        Networks and everything that belongs to them, for those who want to look inside.
    study
        Its study, with the name of the model; None for a model that was trained in memory.

    Examples
    --------
    >>> import simulgenvae
    >>> m = simulgenvae.load("S")
    >>> r = m.predict(row=0.05, speed=0.006)
    >>> r.temperature.sizes["time"], r.temperature.attrs["units"]
    (8, 'K')
    """

    surrogate: Surrogate
    study: StudyFolder | None = None

    def predict(
        self,
        designs: object = None,
        /,
        *,
        images: object = None,
        mesh: object = None,
        times: ArrayLike | None = None,
        nodes: ArrayLike | None = None,
        variables: str | Sequence[str] | None = None,
        samples: int = 0,
        seed: int = 0,
        **parameters: object,
    ) -> xr.Dataset:
        """Predict the fields of designs.

        Parameters
        ----------
        designs
            n designs: a dict of single values or of equally long sequences, a list of dicts, a data
            frame of pandas or polars, an xarray Dataset, an array ``[n, P]`` or ``[P]`` in the
            order of :attr:`parameters`, the path of a CSV file, or Conditions. Names are in any
            order; a column ``id`` names the designs. For a model of images only, the images.
        images
            Images of the designs, for a model of images: the path of an image, of a folder or of a
            CSV file ``id,file``, an array ``[H, W]``, ``[H, W, C]`` or ``[n, H, W, C]`` of bytes,
            or a list of them.
        mesh
            Mesh of the design, where runs have meshes of their own: the path of a file, a mesh of
            PyVista or a :class:`Mesh`. Without it, the design has the geometry that follows from
            its conditions. Such designs are predicted one by one.
        times
            Times within the trained span, ``[t]``, in the unit of the data; the training times by
            default.
        nodes
            Numbers of the nodes, ``[m]``, counted from 0; all by default. Others cost nothing.
        variables
            Names of the variables; all by default.
        samples
            When not 0, the uncertainty of each value is predicted too; see
            :meth:`~simulgenvae.surrogate.surrogate.Surrogate.predict` for the number.
        seed
            Seed of all samples.
        **parameters
            Parameters of one design as single values, or of several as equally long sequences,
            instead of ``designs``. A single value beside sequences is that of all designs.

        Returns
        -------
        xarray.Dataset
            - ``NAME`` (run, time, node) of each variable, float32 or float64, with the attributes
              ``units`` and ``long_name``; with ``samples`` also ``NAME_std`` and the interval from
              ``NAME_lower`` to ``NAME_upper`` that is meant to hold 90 % of the values;
            - ``novelty`` (run): distance from the training runs, above 1 for a design that is
              further from them than any of them is from the others; ``expected_error`` (run);
            - coordinates ``run``, ``time``, ``x``, ``y``, ``z`` (node), the cells of the mesh, and
              the parameters (run);
            - attribute ``warnings``: what to know before trusting it, one per line.

            Blanks and slashes in names are ``_``. ``prediction.simulgenvae.to_pyvista(design,
            time)`` returns its mesh.

        Raises
        ------
        UserError
            For designs that are not understood, with what is taken; for missing, unknown and
            repeated parameters and values that are no finite numbers; for times outside the trained
            span; and for nodes and variables that do not exist.

        Examples
        --------
        >>> import simulgenvae
        >>> m = simulgenvae.load("S")
        >>> r = m.predict(row=0.05, speed=[0.006, 0.007, 0.008])
        >>> r.temperature.max(["time", "node"]).sizes["run"]
        3
        >>> r = m.predict({"speed": 0.006, "row": 0.05}, times=[0.25, 0.5], samples=2)
        >>> r.temperature_std.dims
        ('run', 'time', 'node')
        """
        surrogate = self.surrogate
        conditions, placement = self._designs(designs, images, parameters), None
        seen = conditions
        if surrogate.shapes is not None or mesh is not None:
            seen, placement = self._placed(conditions, mesh)
        chosen = chosen_nodes(nodes)
        if chosen is not None and not surrogate.keeps_nodes:
            raise UserError(
                "nodes: designs of this model have nodes of their own, of which none are chosen by "
                "numbers: leave it out"
            )
        prediction = surrogate.predict(
            seen,
            times=chosen_times(times),
            nodes=chosen,
            variables=chosen_variables(variables),
            samples=whole_number("samples", samples),
            seed=whole_number("seed", seed, most=2**63 - 1),
        )
        # Imported where it is needed, as xarray takes a third of a second to load.
        from simulgenvae.export.by_variable import by_variable

        if placement is not None:
            from simulgenvae.study.given_meshes import relocated

            prediction, whole = relocated(prediction, placement), placement.mesh
        else:
            whole = surrogate.whole_mesh
        return by_variable(prediction, whole if chosen is None else whole.at(chosen), conditions)

    def quantities(
        self,
        designs: object = None,
        texts: Mapping[str, str] | None = None,
        *,
        images: object = None,
        mesh: object = None,
        seed: int = 0,
    ) -> xr.Dataset:
        """Predict quantities of interest of designs, such as peaks and means, with their bands.

        Parameters
        ----------
        designs, images
            n designs, as :meth:`predict` takes them.
        texts
            Quantities by name, such as ``{"peak": "max(T)"}`` (docs/quantities.md); by default
            those that the study declares, or for a model in memory those of its settings.
        mesh
            Mesh of the one design, as :meth:`predict` takes it. Without it, designs with meshes of
            their own have the geometries that follow from their conditions.
        seed
            Seed of the samples.

        Returns
        -------
        xarray.Dataset
            ``value``, ``std``, ``lower`` and ``upper`` (run, quantity), and ``time`` and ``place``
            of maxima and minima; see
            :meth:`~simulgenvae.surrogate.surrogate.Surrogate.quantities`. The attribute
            ``warnings`` has what to know before trusting it, one per line.

        Raises
        ------
        UserError
            For designs as :meth:`predict` does, for a quantity that cannot be read, and where
            there is none.

        Examples
        --------
        >>> import simulgenvae
        >>> m = simulgenvae.load("S")
        >>> designs = {"row": 0.05, "speed": [0.006, 0.007]}
        >>> found = m.quantities(designs, {"peak": "max(temperature)"})
        >>> found.value.sel(quantity="peak").sizes["run"], found.unit.item()
        (2, 'K')
        """
        conditions = self._designs(designs, images, {})
        texts = quantity_texts(texts)
        if texts is None and self.study is not None:
            # They may have changed since the training; the commands read them there, too.
            texts = self._study("quantities").declared_quantities(self.surrogate.settings)
        seed = whole_number("seed", seed, most=2**63 - 1)
        # Files with node numbers are relative to the study.
        folder = Path() if self.study is None else self.study.folder
        placement = None
        if mesh is not None:
            conditions, placement = self._placed(conditions, mesh)
        place = None if placement is None else lambda _: placement
        found = self.surrogate.quantities(conditions, texts, place=place, folder=folder, seed=seed)
        # One line per warning, as `predict` has them.
        return found.assign_attrs(warnings="\n".join(found.attrs["warnings"]))

    def score(self, designs: object, fields: ArrayLike, *, images: object = None) -> float:
        """Return the coefficient of determination R² of predictions, as scikit-learn does.

        It is 1 − Σ (error)² / Σ (true value − mean of the true values)² over all designs, times and
        nodes for each variable, and the mean of that over the variables: 1 for perfect predictions,
        0 for those that are no better than the mean.

        Parameters
        ----------
        designs, images
            n designs, as :meth:`predict` takes them.
        fields
            Their true fields at the training times, ``[n, T, M]`` or ``[n, T, M, V]``, in the unit
            of the data.

        Raises
        ------
        UserError
            For designs as :meth:`predict` does, and for fields of another shape.

        Examples
        --------
        >>> import simulgenvae
        >>> m = simulgenvae.load("S")
        >>> designs = {"row": [0.05, 0.06], "speed": [0.006, 0.007]}
        >>> m.score(designs, m.predict(designs).temperature)
        1.0
        """
        from simulgenvae.study.score import r2_score

        return r2_score(self.surrogate, self._designs(designs, images, {}), fields)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the P parameters, in the order of the columns of an array.

        >>> import simulgenvae
        >>> simulgenvae.load("S").parameters
        ('row', 'speed')
        """
        return self.surrogate.design_scaler.names

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the V variables.

        >>> import simulgenvae
        >>> simulgenvae.load("S").variables
        ('temperature',)
        """
        return self.surrogate.variables

    @property
    def times(self) -> NDArray[np.float64]:
        """Training times, ``[T]``, in the unit of the data.

        >>> import simulgenvae
        >>> simulgenvae.load("S").times.shape
        (8,)
        """
        return self.surrogate.times

    @property
    def mesh(self) -> Mesh:
        """Mesh: positions of the nodes, ``[M, D]``, and cells, as far as known.

        >>> import simulgenvae
        >>> simulgenvae.load("S").mesh.coords.shape
        (30, 2)
        """
        return self.surrogate.whole_mesh

    def evaluate(
        self,
        *,
        figures: bool = True,
        overrides: Sequence[str] = (),
        quantities: Mapping[str, str] | None = None,
        folds: int | None = None,
    ) -> EvaluationResult:
        """Measure the model on the runs of its study, write metrics and report, return the result.

        ``quantities``, such as ``{"peak": "max(T)"}``, are measured in addition to those that the
        study declares; ``folds`` is the number of parts of a cross-validation. See
        :meth:`simulgenvae.Study.evaluate`.

        Examples
        --------
        >>> import simulgenvae
        >>> m = simulgenvae.load("S")
        >>> result = m.evaluate(figures=False, quantities={"peak": "max(temperature)"})
        >>> result.compared_split
        'test'
        """
        return self._study("evaluate").evaluate(
            self.surrogate,
            figures=figures,
            overrides=overrides,
            quantities=quantity_texts(quantities),
            folds=folds,
        )

    def render(self, out: str | Path, **options: Any) -> Case:
        """Draw a run and its prediction, or a new design, as an image or a film.

        Parameters
        ----------
        out
            File to write: ``.png``, ``.gif`` or ``.mp4``.
        **options
            What is drawn, and how: the attributes of
            :class:`~simulgenvae.study.render_options.RenderOptions`, such as ``run``, ``variable``,
            ``times`` and ``overwrite``.

        Raises
        ------
        UserError
            For options that do not exist; see :meth:`simulgenvae.Study.render` for the others.

        Examples
        --------
        >>> import simulgenvae
        >>> case = simulgenvae.load("S").render("run.png", overwrite=True)  # doctest: +SKIP
        """
        from simulgenvae.study.render_options import RenderOptions

        names = RenderOptions.__dataclass_fields__
        if unknown := [name for name in options if name not in names]:
            raise UserError(
                f"there is no option {unknown[0]!r} of render(): the options are {', '.join(names)}"
            )
        for name in ("params", "images"):
            if isinstance(options.get(name), str):
                options[name] = Path(options[name])
        return self._study("render").render(file_path("out", out), RenderOptions(**options))

    def suggest(
        self,
        count: int = 10,
        *,
        out: str | Path | None = None,
        ranges: Mapping[str, tuple[float, float]] | None = None,
        candidates: int = 512,
        quantities: Mapping[str, str] | Sequence[str] | None = None,
        seed: int = 0,
        overwrite: bool = False,
    ) -> Suggestion:
        """Return the designs that are most useful to solve next; see :meth:`Study.suggest`.

        Examples
        --------
        >>> import simulgenvae
        >>> suggestion = simulgenvae.load("S").suggest(2, candidates=32)
        >>> suggestion.designs.names, len(suggestion.designs)
        (('row', 'speed'), 2)
        """
        return self._study("suggest").suggest(
            whole_number("count", count, least=1),
            out=None if out is None else file_path("out", out),
            ranges=ranges,
            candidates=whole_number("candidates", candidates, least=1),
            quantities=quantity_choice(quantities),
            seed=whole_number("seed", seed),
            overwrite=overwrite,
        )

    def export(self, out: str | Path, *, overwrite: bool = False) -> float:
        """Write the model as a program that runs without this package.

        Returns the largest difference between its predictions and the model's, relative to the
        range of each variable. See :meth:`simulgenvae.Study.export`.

        Examples
        --------
        >>> import simulgenvae
        >>> simulgenvae.load("S").export("model.onnx") < 1e-3  # doctest: +SKIP
        True
        """
        # No study is needed for this, and none is read.
        from simulgenvae.deployment import check_model_target, write_model

        target = file_path("out", out)
        check_model_target(target, overwrite=overwrite)
        return write_model(self.surrogate, target, overwrite=overwrite)

    def __repr__(self) -> str:
        return describe_model(self.surrogate, self.study).text()

    def _repr_html_(self) -> str:
        return describe_model(self.surrogate, self.study).html()

    def _designs(
        self, designs: object, images: object, parameters: dict[str, object]
    ) -> Conditions:
        """Return designs from the one object or from the keywords that are given."""
        from simulgenvae.data.designs_from import designs_from

        scaler = self.surrogate.design_scaler
        if designs is not None and parameters:
            unknown = [name for name in parameters if name not in scaler.names]
            if unknown:
                raise UserError(
                    f"there is no option {unknown[0]!r} of predict(): the options are "
                    f"{', '.join(_OPTIONS)}"
                )
            raise UserError(
                f"designs are given twice, as an object and as keywords ({', '.join(parameters)}): "
                "give one of them"
            )
        options = [name for name in scaler.names if name in _OPTIONS]
        if parameters and options:
            raise UserError(
                f"the parameter {options[0]!r} has the name of an option of predict(): give the "
                f"designs as a dict, predict({{{options[0]!r}: …}})"
            )
        given = parameters or designs
        if not scaler.names and scaler.images is None and given is None:
            # The geometry is all that is known of a design.
            from simulgenvae.data.conditions import Conditions

            return Conditions.without_parameters(("0",))
        return designs_from(given, scaler, images)

    def _placed(self, conditions: Conditions, mesh: object) -> tuple[Conditions, Placement]:
        """Return one design as the networks see it, and its geometry on a mesh, None for its own.

        UserError where all designs have one mesh.
        """
        from simulgenvae.study.given_meshes import placed_design

        if self.surrogate.shapes is None:
            raise UserError("mesh: all designs of this model have one mesh: leave it out")
        return placed_design(self.surrogate.shapes, conditions, mesh)

    def _study(self, what: str) -> Study:
        from simulgenvae.study.study import Study

        if self.study is None:
            raise UserError(
                f"{what}() needs the folder of a study, and this model was trained in memory: "
                "train it with fit(…, study=FOLDER)"
            )
        return Study(self.study.folder, self.study.model)
