"""The Python API of a study folder: what the commands of ``simulgenvae`` do, as methods.

Each module holds the methods of one concern; :class:`Study` has all of them.

Tested in tests/study/test_study.py.
"""

from typing import TYPE_CHECKING

from simulgenvae.utils.lazy_names import lazy_names

if TYPE_CHECKING:
    from simulgenvae.study.study import Study

__all__ = ["Study"]

# A command needs the methods of one concern: predicting does not load the readers of `ingest`.
__getattr__ = lazy_names(__name__, {"Study": "study"})
