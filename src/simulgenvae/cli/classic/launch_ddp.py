"""The documented ``launch_ddp.py``: ``SimulGen-VAE.py`` in one process per GPU."""

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


def main(script: Path, arguments: Sequence[str] | None = None) -> int:
    """Run ``script`` in the processes asked for; returns the exit code of the first that fails, 0
    when none does.
    """
    options = parser().parse_args(arguments)

    def work(console: Console) -> int:
        if not script.is_file():
            raise UserError(
                f"{script}: no such file; launch_ddp.py starts the SimulGen-VAE.py that lies "
                "beside it."
            )
        return launch([str(script), *passed_on(options)], options)

    return guarded(work)


def parser() -> argparse.ArgumentParser:
    """Parser of the documented flags: the launcher's own, and those it passes on."""
    launcher = argparse.ArgumentParser(
        prog="launch_ddp.py",
        description="Train the study in this folder with one process per GPU (default: all GPUs); on the CPU where "
        "there is no GPU. Asks nothing.",
        allow_abbrev=False,
    )
    add_launch(launcher)
    add_flags(launcher)
    return launcher


def passed_on(options: argparse.Namespace) -> list[str]:
    """The flags for ``SimulGen-VAE.py`` in the documented form; those neither given nor with a
    default stay out.
    """
    values = {name: getattr(options, name) for name in PASSED_ON}
    flags = [f"--{name}={value}" for name, value in values.items() if value is not None]
    overrides = [f"--set={override}" for override in options.overrides]
    return ["--use_ddp", *flags, *(["--resume"] if options.resume else []), *overrides]
