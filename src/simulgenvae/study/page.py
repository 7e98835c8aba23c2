"""The page of a study in which inputs are moved and the predicted field is seen.

Tested in tests/study/test_page.py.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from simulgenvae.errors import UserError
from simulgenvae.study.data import StudyData, log_warnings

if TYPE_CHECKING:
    from simulgenvae.data.conditions import Conditions
    from simulgenvae.explorer.description import Evaluation
    from simulgenvae.explorer.server import PageServer
    from simulgenvae.surrogate.model_record import ModelFacts
    from simulgenvae.surrogate.surrogate import Surrogate


_OPEN_TO_OTHERS = (
    "others on the network can open this page with its address, and read the model, the mesh and "
    "the inputs of the training runs; the page is not encrypted on its way"
)


class Page(NamedTuple):
    """Page of a study's model."""

    html: bytes
    """Self-contained HTML file."""
    difference: float
    """Largest difference between the page's predictions and the surrogate's on random designs,
    relative to the range of each variable."""


class Paging(StudyData):
    """A study of whose surrogate a page can be made."""

    def page(self) -> Page:
        """Return a page with the surrogate inside, which a browser runs without any request.

        Raises
        ------
        UserError
            Where there is no model, where packages are missing, and for a model that is too large
            for a page or differs from the surrogate in it, or whose geometries it cannot draw.

        Examples
        --------
        >>> import simulgenvae
        >>> page = simulgenvae.Study.open("S").page()  # doctest: +SKIP
        """
        from simulgenvae.explorer.describe import Origin
        from simulgenvae.explorer.page import make_page, require_assets
        from simulgenvae.explorer.twin import make_twin
        from simulgenvae.surrogate.model_record import read_facts

        require_assets()
        study = self.pinned()
        surrogate = _load(study)
        facts = read_facts(study)
        name = study.folder.resolve().name
        origin = Origin(
            study=name,
            model=study.model or "",
            created=facts.trained.isoformat(),
            evaluation=_evaluation(study, facts),
        )
        texts = study.declared_quantities(surrogate.settings)
        twin = make_twin(surrogate, _training(study, surrogate), origin, texts, study.folder)
        return Page(make_page(name, twin.container()), twin.difference)

    def serve(self, port: int = 0, host: str | None = None) -> PageServer:
        """Return a server of the page on this machine, which is made before it returns.

        Parameters
        ----------
        port
            Port; a free one for 0.
        host
            Address of this machine, or a name of it. By default only this machine reaches the page;
            a warning is logged where others do.

        Raises
        ------
        UserError
            As :meth:`page` does, and for an address or a port that cannot be used.

        Examples
        --------
        >>> import simulgenvae
        >>> server = simulgenvae.Study.open("S").serve()  # doctest: +SKIP
        """
        from simulgenvae.explorer.host import LOOPBACK
        from simulgenvae.explorer.server import PageServer

        source = _CurrentPage(self)
        # The port first: a page takes seconds to make.
        server = PageServer(source, port, LOOPBACK if host is None else host)
        try:
            source()
        except BaseException:
            server.server_close()
            raise
        if not server.host.is_loopback:
            log_warnings([_OPEN_TO_OTHERS])
        return server


class _CurrentPage:
    """Page of a study's current model, made anew when the model has changed.

    Called by several threads, one for each request.
    """

    def __init__(self, study: Paging) -> None:
        self._study = study
        self._lock = threading.Lock()
        self._made: tuple[object, bytes] | None = None

    def __call__(self) -> bytes:
        with self._lock:
            now = self._state()
            if self._made is None or self._made[0] != now:
                self._made = (now, self._study.page().html)
            return self._made[1]

    def _state(self) -> object:
        """Return what changes with the model, its evaluation, and the declared quantities."""
        study = self._study.pinned()
        files = (*study.model_files, study.metrics_file, study.settings_file)
        return study.model, [path.stat().st_mtime_ns for path in files if path.exists()]


def _load(study: Paging) -> Surrogate:
    """Return the surrogate; a training that has not made it yet is named."""
    try:
        return study.load_surrogate()
    except UserError as error:
        if not study.vae_file.exists() and _is_locked(study):
            raise UserError(
                f"{study.folder} is being trained, and has no model yet: wait until the training "
                "ends."
            ) from error
        raise


def _is_locked(study: Paging) -> bool:
    from simulgenvae.utils.lock import lock_if_free

    if not study.lock_file.exists():
        return False
    with lock_if_free(study.lock_file) as free:
        return not free


def _training(study: Paging, surrogate: Surrogate) -> Conditions | None:
    """Return the conditions of the training runs that the study still has."""
    from simulgenvae.explorer.geometry import given_scaler

    try:
        dataset = study.open_dataset(surrogate.settings)
    except UserError:
        # A model without its data is as good.
        return None
    rows = [dataset.ids.index(run) for run in surrogate.split.train if run in dataset.ids]
    scaler = given_scaler(surrogate)
    if surrogate.shapes is not None and scaler is surrogate.condition_scaler:
        # The shape of a design is given in the page.
        dataset = surrogate.seen(dataset)
    conditions = dataset.conditions.select(rows)
    known = conditions.names == scaler.names and conditions.image_format == scaler.images
    if not rows or not known:
        return None
    from simulgenvae.data.conditions import recoded

    # Values of categories are numbered as the model numbers them.
    return replace(conditions, table=recoded(conditions, scaler.levels), levels=scaler.levels)


def _evaluation(study: Paging, facts: ModelFacts) -> Evaluation | None:
    """Return the error on test runs, where this model was evaluated on some."""
    from simulgenvae.explorer.description import Evaluation
    from simulgenvae.study.model_summary import read_metrics

    try:
        result = read_metrics(study, facts)
    except UserError:
        return None
    error = result.mean_error("prediction")
    if error is None or result.compared_split != "test":
        return None
    return Evaluation(relative_error=error, runs=result.compared["prediction"].runs)
