"""The Python API of a study folder: what the commands of ``simulgenvae`` do, as methods.

Each module holds the methods of one concern; :class:`Study` has all of them. :class:`Model` is a
trained surrogate together with its study.

Tested in tests/study/test_study.py and tests/study/test_model.py.
"""

from typing import TYPE_CHECKING

from simulgenvae.utils.lazy_names import lazy_names

if TYPE_CHECKING:
    from simulgenvae.study.fitting import fit, load
    from simulgenvae.study.model import Model
    from simulgenvae.study.study import Study

__all__ = ["Model", "Study", "fit", "load"]

# A command needs the methods of one concern: predicting does not load the readers of `ingest`.
__getattr__ = lazy_names(
    __name__, {"Model": "model", "Study": "study", "fit": "fitting", "load": "fitting"}
)
