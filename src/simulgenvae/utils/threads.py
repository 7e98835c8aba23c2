"""Limits of the threads of numerical libraries."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING

from threadpoolctl import ThreadpoolController

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


def threadpool_limits(limit: int, kind: str | None = None) -> AbstractContextManager[object]:
    """Return a block in which numerical libraries use at most some threads.

    That of ``threadpoolctl`` looks for the libraries every time, which takes longer than a small
    prediction.

    Parameters
    ----------
    limit
        Number of threads of each library.
    kind
        ``"blas"`` or ``"openmp"``; all by default.
    """
    limits: AbstractContextManager[object]
    limits = _libraries(len(sys.modules)).limit(limits=limit, user_api=kind)
    return limits


@lru_cache(maxsize=1)
def _libraries(modules: int) -> ThreadpoolController:
    """Return the libraries that are loaded with this number of modules; more may load others."""
    return ThreadpoolController()
