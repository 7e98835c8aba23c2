"""Reading in another process, for VTK's readers that a damaged file can crash.

The process answers questions over its pipes; whatever VTK prints is dropped. Measured instead of
this: ``ProcessPoolExecutor`` (spawn) imports from the current folder when it starts
(a stranger's ``multiprocessing.py`` there was executed), and runs a user's
script again that has no ``__main__`` guard. Here nothing is imported from there, ``-P``. Pickles
go between these two processes only; no file is ever unpickled.
"""

from __future__ import annotations

import atexit
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NamedTuple

import numpy as np

from simulgenvae.data.readers.runs.series import Series, Snapshot
from simulgenvae.errors import UserError
from simulgenvae.utils.damage import unreadable_reported
from simulgenvae.utils.resources import available_memory

if TYPE_CHECKING:
    from numpy.typing import NDArray

Open = Callable[[Path], Series]
Check = Callable[[Path], None]
What = Literal["times", "snapshots", "mesh", "notes"]


_BATCH_BYTES = 2**20
"""Size of timesteps that come in one answer: passing the turn takes as long as a small timestep."""
_SECONDS = 900
"""Longest time for an answer. A damaged file may make VTK read forever, and no interrupt that
Python handles would reach it."""
_OPEN_FILES = 4
"""Number of files that stay open: a run may have a file for each field, read in turns."""


class _Opening(NamedTuple):
    """Functions that open a run in the other process; pickle sends them by their names."""

    path: Path
    open: Open
    check: Check | None

    def series(self) -> Series:
        """Return the run, once its file is checked."""
        if self.check is not None:
            self.check(self.path)
        return self.open(self.path)


class _Question(NamedTuple):
    """Request to the other process.

    Attributes
    ----------
    run
        Number of the run that it is about.
    path
        File or folder of the run, for messages.
    what, steps
        What is asked, and of which timesteps.
    opening
        What opens the run; None where it is open. It may name thousands of files, and would take
        as long as a small timestep.
    forget
        Numbers of runs that are no longer needed.
    seconds
        Longest time for the answer, which then ends the process.
    """

    run: int
    path: Path
    what: What
    steps: range
    opening: _Opening | None
    forget: tuple[int, ...]
    seconds: int


def open_isolated(path: Path, opener: Open, check: Check | None = None) -> Series:
    """Open a run in another process, which reads one timestep at a time.

    Parameters
    ----------
    path
        File or folder of the run.
    opener, check
        Functions of a module, as of a :class:`~.run_format.RunFormat`, or ``partial`` of one; the
        file is checked before it is opened.

    Raises
    ------
    UserError
        When ``opener`` or ``check`` do, and when the file ends the process.
    """
    run = next(_numbers)
    opening = _Opening(path.absolute(), opener, check)

    def ask(what: What, steps: range = range(0)) -> Any:
        return _reader.ask(run, opening, what, steps, path)

    times = np.asarray(ask("times"))
    batches = _Batches(len(times), partial(ask, "snapshots"))
    return Series(path, times, batches.snapshot, lambda: ask("mesh"), notes=lambda: ask("notes"))


_numbers = count()


class _Answer(NamedTuple):
    """Timestep as it goes through the pipe.

    Attributes
    ----------
    snapshot
        The timestep; with empty positions where the nodes have not moved.
    has_moved
        Whether positions differ from the timestep before.
    """

    snapshot: Snapshot
    has_moved: bool


class _Batches:
    """Timesteps of a run: several at once where they are small and read one after the other."""

    def __init__(self, count: int, ask: Callable[[range], list[_Answer]]) -> None:
        self._count = count
        self._ask = ask
        self._before = -1
        self._size = 0
        self._coords: NDArray[Any] = np.empty(0)
        self._read: dict[int, Snapshot] = {}

    def snapshot(self, step: int) -> Snapshot:
        """Return a timestep."""
        if step not in self._read:
            is_next = step == self._before + 1 and self._size > 0
            most = max(1, _BATCH_BYTES // self._size) if is_next else 1
            self._read.clear()
            answers = self._ask(range(step, min(step + most, self._count)))
            self._read |= enumerate(map(self._received, answers), step)
        found = self._read.pop(step)
        self._before = step
        self._size = sum(values.nbytes for values in found.fields.values())
        return found

    def _received(self, answer: _Answer) -> Snapshot:
        # One array for all timesteps: comparing it with itself takes no time.
        if answer.has_moved and not np.array_equal(self._coords, answer.snapshot.coords):
            self._coords = answer.snapshot.coords
        return answer.snapshot._replace(coords=self._coords)


class _Reader:
    """The other process, started at the first question, and again after a file has ended it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._opened: list[int] = []
        self._forget: list[int] = []
        self._lock = Lock()

    def ask(self, run: int, opening: _Opening, what: What, steps: range, path: Path) -> Any:
        """Return the answer; raise UserError about ``path`` when there is none."""
        with self._lock:
            process = self._process or self._start()
            self._process = process
            assert process.stdin is not None
            assert process.stdout is not None
            question = self._question(run, opening, what, steps)
            try:
                pickle.dump(question, process.stdin)
                process.stdin.flush()
                error, answer = pickle.load(process.stdout)
            except (EOFError, BrokenPipeError, pickle.UnpicklingError) as reason:
                self.close()
                raise UserError(
                    f"{path}: cannot be read: VTK's reader {_end(process.returncode)}. If another "
                    "program opens the file, convert it there to .vtu or .vtkhdf"
                ) from reason
            except BaseException:
                # After an interrupt the answer is still to come: it must not reach the next
                # question.
                self.close()
                raise
            if error:
                # Perhaps it could not be opened.
                self._opened.remove(run)
                self._forget.append(run)
                raise UserError(error)
        return answer

    def _question(self, run: int, opening: _Opening, what: What, steps: range) -> _Question:
        """Return a question, which opens the run where it is not open."""
        # VTK's readers keep their last timestep in memory. Readers of earlier runs are closed when
        # another one is opened, so that only few stay open.
        is_open = run in self._opened
        if not is_open:
            most = 0 if what == "times" else _OPEN_FILES - 1
            while len(self._opened) > most:
                self._forget.append(self._opened.pop(0))
            self._opened.append(run)
        forget = tuple(self._forget)
        self._forget.clear()
        return _Question(
            run, opening.path, what, steps, None if is_open else opening, forget, _SECONDS
        )

    def _start(self) -> subprocess.Popen[bytes]:
        # -P: nothing is imported from the current folder, which may be a stranger's.
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        program = f"from {__name__} import answer_questions; answer_questions()"
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        atexit.register(self.close)
        return process

    def close(self) -> None:
        """End the process; the next question starts another one."""
        process = self._process
        self._process = None
        self._opened.clear()
        self._forget.clear()
        if process is not None:
            try:
                process.communicate(timeout=1)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


_reader = _Reader()


def _end(code: int | None) -> str:
    """Return words about the end of the other process with this exit code."""
    if sys.platform != "win32" and code == -signal.SIGALRM:
        return f"does not end within {_SECONDS} seconds: the file may be damaged"
    return (
        f"ends abnormally (code {code}): the file may be damaged, be sound and of a kind that VTK "
        "does not know, or need more memory than is available"
    )


def answer_questions() -> None:
    """Answer questions from stdin on stdout until it ends: the program of the other process."""
    answers = os.fdopen(os.dup(1), "wb")
    # VTK writes to these descriptors itself, past Python's sys.stdout.
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    _limit_memory()
    opened: dict[int, _Opened] = {}
    while (question := _next(sys.stdin.buffer)) is not None:
        _limit_time(question.seconds)
        for run in question.forget:
            opened.pop(run, None)
        answer: tuple[str, Any]
        try:
            with unreadable_reported(str(question.path)):
                if question.opening is not None:
                    opened[question.run] = _Opened(question.opening.series())
                answer = ("", opened[question.run].answer(question))
        except UserError as error:
            answer = (str(error), None)
        _limit_time(0)
        pickle.dump(answer, answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()


class _Opened:
    """Open run, with the positions that were sent last: most meshes do not move."""

    def __init__(self, series: Series) -> None:
        self._series = series
        self._sent: NDArray[Any] | None = None

    def answer(self, question: _Question) -> Any:
        """Return the answer to a question about the run."""
        if question.what == "times":
            return self._series.times
        if question.what == "notes":
            return list(self._series.notes())
        if question.what == "mesh":
            return self._series.mesh()
        first, *others = question.steps
        answers = [self._snapshot(first)]
        for step in others:
            try:
                answers.append(self._snapshot(step))
            except Exception:
                # It is read again when its turn comes, and what is wrong is said then.
                break
        return answers

    def _snapshot(self, step: int) -> _Answer:
        found = self._series.read(step)
        # Copies: a reader may write its next timestep into the same arrays.
        fields = {name: np.array(values) for name, values in found.fields.items()}
        if self._sent is not None and np.array_equal(found.coords, self._sent):
            return _Answer(found._replace(coords=self._sent[:0], fields=fields), has_moved=False)
        self._sent = np.array(found.coords)
        return _Answer(found._replace(coords=self._sent, fields=fields), has_moved=True)


def _next(questions: BinaryIO) -> _Question | None:
    try:
        question: _Question = pickle.load(questions)
    except EOFError:
        return None
    return question


def _limit_time(seconds: int) -> None:
    """End this process after some seconds; 0 for never."""
    if sys.platform != "win32":
        # Without a handler the system ends the process, also inside of VTK.
        signal.alarm(seconds)


def _limit_memory() -> None:
    """Make a file that claims to be endless end this process, not the machine."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (available_memory(), resource.RLIM_INFINITY))
