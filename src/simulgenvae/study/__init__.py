"""The Python API of a study folder: what the commands of ``simulgenvae`` do, as methods.

Each module holds the methods of one concern; :class:`Study` has all of them. :class:`Model` is a
trained surrogate together with its study.
"""

from simulgenvae.study.fitting import fit, load
from simulgenvae.study.model import Model
from simulgenvae.study.study import Study

__all__ = ["Model", "Study", "fit", "load"]
