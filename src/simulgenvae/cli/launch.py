"""Flags of commands that can run in several processes."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import fields

from simulgenvae.cli.classic.arguments import positive
from simulgenvae.cli.launch_flags import LaunchFlags

PORT = 29500
"""Port where processes meet, as torchrun has it."""


def add_launch(parser: argparse.ArgumentParser) -> None:
    """Add the flags of several processes; their spelling with _ is torchrun's."""
    group = parser.add_argument_group("several processes")
    group.add_argument(
        "--gpus",
        type=positive,
        help="processes on this machine, each on its own GPU, or on the CPU (default with "
        "--nnodes or --max-restarts: one per GPU)",
    )
    group.add_argument(
        "--nnodes", type=positive, default=1, help="machines; start the same command on each"
    )
    group.add_argument(
        "--node-rank",
        "--node_rank",
        type=_count,
        default=0,
        help="number of this machine: 0 for the first (default), 1 …",
    )
    group.add_argument(
        "--master-addr", "--master_addr", default="", help="address of the first machine"
    )
    group.add_argument(
        "--master-port",
        "--master_port",
        type=_port,
        default=PORT,
        help=f"port where the processes meet (default {PORT}); on a single machine another one "
        "when it is in use",
    )
    group.add_argument(
        "--max-restarts",
        "--max_restarts",
        type=_count,
        default=0,
        help="number of restarts from the last checkpoint when a process or a machine is lost "
        "(default 0)",
    )
    group.add_argument(
        "--timeout",
        type=positive,
        default=600,
        help="seconds to wait for the other machines (default 600)",
    )


def without_launch(arguments: Sequence[str]) -> list[str]:
    """Return a command line without these flags: that of each process."""
    # Otherwise an abbreviated flag of the script, such as --n, would be taken for --nnodes.
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


def launch(command: Sequence[str], options: argparse.Namespace | LaunchFlags) -> int:
    """Run ``command`` as the flags say, and return its exit code.

    See :func:`simulgenvae.distributed.launch.launch`.
    """
    # torch's C++ code would log pages of addresses for a lost connection, whose error reaches the
    # user as a message anyway. It reads this variable when torch is imported.
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "FATAL")
    from simulgenvae.distributed.launch import LaunchOptions
    from simulgenvae.distributed.launch import launch as launch_processes

    # The library’s options and the flags have the same names.
    names = [field.name for field in fields(LaunchOptions)]
    wanted = LaunchOptions(**{name: getattr(options, name) for name in names})
    return launch_processes(command, wanted)
