"""The Python API of a study folder: what the commands of ``simulgenvae`` do, as methods.

Each module holds the methods of one concern; :class:`Study` has all of them.
"""

from simulgenvae.study.study import Study

__all__ = ["Study"]
