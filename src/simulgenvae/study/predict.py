"""Predict the fields of new designs and write them to a file.

Tested in tests/study/test_study.py and tests/cli/test_commands.py.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.matching import read_new_conditions
from simulgenvae.study.data import StudyData, log_notes, log_warnings, require_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    import xarray as xr
    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.surrogate.surrogate import Surrogate

    Batches = Iterable[xr.Dataset]


@dataclass(frozen=True)
class PredictionScore:
    """Measures of the trust in one prediction; None is what the model does not know."""

    design: str
    """Id of the design."""
    novelty: float | None
    """Distance of the design from the training runs."""
    expected_error: float | None
    """Expected joint relative L2 error."""


class Predicting(StudyData):
    """A study that predicts new designs."""

    def predict(
        self,
        out: Path,
        *,
        params: Path | None = None,
        images: Path | None = None,
        times: NDArray[np.float64] | None = None,
        nodes: NDArray[np.intp] | None = None,
        variables: Sequence[str] | None = None,
        samples: int = 0,
        seed: int = 0,
        truth: Path | None = None,
        overwrite: bool = False,
    ) -> list[PredictionScore]:
        r"""Write the predicted fields of new designs; return how far each can be trusted.

        Designs are predicted in batches and written as they come, so that memory holds a few of
        them only. ``simulgenvae.load(study).predict(…)`` returns fields instead of writing them. If
        torchrun has started several processes, they share the designs.

        Parameters
        ----------
        out
            File to write: ``.npz``, ``.zarr``, ``.nc``, ``.pvd``, ``.vtkhdf`` or ``.xdmf``.
        params
            CSV file with the parameters of the designs.
        images
            Their images: a folder, a CSV file ``id,file``, or one image.
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
            The same designs solved: another study, or files that ``ingest`` reads. They are
            written together with the predictions.
        overwrite
            Whether an existing file is replaced.

        Raises
        ------
        UserError
            A file that cannot be written, conditions that the model was not trained with, or
            times, nodes or variables that it does not have.

        Examples
        --------
        >>> from pathlib import Path
        >>> from simulgenvae import Study
        >>> written = Path("new.csv").write_text("id,row,speed\na,0.05,0.006\n")
        >>> scores = Study.open("S").predict(Path("new.npz"), params=Path("new.csv"))
        >>> scores[0].design
        'a'
        """
        from simulgenvae.distributed import collectives
        from simulgenvae.export.write import check_target, write_prediction

        # What costs nothing is checked before the model is read.
        require_seed(seed)
        check_target(out, overwrite=overwrite)
        # From here on things take seconds: reading the model, then the conditions.
        surrogate = self.load_surrogate()
        conditions, notes = read_new_conditions(params, images, surrogate.condition_scaler)
        log_notes(notes)
        log_warnings(surrogate.warnings(conditions, samples=samples))
        scores: list[PredictionScore] = []
        with (
            _truth_added(truth, conditions, surrogate) as with_truth,
            collectives.process_group(surrogate.settings.training.rank_timeout),
        ):
            # Each rank predicts its part of the designs, and gets the scores of all.
            local = collectives.local_rows(np.arange(len(conditions))).tolist()
            batches = surrogate.predict_batches(
                conditions.select(local),
                times=times,
                nodes=nodes,
                variables=variables,
                samples=samples,
                seed=seed,
            )
            mesh = surrogate.whole_mesh
            mesh = mesh if nodes is None else mesh.at(nodes)
            scored = _scored(with_truth(batches), scores)
            write_prediction(scored, mesh, out, overwrite=overwrite, runs=len(conditions))
            return list(chain(*collectives.all_gather(scores)))


@contextmanager
def _truth_added(
    path: Path | None, conditions: Conditions, surrogate: Surrogate
) -> Iterator[Callable[[Batches], Batches]]:
    """Give a function that adds the solver's fields to predictions; without a path it adds none."""
    if path is None:
        yield lambda batches: batches
        return
    from simulgenvae.export.truth import open_truth

    with open_truth(path) as truth:
        truth.require(conditions.ids, surrogate.whole_mesh)
        nodes = surrogate.reduction.field_shape[0]
        if surrogate.mask is not None:
            nodes = len(surrogate.mask.valued)
        yield lambda batches: truth.added(batches, conditions.ids, nodes, surrogate.variables)


def _scored(batches: Batches, scores: list[PredictionScore]) -> Iterator[xr.Dataset]:
    """Give the batches unchanged and add the scores of each to ``scores``."""
    # A generator: batches pass through one by one, so that not all fields are in memory at once.
    for batch in batches:
        missing = [None] * batch.sizes["run"]
        novelty = batch["novelty"].values.tolist() if "novelty" in batch else missing
        errors = batch["expected_error"].values.tolist() if "expected_error" in batch else missing
        scores += map(PredictionScore, map(str, batch["run"].values), novelty, errors)
        yield batch
