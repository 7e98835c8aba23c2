"""``simulgenvae check``.

Tested in tests/cli/test_commands.py and tests/cli/test_bad_input.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.table import Table
from rich.text import Text

import simulgenvae
from simulgenvae.cli.console import show, show_next
from simulgenvae.cli.json_output import print_json
from simulgenvae.cli.messages import Json, Messages
from simulgenvae.cli.options import Folder, Overrides, Preset
from simulgenvae.data.checks.finding import Finding

COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}


@dataclass(frozen=True)
class CheckResult:
    """Result of a check, as ``--json`` prints it."""

    passed: bool
    """True if the study can be trained on."""
    findings: tuple[Finding, ...]
    """Findings, the worst first."""


def check(
    folder: Folder = Path(),
    /,
    *,
    preset: Preset = 1,
    overrides: Overrides = (),
    json: Json = False,
    messages: Messages = Messages(),
) -> None:
    """Look for everything that can be wrong with a study."""
    study = simulgenvae.Study.open(folder)
    report = study.check(study.read_settings(preset=preset, overrides=overrides))
    if json:
        print_json(CheckResult(report.passed, report.findings))
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
    show_next(f"train {study.folder}")
