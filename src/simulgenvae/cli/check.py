"""``simulgenvae check``.

Tested in tests/cli/test_commands.py and tests/cli/test_bad_input.py.
"""

from __future__ import annotations

from pathlib import Path

from rich.table import Table
from rich.text import Text

import simulgenvae
from simulgenvae.cli.console import show
from simulgenvae.cli.options import Folder, Overrides, Preset

COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}


def check(folder: Folder = Path(), /, *, preset: Preset = 1, overrides: Overrides = ()) -> None:
    """Look for everything that can be wrong with a study."""
    study = simulgenvae.Study.open(folder)
    report = study.check(study.read_settings(preset=preset, overrides=overrides))
    for table in report.tables:
        drawn = Table(*table.columns, title=table.title)
        for row in table.rows:
            drawn.add_row(*row)
        show(drawn)
    for finding in report.findings:
        level = (finding.severity, COLOURS[finding.severity])
        show(Text.assemble(level, f": {finding.message}"))
    if not report.passed:
        raise simulgenvae.UserError(
            "The check found errors (see above): correct them before training."
        )
    show(f"Next: simulgenvae train {study.folder}")
