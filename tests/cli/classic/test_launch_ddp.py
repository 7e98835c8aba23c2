"""The classic launcher as users start it: real processes in the folder of a study.

``tests/test_every_way.py`` trains with it in several processes.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
REPORT = """
import os, pathlib, sys, time
reported = pathlib.Path(__file__).with_name("reported")
rank = os.environ["RANK"]
line = " ".join([rank, os.environ["OMP_NUM_THREADS"], os.getcwd(), *sys.argv[1:]])
try:  # the signal may come as soon as the line is out
    os.write(1, f"{line}\\n".encode())
    if rank == "1":
        print("the reason", file=sys.stderr, flush=True)
        while not reported.exists():  # the failure ends process 0, which may still be starting
            time.sleep(0.05)
        sys.exit(7)
    reported.touch()
    time.sleep(60)
except KeyboardInterrupt:
    print("stopped", flush=True)
"""
"""Replacement of SimulGen-VAE.py that prints how it was started.

Process 1 fails, process 0 waits.
"""


def start(
    folder: Path, *flags: str, script: Path = ROOT / "launch_ddp.py", **env: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, script, *flags],
        cwd=folder,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"} | env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def free_port() -> str:
    """Return a port that no other test takes, as they all would the usual one."""
    with socket.create_server(("", 0)) as free:
        return str(free.getsockname()[1])


@pytest.fixture
def reporting_launcher(tmp_path: Path) -> Path:
    """Copy the launcher to a folder with another SimulGen-VAE.py."""
    (tmp_path / "program").mkdir()
    (tmp_path / "program/SimulGen-VAE.py").write_text(REPORT)
    return Path(shutil.copy(ROOT / "launch_ddp.py", tmp_path / "program"))


def test_help_names_every_classic_flag(tmp_path: Path) -> None:
    done = start(tmp_path, "--help")
    assert done.returncode == 0
    for flag in (
        "--gpus",
        "--preset",
        "--plot",
        "--lc_only",
        "--size",
        "--load_all",
        "--master_port",
        "--resume",
    ):
        assert flag in done.stdout


def test_a_classic_study_is_trained_although_the_port_is_taken(classic_study: Path) -> None:
    with socket.create_server(("", 0)) as busy:
        port = busy.getsockname()[1]
        done = start(
            classic_study,
            "--gpus",
            "1",
            "--preset=1",
            "--size",
            "large",
            "--master_port",
            str(port),
        )
    assert done.returncode == 0, done.stderr
    assert f"port {port} is not available; using port" in done.stdout
    assert (classic_study / "model_save/SimulGen-VAE").is_file()
    assert (classic_study / "output/metrics.json").is_file()


def test_a_mistake_is_said_by_one_of_several_processes(tmp_path: Path) -> None:
    done = start(tmp_path, "--gpus", "2", "--master_port", free_port())
    assert done.returncode == 2
    assert done.stdout == "no GPU here: 2 processes on the CPU\n"
    assert done.stderr.startswith("error: rank ")
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_the_processes_get_flags_folder_and_threads_and_the_first_failure_decides(
    tmp_path: Path, reporting_launcher: Path
) -> None:
    study = tmp_path / "study"
    study.mkdir()
    flags = (
        "--gpus=2",
        "--master_port",
        free_port(),
        "--preset",
        "3",
        "--load_all=1",
        "--resume",
        "--set",
        "model.filters=64 32",
    )
    done = start(study, *flags, script=reporting_launcher, OMP_NUM_THREADS="3")
    assert done.returncode == 7
    assert done.stderr == "the reason\n"
    passed = "--use_ddp --preset=3 --plot=2 --lc_only=0 --load_all=1 --resume"
    started = f"3 {study} {passed} --set=model.filters=64 32"
    assert sorted(done.stdout.splitlines())[:2] == [f"0 {started}", f"1 {started}"]


def test_ctrl_c_reaches_the_process(tmp_path: Path, reporting_launcher: Path) -> None:
    command = [sys.executable, str(reporting_launcher), "--gpus", "1"]
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    ) as launcher:
        assert launcher.stdout
        for line in launcher.stdout:
            if "--use_ddp" in line:
                break
        time.sleep(0.5)  # torch's launcher may still be noting which process it has started
        launcher.send_signal(signal.SIGINT)
        assert launcher.stdout.read() == "stopped\n"
    assert launcher.returncode == 130
