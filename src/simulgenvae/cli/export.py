"""``simulgenvae export``.

Tested in tests/cli/test_commands.py.
"""

from __future__ import annotations

from pathlib import Path

import simulgenvae
from simulgenvae.cli.console import show
from simulgenvae.cli.options import Folder, Overwrite


def export(folder: Folder = Path(), /, *, out: Path, overwrite: Overwrite = False) -> None:
    """Write the surrogate as one file for other runtimes.

    Parameters
    ----------
    out
        FILE.onnx, or FILE.pt2 (torch.export).
    """
    difference = simulgenvae.Study.open(folder).export(out, overwrite=overwrite)
    show(
        f"{out}: written; on random designs it differs from the surrogate by {difference:.1g} of "
        "the range"
    )
