"""Starting a command in one process per GPU, on one machine or several.

The calling process itself is torch's elastic agent: it starts the processes, starts them again
after one is lost, passes signals on and knows the exit code of the one that failed. torchrun as a
command runs the same agent, but turns every exit code into 1 and adds a traceback.

The first machine's launcher keeps the store in which agents and ranks meet, on a port that it binds
and holds in one step. torch's agent can do so only for a second store of the ranks, on a random
port that a firewall between machines would have to let through. ``benchmarks/ranks/kills.py`` with
this launcher: ten kills, the model has the same bits as that of an undisturbed training.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import tempfile
import threading
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from torch import get_num_threads
from torch._C._distributed_c10d import TCPStore
from torch.cuda import device_count
from torch.distributed import DistError
from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.elastic.rendezvous.api import RendezvousError, RendezvousTimeoutError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from simulgenvae.distributed.failures import limit_tcp_silence
from simulgenvae.distributed.rendezvous import STORE_VARIABLE
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

logger = logging.getLogger(__name__)

SIGNAL_EXIT_CODE = 128
"""Base of the exit codes that, by convention, mean that a signal ended a process."""


@dataclass(frozen=True)
class LaunchOptions:
    """Number of processes, and how they meet.

    Parameters
    ----------
    gpus
        Processes on this machine, each on its own GPU, or on the CPU where there is none. None for
        one per GPU.
    nnodes, node_rank
        Number of machines, and the number of this one, from 0.
    master_addr, master_port
        Address of the first machine, and the port on which the processes meet. On a single machine
        the address is not needed, and another port is taken where this one is in use.
    max_restarts
        Number of times that all processes are started again after one is lost.
    timeout
        Time to wait for the other machines, in seconds.
    """

    gpus: int | None
    nnodes: int
    node_rank: int
    master_addr: str
    master_port: int
    max_restarts: int
    timeout: int


def launch(command: Sequence[str], options: LaunchOptions) -> int:
    """Run a Python command in several processes and wait for them.

    Parameters
    ----------
    command
        A script, or ``-m`` and a module, with arguments.

    Returns
    -------
    int
        Exit code of the process that failed first; 0 when none failed, 128 + signal after a signal.

    Raises
    ------
    UserError
        The processes cannot be started or cannot meet.
    """
    processes = process_count(options.gpus, gpus=device_count())
    if not device_count():
        logger.info("no GPU here: %d process%s on the CPU", processes, "es" * (processes > 1))
    _divide_threads(processes)
    host, port, store = _open_meeting_point(options)
    address = f"{host}:{port}"
    os.environ[STORE_VARIABLE] = address
    # The agent would open a second store for the ranks, under the name that it gives the
    # others; the names below are for their order only and are no addresses.
    os.environ["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"
    with tempfile.TemporaryDirectory(prefix="launch_ddp_") as logs, _silent_machines(options):
        config = LaunchConfig(
            min_nodes=options.nnodes,
            max_nodes=options.nnodes,
            nproc_per_node=processes,
            max_restarts=options.max_restarts,
            rdzv_backend="c10d",
            rdzv_endpoint=address,
            rdzv_configs={
                "is_host": False,  # the store is open already
                "join_timeout": options.timeout,
                "read_timeout": options.timeout,
            },
            # On a single machine nobody else knows the name, so that no other launcher can join
            # this training when it is given the same port by mistake.
            run_id=uuid.uuid4().hex if options.nnodes == 1 else "simulgenvae",
            # torch numbers the machines in the order of their names.
            local_addr=f"{options.node_rank:06d}-{socket.gethostname()}",
            # By default torch leaves a folder of logs for each launch.
            logs_specs=DefaultLogsSpecs(log_dir=logs),
        )
        code = run_agent(config, command)
    del store  # it must stay open until here: ranks of all machines meet in it after every restart
    return code


def process_count(wanted: int | None, *, gpus: int) -> int:
    """Return the number of processes to start on this machine, one per GPU by default.

    Raises
    ------
    UserError
        More processes than GPUs are wanted, on a machine that has any.
    """
    if wanted is None:
        return max(1, gpus)
    if 0 < gpus < wanted:
        raise UserError(
            f"--gpus {wanted}: this machine shows {gpus} GPU{'s' * (gpus > 1)}; ask for {gpus} at "
            "most."
        )
    return wanted


def _divide_threads(processes: int) -> None:
    """Divide the cores among the processes, unless the user has set the number of threads.

    torchrun would give each process one thread, and torch itself each of them all cores.
    """
    if processes > 1:
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, get_num_threads() // processes)))


def _open_meeting_point(options: LaunchOptions) -> tuple[str, int, TCPStore | None]:
    """Return host and port where the processes meet, and the store where this machine keeps it."""
    if options.nnodes == 1:
        # On one machine nobody else needs to know the port, so any free one will do.
        store = open_store_on(options.master_port) or open_store_on(0)
        if store is None:
            raise UserError("This machine lets no program listen on a port.")
        if store.port != options.master_port:
            logger.info("port %d is not available; using port %d", options.master_port, store.port)
        return "localhost", store.port, store
    if options.node_rank >= options.nnodes:
        raise UserError(
            f"--node-rank {options.node_rank}: {options.nnodes} machines are numbered from 0."
        )
    if not options.master_addr:
        raise UserError(
            "--nnodes needs --master-addr, the address of the first machine (--node-rank 0)."
        )
    # Only the first machine opens the store; the others will connect to it.
    if options.node_rank > 0:
        return options.master_addr, options.master_port, None
    store = open_store_on(options.master_port)
    if store is None:
        raise UserError(
            f"--master-port {options.master_port} is in use on this machine: give another one, "
            "the same everywhere."
        )
    return options.master_addr, options.master_port, store


def open_store_on(port: int) -> TCPStore | None:
    """Return a store that listens on ``port``, or on a free port for 0; None where it is in use.

    Looking for a free port first and opening the store afterwards would leave a moment in which
    another launcher finds the same port.
    """
    try:
        return TCPStore(
            "localhost",
            port,
            is_master=True,
            wait_for_workers=False,
            timeout=timedelta(seconds=60),
        )
    except DistError:
        return None


def run_agent(config: LaunchConfig, command: Sequence[str]) -> int:
    """Run torch's agent until all processes have ended; return the exit code as :func:`launch`.

    Raises
    ------
    UserError
        The agents of all machines cannot meet: the first machine is not there, another one has not
        come in time, or the network failed.
    """
    address = config.rdzv_endpoint
    try:
        with _without_logs():
            # -u: lines of the processes appear at once, not when a buffer is full.
            elastic_launch(config, sys.executable)("-u", *command)
    except ChildFailedError as failed:
        rank, failure = failed.get_first_failure()
        if failure.exitcode >= 0:
            return failure.exitcode  # the process has printed why
        logger.info(
            "process %d was ended by %s; SIGKILL often means that memory ran out",
            rank,
            failure.signal_name(),
        )
        return SIGNAL_EXIT_CODE - failure.exitcode
    except SignalException as stop:
        return SIGNAL_EXIT_CODE + stop.sigval
    except RendezvousTimeoutError:
        raise UserError(
            f"not all machines came to {address} in time (--timeout): is each of them started?"
        ) from None
    except (RendezvousError, DistError) as error:
        cause = str(error.__cause__ or error) or type(error).__name__
        raise UserError(
            f"the processes cannot meet at {address} ({cause.splitlines()[0]}). At the start: is "
            "that the address of the first machine (--master-addr), is it started with "
            "--node-rank 0, and is the port (--master-port) free there and let through by "
            "firewalls? Later: that machine has ended, and says why, or the network failed."
        ) from None
    return 0


@contextmanager
def _silent_machines(options: LaunchOptions) -> Iterator[None]:
    """Let the agent's connections fail when another machine is silent for ``options.timeout``.

    The agent opens connections at any time, also after a restart, so that a thread sets their
    time-out again and again.
    """
    over = threading.Event()

    def watch() -> None:
        while not over.wait(1.0):
            limit_tcp_silence(options.timeout)

    thread = threading.Thread(target=watch, name="silent machines")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def _without_logs() -> Iterator[None]:
    """Keep back the agent's log: a page for each process that fails, below its own message."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
