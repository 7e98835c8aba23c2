"""Train a model from arrays, or read the one of a study: what a program starts with.

Tested in tests/study/test_fitting.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import split_replaced
from simulgenvae.errors import UserError
from simulgenvae.settings import Settings, StudyFolder
from simulgenvae.settings.model_names import require_model_name
from simulgenvae.study.arguments import study_folder
from simulgenvae.study.model import Model
from simulgenvae.study.study import Study
from simulgenvae.utils.atomic import ensure_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from simulgenvae.data.split import Split


def load(study: str | Path | StudyFolder, model: str | None = None) -> Model:
    """Return a trained model of a study.

    Parameters
    ----------
    study
        Folder of the study.
    model
        Name of the model; by default that of the study, which is the current one of a folder.

    Raises
    ------
    UserError
        When there is no such folder or no such model in it, or its files are damaged.

    Examples
    --------
    >>> import simulgenvae
    >>> m = simulgenvae.load("S")
    >>> m.parameters
    ('row', 'speed')
    >>> simulgenvae.load("S", model="model-1").study.model
    'model-1'
    """
    if model is None and isinstance(study, StudyFolder):
        model = study.model
    opened = Study.open(study_folder(study), model).pinned()
    return Model(opened.load_surrogate(), opened)


def fit(
    designs: object,
    fields: ArrayLike | None = None,
    *,
    times: ArrayLike | None = None,
    coords: ArrayLike | None = None,
    cells: Mapping[str, NDArray[Any]] | None = None,
    variables: Sequence[str] | None = None,
    units: Sequence[str] | None = None,
    settings: Settings | None = None,
    split: Split | None = None,
    study: str | Path | StudyFolder | None = None,
    name: str | None = None,
    budget: float | str | None = None,
    overwrite: bool = False,
) -> Model:
    """Train a model on finished runs.

    Parameters
    ----------
    designs
        Designs of the N runs in any form that :meth:`Model.predict` takes; or a Dataset, which has
        all that belongs to the runs.
    fields
        Fields ``[N, T, M]`` or ``[N, T, M, V]`` of the runs.
    times, coords, cells, variables, units
        Times ``[T]``, positions of the nodes ``[M, D]``, cells, and names and units of the V
        variables, as in :meth:`Dataset.from_arrays`.
    settings
        What differs from the defaults.
    split
        Which runs are for training, validation and test; chosen by the seed by default.
    study
        Folder in which data and model are stored, for ``evaluate``, ``render`` and ``suggest``; it
        is made if it does not exist. By default nothing is written.
    name
        Name of the model in ``study``; by default that of the current one, and ``model-1`` for the
        first.
    budget
        Time for a search for settings and the training together: seconds, or text such as ``30m``.
    overwrite
        Whether data and model that ``study`` has are replaced.

    Raises
    ------
    UserError
        For designs, fields and settings that do not agree or from which nothing can be learned, and
        for a study that has data or a model already.

    Examples
    --------
    >>> import numpy as np, simulgenvae
    >>> rng = np.random.default_rng(0)
    >>> designs = {"row": rng.random(12), "speed": rng.random(12)}
    >>> fields = np.sin(designs["row"][:, None, None] + np.arange(4)[:, None] * np.ones(5))
    >>> settings = simulgenvae.Settings.model_validate(
    ...     {"training": {"end_to_end": {"steps": 2, "members": 1, "refit": False}}}
    ... )
    >>> m = simulgenvae.fit(designs, fields, variables=["T"], units=["K"], settings=settings)
    >>> m.predict(row=0.5, speed=0.5).T.shape
    (1, 4, 5)
    """
    described = {
        "times": times,
        "coords": coords,
        "cells": cells,
        "variables": variables,
        "units": units,
    }
    if settings is not None and not isinstance(settings, Settings):
        raise UserError(
            f"settings are of type {type(settings).__name__}: give Settings, for example "
            'Settings.model_validate({"model": {"size": "large"}})'
        )
    if isinstance(designs, Dataset):
        given = [name for name, value in described.items() if value is not None]
        if fields is not None or given:
            raise UserError(
                f"a Dataset has its {given[0] if fields is None else 'fields'} itself: give a "
                "Dataset alone, or designs and fields"
            )
        dataset = designs
    elif fields is None:
        raise UserError("no fields are given: fit(designs, fields), or fit(dataset)")
    else:
        dataset = Dataset.from_arrays(fields, designs, **described)  # type: ignore[arg-type]
    if name is not None:
        require_model_name(name)
        if study is None:
            raise UserError("name is that of a model in a study: give study=FOLDER too")
    if study is None:
        from simulgenvae.surrogate import fit as training

        return Model(training.fit(dataset, settings, split=split, budget=budget))
    folder = Study(study_folder(study))
    folder.folder.mkdir(parents=True, exist_ok=True)
    _store(dataset, split, folder, overwrite=overwrite)
    return folder.train(settings, name=name, overwrite=overwrite, budget=budget)


def _store(dataset: Dataset, split: Split | None, study: Study, *, overwrite: bool) -> None:
    """Write data and split into a study, as ``ingest`` does."""
    with (
        study.working("fit", study.input_data),
        ensure_folder(study.input_data),
        split_replaced(study.split_file, split),
    ):
        dataset.save(study.dataset, overwrite=overwrite)
