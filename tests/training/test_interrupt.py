"""Ctrl-C and the flag it sets. That nothing is lost by it is in test_loop.py and test_train.py."""

from __future__ import annotations

import signal
import threading

import pytest
from torch import Tensor

from simulgenvae.training.batch import Batch
from simulgenvae.training.interrupt import Interrupted, interrupt_flag
from simulgenvae.training.stages.vae import VaeStage
from tests.conftest import MakeSettings
from tests.training.conftest import MakeProblem


def test_the_first_ctrl_c_sets_the_flag_and_the_second_interrupts() -> None:
    before = signal.getsignal(signal.SIGINT)
    with interrupt_flag() as flag:
        assert not flag.is_set()
        signal.raise_signal(signal.SIGINT)
        assert flag.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_the_handler_of_the_caller_is_put_back_after_an_error() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ZeroDivisionError), interrupt_flag():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is before


def test_outside_the_main_thread_signals_are_left_to_the_caller() -> None:
    """Python allows handlers in the main thread alone."""
    before, seen = signal.getsignal(signal.SIGINT), []

    def inside() -> None:
        with interrupt_flag() as flag:
            seen.append((flag.is_set(), signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert seen == [(False, before)]


def test_ctrl_c_twice_stops_at_once(make_problem: MakeProblem, make_settings: MakeSettings) -> None:
    class Twice(VaeStage):
        def losses(self, batch: Batch, kl_weight: float) -> dict[str, Tensor]:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            raise AssertionError("still running")

    problem = make_problem(make_settings())
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt) as caught:
        problem.loop().run([problem.stage("vae", Twice)])
    assert not isinstance(caught.value, Interrupted)
    assert signal.getsignal(signal.SIGINT) is before
