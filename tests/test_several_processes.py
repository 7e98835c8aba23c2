"""Trainings in several processes: a process is killed, two machines, a mistake on one of them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil
import pytest
from safetensors.numpy import load_file

from simulgenvae.cli.main import main
from simulgenvae.data.dataset import Dataset
from simulgenvae.settings import StudyFolder

SETTINGS = """
[data]
validation_fraction = 0.1
[model]
filters = [16, 12]
latent_dim = 4
hierarchical_dim = 2
width = 32
[conditioner]
filters = [16]
[training]
device = "cpu"
optimizer = "adamw"
checkpoint_seconds = 0.1
vae.steps = 12
vae.batch_size = 4
conditioner.steps = 12
end_to_end.steps = {steps}
end_to_end.members = 2
end_to_end.from_scratch = false
"""
STEPS = 100
"""Number of steps of a stage that is long enough to be killed in its middle."""
ENVIRONMENT = os.environ | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="module")
def waves_with_many_steps(make_waves: Callable[..., Dataset]) -> Dataset:
    return make_waves(runs=12, timesteps=4, nodes=10)


@pytest.fixture
def make_study(tmp_path: Path, waves_with_many_steps: Dataset) -> Callable[..., StudyFolder]:
    def make(name: str, steps: int = 24) -> StudyFolder:
        study = StudyFolder(tmp_path / name)
        study.folder.mkdir()
        waves_with_many_steps.save(study.dataset)
        study.settings_file.write_text(SETTINGS.format(steps=steps))
        return study

    return make


def start(study: StudyFolder, *flags: object, on: Sequence[str] = ()) -> subprocess.Popen[str]:
    """Start ``simulgenvae train`` on a machine."""
    own = ["simulgenvae.cli.main", "train", str(study.folder), *map(str, flags)]
    command = [*on, sys.executable, "-m", *own]
    return subprocess.Popen(
        command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.01)


def newer(path: Path, nanoseconds: int) -> bool:
    """Whether a file, which is replaced now and then, was changed after a time."""
    return path.stat().st_mtime_ns > nanoseconds


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def free_port() -> int:
    with socket.create_server(("", 0)) as free:
        return int(free.getsockname()[1])


def assert_same_model(one: StudyFolder, other: StudyFolder) -> None:
    """Check that models agree within the rounding of sums that are taken in another order."""
    for path in (study_path.name for study_path in one.model_files if study_path.suffix != ".npy"):
        expected, found = (load_file(study.model_save / path) for study in (one, other))
        assert expected.keys() == found.keys()
        for name, value in expected.items():
            scale = max(1.0, float(np.abs(value).max(initial=0.0)))
            np.testing.assert_allclose(
                found[name], value, rtol=0, atol=2e-3 * scale, err_msg=f"{path}: {name}"
            )


def test_killed_ranks_are_started_again_and_train_the_same_model(
    make_study: Callable[..., StudyFolder], run_ranks: Callable[..., list[Any]]
) -> None:
    whole = make_study("whole", STEPS)
    killed = make_study("killed", STEPS)
    # Copies of this process have imported torch, as those that torchrun starts have not;
    # tests/test_every_way.py trains by torchrun.
    assert run_ranks(2, lambda: main(["train", str(whole.folder)])) == [0, 0]
    launcher = start(killed, "--gpus", 2, "--max-restarts", 1, "--master-port", free_port())
    wait_for((killed.checkpoints / "end_to_end.safetensors").exists)
    last = killed.checkpoints / "last.safetensors"
    for _ in range(2):  # checkpoints in the middle of the next stage
        wait_for(partial(newer, last, last.stat().st_mtime_ns))
    ranks = [
        child
        for child in psutil.Process(launcher.pid).children()
        if "simulgenvae.cli.main" in child.cmdline()
    ]
    ranks[-1].send_signal(signal.SIGKILL)
    code, _, err = ended(launcher)
    assert code == 0, err
    assert not list(killed.folder.rglob("*.writing"))
    for path in (path for path in whole.model_files if path.suffix != ".npy"):
        expected, found = load_file(path), load_file(killed.model_save / path.name)
        assert all(np.array_equal(found[name], value) for name, value in expected.items())


class Machines(NamedTuple):
    """Two machines that know each other."""

    on: list[list[str]]
    """Beginning of a command on each machine."""
    address: str
    """Address of the first machine."""
    cable: list[str]
    """Command that pulls the cable between them; empty where there is none."""


def _ip(command: str) -> str | None:
    """Return the output of a command of ``ip``; None where it fails."""
    try:
        return subprocess.run(
            ["ip", *command.split()], check=True, capture_output=True, text=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None


@pytest.fixture
def machines() -> Iterator[Machines]:
    """Return two network namespaces with a cable between them.

    Where this machine does not allow that, it counts as two.
    """
    a, b = names = [f"simulgenvae{os.getpid()}{each}" for each in "ab"]
    commands = [
        f"netns add {a}",
        f"netns add {b}",
        f"-n {a} link add cable type veth peer name cable netns {b}",
    ]
    for number, name in enumerate(names, 1):
        commands += [f"-n {name} addr add 10.98.0.{number}/24 dev cable"]
        commands += [f"-n {name} link set {device} up" for device in ("lo", "cable")]
    if any(_ip(command) is None for command in commands):
        yield Machines([[], []], "localhost", [])
    else:
        on = [["ip", "netns", "exec", name, "env", "GLOO_SOCKET_IFNAME=cable"] for name in names]
        yield Machines(on, "10.98.0.1", f"ip -n {a} link set cable down".split())
    for name in names:
        for process in (_ip(f"netns pids {name}") or "").split():  # those of a test that failed
            os.kill(int(process), signal.SIGKILL)
        _ip(f"netns delete {name}")


def test_two_machines_train_what_one_process_does(
    make_study: Callable[..., StudyFolder], machines: Machines
) -> None:
    alone = make_study("alone")
    shared = make_study("shared")
    flags = (
        "--nnodes",
        2,
        "--master-addr",
        machines.address,
        "--master-port",
        free_port(),
        "--gpus",
        1,
    )
    first, second = (
        start(shared, *flags, "--node-rank", node, on=machines.on[node]) for node in (0, 1)
    )
    assert main(["train", str(alone.folder)]) == 0
    for process in (first, second):
        code, out, err = ended(process)
        assert code == 0, err
        assert out.count("The model is in") == (process is first)
    assert_same_model(alone, shared)


def test_a_machine_that_vanishes_silently_is_given_up(
    make_study: Callable[..., StudyFolder], machines: Machines
) -> None:
    if not machines.cable:
        pytest.skip("no network namespaces here")
    study = make_study("study", 100_000)
    flags = ("--nnodes", 2, "--master-addr", machines.address, "--gpus", 1, "--timeout", 10)
    timeout = ("--set", "training.rank_timeout=3")
    processes = [
        start(study, *flags, *timeout, "--node-rank", node, on=machines.on[node]) for node in (0, 1)
    ]
    wait_for((study.checkpoints / "conditioner.safetensors").exists)
    subprocess.run(machines.cable, check=True)
    for process in processes:
        code, _, err = ended(process)
        assert code not in {0, 1}, err
        assert "another rank cannot be reached" in err
        assert "Traceback" not in err


def test_a_machine_with_other_settings_is_named_on_both(
    make_study: Callable[..., StudyFolder],
) -> None:
    study, port = make_study("study"), free_port()
    flags = ("--nnodes", 2, "--master-addr", "localhost", "--master-port", port, "--gpus", 1)
    processes = (
        start(study, *flags),
        start(study, *flags, "--node-rank", 1, "--set", "training.seed=1"),
    )
    for process in processes:
        code, _, err = ended(process)
        assert code == 2
        assert (
            err.count(
                "rank 1 does not train the same study as rank 0: settings.training.seed was 0 "
                "and is 1"
            )
            == 1
        )
    assert not study.model_save.exists()
