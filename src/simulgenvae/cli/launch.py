"""The documented ``launch_ddp.py``: start ``SimulGen-VAE.py`` in one process per GPU, as torchrun would.

The calling process itself is torchrun's agent. So it passes signals on to the processes that it has started,
and knows the exit code of one that fails; torchrun as a command makes 1 of every code and adds its own traceback.
"""

from __future__ import annotations

import argparse
import logging
import os
import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from simulgenvae.cli.documented import add_flags
from simulgenvae.cli.main import guarded
from simulgenvae.errors import UserError

PASSED_ON = ("preset", "plot", "lc_only", "size", "load_all")
SIGNALLED = 128
"""Exit codes above this one are, by convention, those of processes that a signal ended."""


def main(script: Path, arguments: Sequence[str] | None = None) -> int:
    """Run ``script`` in the processes asked for; returns the exit code of the first that fails, 0 when none does."""
    options = parser().parse_args(arguments)
    code = 0

    def work(console: Console) -> None:
        nonlocal code
        code = launch(script, options, console)

    return guarded(work) or code


def parser() -> argparse.ArgumentParser:
    """Parser of the documented flags: the launcher's own, and those it passes on."""
    launcher = argparse.ArgumentParser(
        prog="launch_ddp.py",
        description="Train the study in this folder with one process per GPU; on the CPU where there is no GPU. "
        "Asks nothing.",
        allow_abbrev=False,
    )
    launcher.add_argument(
        "--gpus", type=_positive, help="processes, each on its own GPU (default: all GPUs, or one process)"
    )
    launcher.add_argument(
        "--master_port",
        type=_port,
        default=29500,
        help="port where the processes meet (default 29500); another one is taken when it is in use",
    )
    add_flags(launcher)
    return launcher


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _port(text: str) -> int:
    if _positive(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port: they end at 65535")
    return int(text)


def launch(script: Path, options: argparse.Namespace, console: Console) -> int:
    """Start the processes and wait for them; returns the exit code, 128 + signal after a signal."""
    if not script.is_file():
        raise UserError(f"{script}: no such file; launch_ddp.py starts the SimulGen-VAE.py that lies beside it.")
    from torch.cuda import device_count

    processes = processes_for(options.gpus, gpus=device_count())
    if not device_count():
        console.print(f"no GPU here: {processes} process{'es' * (processes > 1)} on the CPU")
    _share_threads(processes)
    port = free_port(options.master_port, console)
    with tempfile.TemporaryDirectory(prefix="launch_ddp_") as logs:  # torchrun would leave a folder of its own
        addressed = [f"--nproc_per_node={processes}", f"--master_port={port}", f"--log_dir={logs}"]
        return torchrun([*addressed, str(script), *passed_on(options)], port, console)


def processes_for(asked: int | None, *, gpus: int) -> int:
    """How many processes to start: as many as asked for, or one per GPU; UserError for more than there are GPUs."""
    if asked is None:
        return max(1, gpus)
    if 0 < gpus < asked:
        raise UserError(f"--gpus {asked}: this machine shows {gpus} GPU{'s' * (gpus > 1)}; ask for {gpus} at most.")
    return asked


def _share_threads(processes: int) -> None:
    """Share the cores among the processes, where the user has not said how; torchrun would give each one thread."""
    from torch import get_num_threads

    if processes > 1:
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, get_num_threads() // processes)))


def free_port(wanted: int, console: Console) -> int:
    """``wanted`` where it can be listened on, else a port that the system says is free (told in one line)."""
    try:
        with socket.create_server(("", wanted)):
            return wanted
    except OSError:
        with socket.create_server(("", 0)) as free:
            port = int(free.getsockname()[1])
        console.print(f"port {wanted} is not available; using port {port}")
        return port


def passed_on(options: argparse.Namespace) -> list[str]:
    """The flags for ``SimulGen-VAE.py`` in the documented form; those neither given nor with a default stay out."""
    values = {name: getattr(options, name) for name in PASSED_ON}
    flags = [f"--{name}={value}" for name, value in values.items() if value is not None]
    return ["--use_ddp", *flags, *(["--resume"] if options.resume else [])]


def torchrun(arguments: list[str], port: int, console: Console) -> int:
    """Be torchrun with these arguments; returns the exit code of the process that failed first, 0 when none did.

    UserError when the processes cannot meet on ``port``, which somebody may have taken after it was found free.
    """
    from torch.distributed import DistNetworkError
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import parse_args, run

    try:
        with _quiet_logs():
            run(parse_args(arguments))  # type: ignore[no-untyped-call]
    except ChildFailedError as failed:
        rank, failure = failed.get_first_failure()
        if failure.exitcode >= 0:
            return failure.exitcode  # the process has said why
        console.print(f"process {rank} was ended by {failure.signal_name()}; SIGKILL often means that memory ran out")
        return SIGNALLED - failure.exitcode
    except SignalException as stop:
        return SIGNALLED + stop.sigval
    except DistNetworkError as error:
        raise UserError(
            f"--master_port {port}: the processes cannot meet there ({str(error).splitlines()[0]})"
        ) from None
    return 0


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """Without torchrun's log: a page for each process that fails, below the message of the process itself."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
