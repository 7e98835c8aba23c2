"""``simulgenvae export``.

Tested in tests/cli/test_commands.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import simulgenvae
from simulgenvae.cli.console import show
from simulgenvae.cli.groups import OUTPUT
from simulgenvae.cli.messages import Messages
from simulgenvae.cli.options import Folder, ModelName, Overwrite


def export(
    folder: Folder = Path(),
    /,
    *,
    model: ModelName = None,
    out: Annotated[Path, Parameter(group=OUTPUT)],
    overwrite: Overwrite = False,
    messages: Messages = Messages(),
) -> None:
    """Write the surrogate as one file for other runtimes.

    Parameters
    ----------
    out
        File to write: FILE.onnx, FILE.pt2 (torch.export), or FILE.html (a page to explore it).
    """
    difference = simulgenvae.Study.open(folder, model).export(out, overwrite=overwrite)
    show(
        f"{out}: written; on random designs it differs from the surrogate by {difference:.1g} of "
        "the range"
    )
