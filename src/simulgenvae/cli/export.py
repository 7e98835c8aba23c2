"""`simulgenvae export`: the surrogate as one file for other runtimes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from simulgenvae.cli.common import add_study
from simulgenvae.settings import StudyFolder

if TYPE_CHECKING:
    from simulgenvae.cli.common import Subparsers


def register(subparsers: Subparsers) -> None:
    """Arguments of the command."""
    parser = subparsers.add_parser(
        "export", help="write the surrogate as one file for other runtimes"
    )
    add_study(parser)
    parser.add_argument(
        "--out", type=Path, required=True, help="FILE.onnx, or FILE.pt2 (torch.export)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the output file")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> None:
    """Write the file and say how near its answers are."""
    from simulgenvae.deployment import check_model_target, write_model
    from simulgenvae.surrogate.surrogate import Surrogate

    check_model_target(options.out, overwrite=options.overwrite)
    surrogate = Surrogate.load(StudyFolder.open(options.folder))
    difference = write_model(surrogate, options.out, overwrite=options.overwrite)
    text = f"{options.out}: written; on random designs it differs from the surrogate by {difference:.1g} of the range"
    console.print(text, soft_wrap=True)
