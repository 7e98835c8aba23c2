"""Start a training in one process per GPU, on one machine or several, as torchrun would.

The calling process itself is torchrun's agent. So it passes signals on to the processes that it has
started, and knows the exit code of one that fails; torchrun as a command makes 1 of every code and
adds its own traceback.
"""

from __future__ import annotations

import argparse
import logging
import os
import socket
import tempfile
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console

from simulgenvae.cli.classic.arguments import positive
from simulgenvae.errors import UserError

SIGNALLED = 128
"""Exit codes above this one are, by convention, those of processes that a signal ended."""
PORT = 29500


def add_launch(parser: argparse.ArgumentParser) -> None:
    """Where the processes run and how they meet; the spelling with _ is torchrun's."""
    group = parser.add_argument_group("several processes")
    group.add_argument(
        "--gpus",
        type=positive,
        help="processes on this machine, each on its own GPU, or on the CPU (default with --nnodes or --max-restarts: "
        "one per GPU)",
    )
    group.add_argument(
        "--nnodes", type=positive, default=1, help="machines; start the same command on each"
    )
    group.add_argument(
        "--node-rank",
        "--node_rank",
        type=_count,
        default=0,
        help="which one this is: 0 for the first (default), 1 …",
    )
    group.add_argument(
        "--master-addr", "--master_addr", default="", help="address of the first machine"
    )
    group.add_argument(
        "--master-port",
        "--master_port",
        type=_port,
        default=PORT,
        help=f"port where the processes meet (default {PORT}); on a single machine another one when it is in use",
    )
    group.add_argument(
        "--max-restarts",
        "--max_restarts",
        type=_count,
        default=0,
        help="how often to go on from the last checkpoint when a process or a machine was lost (default 0)",
    )
    group.add_argument(
        "--timeout",
        type=positive,
        default=600,
        help="seconds to wait for the other machines (default 600)",
    )


def asks_for_several(options: argparse.Namespace) -> bool:
    """Whether a command that may have these arguments is to run in processes of its own."""
    if "nnodes" not in options:
        return False
    return (options.gpus or 1) > 1 or options.nnodes > 1 or options.max_restarts > 0


def without_launch(arguments: Sequence[str]) -> list[str]:
    """A command line without these arguments: that of each process."""
    own = argparse.ArgumentParser(allow_abbrev=False, add_help=False)
    add_launch(own)
    return own.parse_known_args(arguments)[1]


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _port(text: str) -> int:
    if positive(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port: they end at 65535")
    return int(text)


def launch(command: Sequence[str], options: argparse.Namespace, console: Console) -> int:
    """Run ``command``, a script or ``-m`` and a module with arguments, in the processes asked for,
    and wait for them.

    Returns the exit code of the first that fails, 0 when none does, 128 + signal after a signal.
    UserError where they cannot be started or cannot meet.
    """
    # What torch's C++ logs of lost connections is pages of addresses; errors reach us, and the
    # user, by themselves.
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "FATAL")  # read when torch is imported
    from torch.cuda import device_count

    from simulgenvae.distributed.rendezvous import ADDRESS

    processes = processes_for(options.gpus, gpus=device_count())
    if not device_count():
        console.print(f"no GPU here: {processes} process{'es' * (processes > 1)} on the CPU")
    _share_threads(processes)
    host, port = meeting_point(options, console)
    os.environ[ADDRESS] = f"{host}:{port}"
    # Torch orders machines by the names they give, and needs a name that it can reach only for a
    # store of its own.
    os.environ["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"
    name = f"{options.node_rank:06d}-{socket.gethostname()}"
    # Of a training on one machine nobody else knows the name, so that none can join by mistake who
    # takes the same port.
    training = uuid.uuid4().hex if options.nnodes == 1 else "simulgenvae"
    meeting = {
        "is_host": options.node_rank == 0,
        "join_timeout": options.timeout,
        "read_timeout": options.timeout,
    }
    with tempfile.TemporaryDirectory(
        prefix="launch_ddp_"
    ) as logs:  # torchrun would leave a folder of its own
        addressed = [
            f"--nnodes={options.nnodes}",
            f"--nproc_per_node={processes}",
            f"--max_restarts={options.max_restarts}",
            "--rdzv_backend=c10d",
            f"--rdzv_endpoint={host}:{port}",
            f"--rdzv_id={training}",
            f"--rdzv_conf={','.join(f'{key}={value}' for key, value in meeting.items())}",
            f"--local_addr={name}",
            f"--log_dir={logs}",
        ]
        with _limited_silence(options.timeout):
            return torchrun([*addressed, *command], f"{host}:{port}", console)


def processes_for(asked: int | None, *, gpus: int) -> int:
    """How many processes to start: as many as asked for, or one per GPU; UserError for more than
    there are GPUs."""
    if asked is None:
        return max(1, gpus)
    if 0 < gpus < asked:
        raise UserError(
            f"--gpus {asked}: this machine shows {gpus} GPU{'s' * (gpus > 1)}; ask for {gpus} at "
            "most."
        )
    return asked


def _share_threads(processes: int) -> None:
    """Share the cores among the processes, where the user has not said how; torchrun would give
    each one thread."""
    from torch import get_num_threads

    if processes > 1:
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, get_num_threads() // processes)))


def meeting_point(options: argparse.Namespace, console: Console) -> tuple[str, int]:
    """Host and port where the processes meet; UserError where several machines cannot meet
    there."""
    if options.nnodes == 1:
        return "localhost", free_port(options.master_port, console)
    if options.node_rank >= options.nnodes:
        raise UserError(
            f"--node-rank {options.node_rank}: {options.nnodes} machines are numbered from 0."
        )
    if not options.master_addr:
        raise UserError(
            "--nnodes needs --master-addr, the address of the first machine (--node-rank 0)."
        )
    if options.node_rank == 0 and not is_free(options.master_port):
        raise UserError(
            f"--master-port {options.master_port} is in use on this machine: give another one, "
            "the same everywhere."
        )
    return options.master_addr, options.master_port


def free_port(wanted: int, console: Console) -> int:
    """``wanted`` where it can be listened on, else a port that the system says is free (told in one
    line)."""
    if is_free(wanted):
        return wanted
    with socket.create_server(("", 0)) as free:
        port = int(free.getsockname()[1])
    console.print(f"port {wanted} is not available; using port {port}")
    return port


def is_free(port: int) -> bool:
    """Whether this machine can listen on ``port``."""
    try:
        with socket.create_server(("", port)):
            return True
    except OSError:
        return False


def torchrun(arguments: list[str], where: str, console: Console) -> int:
    """Be torchrun with these arguments; returns the exit code of the process that failed first, 0
    when none did.

    UserError when the processes cannot meet at ``where``: another program may have taken the port
    after it was found free, the first machine may not be there, or another one may not have come.
    """
    from torch.distributed import DistError
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.elastic.rendezvous.api import RendezvousError, RendezvousTimeoutError
    from torch.distributed.run import parse_args, run

    try:
        with _quiet_logs():
            run(parse_args(arguments))  # type: ignore[no-untyped-call]
    except ChildFailedError as failed:
        rank, failure = failed.get_first_failure()
        if failure.exitcode >= 0:
            return failure.exitcode  # the process has said why
        console.print(
            f"process {rank} was ended by {failure.signal_name()}; SIGKILL often means that "
            "memory ran out"
        )
        return SIGNALLED - failure.exitcode
    except SignalException as stop:
        return SIGNALLED + stop.sigval
    except RendezvousTimeoutError:
        raise UserError(
            f"not all machines came to {where} in time (--timeout): is each of them started?"
        ) from None
    except (RendezvousError, DistError) as error:
        cause = str(error.__cause__ or error) or type(error).__name__
        raise UserError(
            f"the processes cannot meet at {where} ({cause.splitlines()[0]}). At the start: is "
            "that the address of the first machine (--master-addr), is it started with "
            "--node-rank 0, and is the port (--master-port) free there and let through by "
            "firewalls? Later: that machine has ended, and says why, or the network failed."
        ) from None
    return 0


@contextmanager
def _limited_silence(seconds: float) -> Iterator[None]:
    """torchrun's connection to the first machine, whenever it is made, fails after so long without
    a word."""
    from simulgenvae.distributed.rendezvous import limit_silence

    over = threading.Event()

    def watch() -> None:
        while not over.wait(1.0):
            limit_silence(seconds)

    thread = threading.Thread(target=watch, name="silent machines")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """Without torchrun's log: a page for each process that fails, below the message of the process
    itself."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
