import subprocess
import sys
from pathlib import Path

from simulgenvae.settings.raw import FIELDS
from simulgenvae.settings.reference import render

REFERENCE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_committed_reference_is_fresh() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == render(), (
        "write it anew: python -m simulgenvae.settings.reference > docs/settings.md"
    )


def test_the_module_prints_the_reference() -> None:
    command = [sys.executable, "-m", "simulgenvae.settings.reference"]
    assert subprocess.run(command, capture_output=True, check=True).stdout.decode() == render()


def test_every_setting_has_a_row_with_its_meaning() -> None:
    rows = [
        line for line in render().splitlines() if line.startswith("| `") and line.count(" | ") == 4
    ]
    assert len(rows) == len(FIELDS)
