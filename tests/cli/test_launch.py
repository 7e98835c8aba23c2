"""Flags of several processes: what is passed on to each, mistakes and their messages."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from simulgenvae.cli.classic.launch_ddp import main, parser, passed_on
from simulgenvae.cli.classic.simulgen_vae import main as simulgen_vae
from simulgenvae.cli.classic.simulgen_vae import parser as script_parser
from simulgenvae.distributed.rendezvous import STORE_VARIABLE


@pytest.mark.parametrize(
    ("arguments", "flags"),
    [
        ("", "--preset=1 --plot=2 --lc_only=0"),
        (
            "--gpus 4 --preset 2 --size large --master_port 29501",
            "--preset=2 --plot=2 --lc_only=0 --size=large",
        ),
        (
            "--gpus=4 --plot=1 --lc_only=1 --load_all=0",
            "--preset=1 --plot=1 --lc_only=1 --load_all=0",
        ),
        ("--plot 0 --load_all 1 --resume", "--preset=1 --plot=0 --lc_only=0 --load_all=1 --resume"),
    ],
)
def test_flags_are_passed_on_in_the_classic_form(arguments: str, flags: str) -> None:
    assert passed_on(parser().parse_args(arguments.split())) == ["--use_ddp", *flags.split()]


def test_settings_are_passed_on_as_they_are() -> None:
    overrides = ["--set", "model.filters=64 32", "--set=training.vae.epochs="]
    passed = passed_on(parser().parse_args(overrides))
    assert passed[-2:] == ["--set=model.filters=64 32", "--set=training.vae.epochs="]
    assert script_parser().parse_args(passed).overrides == [
        "model.filters=64 32",
        "training.vae.epochs=",
    ]


def test_the_script_knows_every_flag_that_is_passed_on(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    everything = (
        "--preset 5 --plot 1 --lc_only 1 --size large --load_all 1 --resume --set training.seed=1"
    )
    assert simulgen_vae(passed_on(parser().parse_args(everything.split()))) == 2
    assert "usage" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags",
    [
        ("--gpus", "0"),
        ("--gpus=-1",),
        ("--gpus", "all"),
        ("--gpu", "1"),
        ("--master_port", "65536"),
        ("--master_port=0",),
        ("--size", "medium"),
        ("--preset", "6"),
    ],
)
def test_unknown_flags_and_values(
    flags: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(Path("SimulGen-VAE.py"), flags)
    assert stop.value.code == 2
    assert "usage: launch_ddp.py" in capsys.readouterr().err


def test_the_script_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(tmp_path / "SimulGen-VAE.py", ()) == 2
    assert f"error: {tmp_path}/SimulGen-VAE.py: no such file" in capsys.readouterr().err


@pytest.fixture
def several(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """Return a function that starts one of two machines and returns its message."""
    script = tmp_path / "SimulGen-VAE.py"
    script.write_text("raise SystemExit('started')")
    for name in (STORE_VARIABLE, "TORCH_DISABLE_SHARE_RDZV_TCP_STORE", "TORCH_CPP_LOG_LEVEL"):
        monkeypatch.setenv(name, "")  # what the launcher sets is gone after the test
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")

    def run(*flags: str) -> str:
        assert main(script, ["--nnodes=2", "--timeout=1", *flags]) == 2
        return capsys.readouterr().err

    return run


def test_mistakes_with_several_machines(several: Callable[..., str]) -> None:
    assert "--nnodes needs --master-addr" in several()
    assert "--node-rank 2: 2 machines are numbered from 0" in several(
        "--node-rank=2", "--master-addr=localhost"
    )
    with socket.create_server(("", 0)) as busy:
        port = str(busy.getsockname()[1])
        assert f"--master-port {port} is in use" in several(
            "--master-addr=localhost", "--master-port", port
        )


def test_a_first_machine_that_is_not_there(several: Callable[..., str]) -> None:
    with socket.create_server(("", 0)) as free:
        port = free.getsockname()[1]
    said = several("--node-rank=1", "--master-addr=localhost", f"--master-port={port}")
    assert f"error: the processes cannot meet at localhost:{port}" in said
    assert "is it started with --node-rank 0" in said
    assert said.count("\n") == 1


def test_a_machine_that_does_not_come(several: Callable[..., str]) -> None:
    with socket.create_server(
        ("", 0)
    ) as free:  # other tests may use the usual one at the same time
        port = free.getsockname()[1]
    said = several("--master-addr=localhost", f"--master-port={port}")
    assert f"not all machines came to localhost:{port} in time (--timeout)" in said


def test_nobody_joins_a_training_on_one_machine_by_mistake(
    several: Callable[..., str], tmp_path: Path
) -> None:
    started, over, waits = (tmp_path / name for name in ("started", "over", "waits.py"))
    waits.write_text(
        "import pathlib, time\n"
        f"pathlib.Path({str(started)!r}).touch()\n"
        f"while not pathlib.Path({str(over)!r}).exists():\n    time.sleep(0.05)\n"
    )
    with socket.create_server(("", 0)) as free:
        port = str(free.getsockname()[1])
    code = (
        "import sys\n"
        "from simulgenvae.cli.classic.launch_ddp import *\n"
        f"sys.exit(main(Path({str(waits)!r}), ['--master-port={port}']))"
    )
    training = subprocess.Popen([sys.executable, "-c", code])
    while not started.exists():
        time.sleep(0.05)
    assert "not all machines came" in several(
        "--node-rank=1", "--master-addr=localhost", "--master-port", port
    )
    over.touch()
    assert training.wait(timeout=60) == 0
