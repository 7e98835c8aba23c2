"""Options of the commands that several processes can share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from simulgenvae.cli.groups import PROCESSES

Count = Annotated[int, Parameter(validator=Number(gte=1))]
"""A whole number from 1."""


@Parameter(name="*", group=PROCESSES)
@dataclass(frozen=True)
class LaunchFlags:
    """Processes of one command. The spelling with ``_`` is torchrun's."""

    gpus: Annotated[
        Count | None,
        Parameter(show_default="1; with --nnodes or --max-restarts, one per GPU"),
    ] = None
    """Processes on this machine, each on its own GPU, or on the CPU."""
    nnodes: Count = 1
    """Machines; start the same command on each."""
    node_rank: Annotated[
        int, Parameter(name=["--node-rank", "--node_rank"], validator=Number(gte=0))
    ] = 0
    """Number of this machine, from 0."""
    master_addr: Annotated[
        str,
        Parameter(name=["--master-addr", "--master_addr"], show_default="this machine"),
    ] = ""
    """Address of the first machine."""
    master_port: Annotated[
        int,
        Parameter(name=["--master-port", "--master_port"], validator=Number(gte=1, lte=65535)),
    ] = 29500
    """Port where the processes meet; on a single machine another one if it is in use."""
    max_restarts: Annotated[
        int, Parameter(name=["--max-restarts", "--max_restarts"], validator=Number(gte=0))
    ] = 0
    """Number of restarts from the last checkpoint after a process or machine is lost."""
    timeout: Count = 600
    """Seconds to wait for the other machines."""

    @property
    def several(self) -> bool:
        """True if the command runs in processes that it starts, which can be restarted."""
        return (self.gpus or 1) > 1 or self.nnodes > 1 or self.max_restarts > 0
