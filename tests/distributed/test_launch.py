from __future__ import annotations

import logging
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from torch.distributed.launcher.api import LaunchConfig

from simulgenvae.distributed.launch import (
    LaunchOptions,
    _open_meeting_point,
    open_store_on,
    process_count,
    run_agent,
)
from simulgenvae.errors import UserError

ONE_MACHINE = LaunchOptions(
    gpus=2,
    nnodes=1,
    node_rank=0,
    master_addr="",
    master_port=29500,
    max_restarts=0,
    timeout=10,
)


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("", 0)) as free:
        return int(free.getsockname()[1])


@pytest.mark.parametrize(
    ("wanted", "gpus", "processes"),
    [(None, 0, 1), (None, 3, 3), (1, 0, 1), (4, 0, 4), (2, 4, 2), (4, 4, 4)],
)
def test_one_process_per_gpu(wanted: int | None, gpus: int, processes: int) -> None:
    assert process_count(wanted, gpus=gpus) == processes


def test_more_processes_than_gpus() -> None:
    with pytest.raises(UserError, match=r"--gpus 4: this machine shows 2 GPUs; ask for 2"):
        process_count(4, gpus=2)


def test_a_free_port_is_used(free_port: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    host, port, store = _open_meeting_point(replace(ONE_MACHINE, master_port=free_port))
    assert store is not None
    assert (host, port, store.port) == ("localhost", free_port, free_port)
    assert not caplog.messages


@pytest.mark.parametrize("address", ["", "127.0.0.1"])
def test_another_port_when_it_is_in_use(address: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with socket.create_server((address, 0)) as busy:
        wanted = busy.getsockname()[1]
        _, port, store = _open_meeting_point(replace(ONE_MACHINE, master_port=wanted))
    assert store is not None
    assert port == store.port != wanted
    assert caplog.messages == [f"port {wanted} is not available; using port {port}"]


def test_two_launchers_at_the_same_moment_hold_different_ports(free_port: int) -> None:
    options = replace(ONE_MACHINE, master_port=free_port)
    meeting_points = [_open_meeting_point(options) for _ in range(2)]
    assert len({port for _, port, _ in meeting_points}) == 2


def test_two_launches_at_the_same_moment_both_end_well(tmp_path: Path, free_port: int) -> None:
    (tmp_path / "script.py").write_text("print('done')")
    code = (
        "from simulgenvae.distributed.launch import *\n"
        f"options = LaunchOptions(1, 1, 0, '', {free_port}, 0, 20)\n"
        "sys.exit(launch(['script.py'], options))"
    )
    launchers = [
        subprocess.Popen(
            [sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for launcher in launchers:
        assert launcher.communicate(timeout=60)[0] == "done\n"
        assert launcher.returncode == 0


def test_a_store_that_closes_leaves_its_port(free_port: int) -> None:
    store = open_store_on(free_port)
    assert store is not None
    assert open_store_on(free_port) is None
    del store
    assert open_store_on(free_port) is not None


def test_nobody_keeps_the_store(free_port: int) -> None:
    address = f"localhost:{free_port}"
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=1,
        rdzv_backend="c10d",
        rdzv_endpoint=address,
        rdzv_configs={"is_host": False, "read_timeout": 1},
    )
    with pytest.raises(UserError, match=f"cannot meet at {address} .*--master-addr"):
        run_agent(config, ["never_started.py"])
