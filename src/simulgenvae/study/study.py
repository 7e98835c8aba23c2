"""Class with all methods of a study folder.

Tested in tests/study/test_study.py.
"""

from __future__ import annotations

from simulgenvae.study.check import Checking
from simulgenvae.study.describe import describe_study
from simulgenvae.study.design import Designing
from simulgenvae.study.evaluate import Evaluating
from simulgenvae.study.explore import Exploring
from simulgenvae.study.export import Exporting
from simulgenvae.study.ingest import Ingestion
from simulgenvae.study.models import Keeping
from simulgenvae.study.predict import Predicting
from simulgenvae.study.render import Rendering
from simulgenvae.study.train import Training


class Study(
    Ingestion,
    Checking,
    Training,
    Evaluating,
    Predicting,
    Designing,
    Exploring,
    Rendering,
    Exporting,
    Keeping,
):
    """A folder with the data, settings, models and results of one problem.

    Each method does what the command of its name does, and raises
    :class:`~simulgenvae.UserError` for what the user can put right; its messages name options as
    the command line spells them (``--overwrite``). Messages about the work go through
    :mod:`logging`, and :func:`~simulgenvae.progress_on` shows its progress.

    Examples
    --------
    >>> import simulgenvae
    >>> study = simulgenvae.Study.open("S")
    >>> study
    Study S
      data      input_data/dataset.zarr
      settings  the defaults
      model     model-1
      report    ...
    >>> simulgenvae.load(study).predict(row=0.05, speed=0.006).temperature.shape
    (1, 8, 30)
    """

    def __repr__(self) -> str:
        return describe_study(self).text()

    def _repr_html_(self) -> str:
        return describe_study(self).html()
