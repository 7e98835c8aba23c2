"""Classic script ``launch_ddp.py``: ``SimulGen-VAE.py`` in one process per GPU."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from simulgenvae.cli.classic.simulgen_vae import add_flags
from simulgenvae.cli.guard import guarded
from simulgenvae.cli.launch import add_launch, launch
from simulgenvae.errors import UserError

PASSED_ON = ("preset", "plot", "lc_only", "size", "load_all")
"""Flags with a value that each process gets as the launcher got them."""


def main(script: Path, arguments: Sequence[str] | None = None) -> int:
    """Run ``script`` in several processes.

    Returns
    -------
    int
        Exit code of the process that fails first; 0 when none does.
    """
    options = parser().parse_args(arguments)

    def work(console: Console) -> int:
        if not script.is_file():
            raise UserError(
                f"{script}: no such file; launch_ddp.py starts the SimulGen-VAE.py in its own "
                "folder."
            )
        return launch([str(script), *passed_on(options)], options)

    return guarded(work)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the classic flags: the launcher's own, and those that it passes on."""
    launcher = argparse.ArgumentParser(
        prog="launch_ddp.py",
        description="Train the study in this folder with one process per GPU (default: all GPUs); "
        "on the CPU where there is no GPU. Asks nothing.",
        allow_abbrev=False,
    )
    add_launch(launcher)
    add_flags(launcher)
    return launcher


def passed_on(options: argparse.Namespace) -> list[str]:
    """Return the flags for ``SimulGen-VAE.py`` in their classic form.

    Flags that are not given and have no default are left out.
    """
    flags = ["--use_ddp"]
    for name in PASSED_ON:
        value = getattr(options, name)
        if value is not None:
            flags.append(f"--{name}={value}")
    if options.resume:
        flags.append("--resume")
    # Settings come last: they take precedence over the other flags.
    return flags + [f"--set={override}" for override in options.overrides]
