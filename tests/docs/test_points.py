"""The commands of "Try all of it" are complete, readable by bash, and run by ``points.py``.

They take too long for this suite: ``python tests/docs/points.py`` runs them.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def _load() -> ModuleType:
    """Import the script beside this file, which is no part of a package."""
    spec = importlib.util.spec_from_file_location("points", Path(__file__).with_name("points.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["points"] = module
    spec.loader.exec_module(module)
    return module


points = _load()
ENTRIES = points.entries(points.DOCUMENT.read_text("utf-8"))
MADE_UP = """# A document

## Try all of it

### First
A file.
```bash
echo here > file
test "$REPO"
```

### R1: what holds
It is there.
```bash
grep -q here file
```

### R2, R3: what does not
It says something else.
```bash
sleep 60 &
grep elsewhere file | cat
echo never
```

## Another section

### R4: not one of them
"""


def test_every_point_has_one_entry() -> None:
    found = [point for entry in ENTRIES for point in entry.points]
    assert sorted(found) == sorted(f"R{number}" for number in range(1, 48))


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry.label for entry in ENTRIES])
def test_an_entry_says_what_is_expected_in_commands_that_bash_can_read(entry: Any) -> None:
    assert entry.expected
    subprocess.run(["bash", "-n", "-c", entry.script], check=True)
    # `! command` alone never ends a script, whatever the command does.
    assert [
        line for line in entry.script.splitlines() if re.match(r"\s*! (?!.* \|\| false$)", line)
    ] == []


def test_a_failing_block_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = tmp_path / "document.md"
    document.write_text(MADE_UP)
    assert points.main(["--document", str(document), "--folder", str(tmp_path / "work")]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "preparation  passed  0 s",
        "R1  passed  0 s",
        "R2 R3  failed  0 s",
        "",
        "1 passed, 2 failed",
    ]
    assert points.main(["--document", str(document), "R1"]) == 0
    assert capsys.readouterr().out.endswith("R1  passed  0 s\n1 passed, 0 failed\n")


def test_without_the_preparation_nothing_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "document.md"
    document.write_text(MADE_UP.replace("echo here", "echo the reason; exit 3"))
    assert points.main(["--document", str(document)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["preparation  failed  0 s", "the reason", "", "0 passed, 3 failed"]


def test_a_point_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        points.main(["R48"])
    assert "has no entry for R48" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("there", "missing"), [("It is there.\n", ""), ("```bash\ngrep -q here file\n```\n", "")]
)
def test_an_entry_without_text_or_commands_is_no_entry(there: str, missing: str) -> None:
    assert there in MADE_UP
    with pytest.raises(ValueError, match="3 headings, but 2 of them"):
        points.entries(MADE_UP.replace(there, missing))
