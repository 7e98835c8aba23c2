"""Threads of numerical libraries, of which some are loaded later."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest
import threadpoolctl

from simulgenvae.utils.threads import threadpool_limits


def blas_threads() -> set[int]:
    found = threadpoolctl.threadpool_info()
    return {each["num_threads"] for each in found if each["user_api"] == "blas"}


@pytest.mark.parametrize("kind", [None, "blas"])
def test_threads_are_limited_in_the_block_alone(kind: str | None) -> None:
    assert np.ones(2) @ np.ones(2) == 2
    with threadpoolctl.threadpool_limits(2):
        before = blas_threads()
        for _ in range(2):
            with threadpool_limits(1, kind):
                assert blas_threads() == {1}
            assert blas_threads() == before


PROGRAM = """
import sys, numpy, threadpoolctl
from simulgenvae.utils.threads import threadpool_limits

def files():
    return {each["filepath"] for each in threadpoolctl.threadpool_info()}

with threadpool_limits(1):
    first = files()
import scipy.linalg
with threadpoolctl.threadpool_limits(2), threadpool_limits(1):
    found = threadpoolctl.threadpool_info()
print({each["num_threads"] for each in found if each["filepath"] not in first})
"""


def test_libraries_that_are_loaded_later_are_limited_too() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    # Some distributions of scipy have no library of their own.
    assert done.stdout in {"{1}\n", "set()\n"}, done.stderr


def test_libraries_are_looked_for_once() -> None:
    with threadpool_limits(1):
        pass
    begin = time.process_time()
    for _ in range(20):
        with threadpool_limits(1):
            pass
    limits = time.process_time() - begin
    begin = time.process_time()
    for _ in range(20):
        with threadpoolctl.threadpool_limits(1):
            pass
    assert limits < 0.3 * (time.process_time() - begin)
