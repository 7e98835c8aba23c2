"""Runs whose VTK readers can end the process on a damaged file, or print pages: they read in a
process of their own."""

from __future__ import annotations

import atexit
import os
import pickle
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

import numpy as np

from simulgenvae.data.readers.runs.series import Series
from simulgenvae.errors import UserError
from simulgenvae.utils.resources import available_memory


def open_apart(path: Path) -> Series:
    """A run that :func:`vtk_series.open_checked` opens, read by another process, one timestep at a
    time.

    Raises UserError where that one does, and when the process dies of the file.
    """
    return Series(
        path,
        np.asarray(_reader.ask(path, "times")),
        lambda step: _reader.ask(path, "read", step),
        lambda: _reader.ask(path, "mesh"),
    )


class _Reader:
    """The other process, started when it is first asked, and again after it has died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()

    def ask(self, path: Path, what: str, step: int = 0) -> Any:
        with self._lock:
            process = self._process = self._process or self._start()
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                pickle.dump((path.absolute(), what, step), process.stdin)
                process.stdin.flush()
                error, answer = pickle.load(process.stdout)
            except (EOFError, BrokenPipeError, pickle.UnpicklingError) as reason:
                self.close()
                raise UserError(
                    f"{path}: cannot be read: VTK's reader ends abnormally (code "
                    f"{process.returncode}): the file is truncated, damaged, or needs more memory "
                    "than is available"
                ) from reason
            except (
                BaseException
            ):  # such as an interrupt: the answer that is under way belongs to no later question
                self.close()
                raise
        if error:
            raise UserError(error)
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        # -P: nothing is imported from the current folder, which may be a stranger's
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        program = f"from {__name__} import serve; serve()"
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        atexit.register(self.close)
        return process

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            try:
                process.communicate(timeout=1)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


_reader = _Reader()


def serve() -> None:
    """Answer questions from stdin to stdout until it ends. What VTK prints goes nowhere."""
    from simulgenvae.data.readers.runs import vtk_series

    answers = os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    _limit_memory()
    open_once = lru_cache(maxsize=1)(vtk_series.open_checked)  # a reader holds its last timestep
    while (question := _next(sys.stdin.buffer)) is not None:
        path, what, step = question
        if what == "times":
            open_once.cache_clear()  # its files may have changed
        try:
            series = open_once(path)
            if what == "times":
                answer: tuple[str, Any] = "", series.times
            else:
                answer = "", series.mesh() if what == "mesh" else series.read(step)
        except UserError as error:
            answer = str(error), None
        pickle.dump(answer, answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()


def _next(questions: BinaryIO) -> tuple[Path, str, int] | None:
    try:
        question: tuple[Path, str, int] = pickle.load(questions)
    except EOFError:
        return None
    return question


def _limit_memory() -> None:
    """A file that claims to be endless ends this process, not the machine."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (available_memory(), resource.RLIM_INFINITY))
