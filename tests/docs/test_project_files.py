"""Files about the project: what they name exists, and they agree with the package."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

import simulgenvae

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def defences() -> list[str]:
    """Return the files and folders that the table of threats names."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    rows = [line.split("|")[3] for line in text.splitlines() if line.startswith("| ")]
    return sorted({path for row in rows for path in re.findall(r"`([\w/]+(?:\.py|/))`", row)})


@pytest.mark.parametrize("path", defences())
def test_a_defence_is_where_the_threat_model_says(path: str) -> None:
    assert (ROOT / "src/simulgenvae" / path).exists()


def test_the_threat_model_names_defences() -> None:
    assert len(defences()) > 10


def test_the_citation_has_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == simulgenvae.__version__


def test_the_readme_is_one_screen() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 700


@pytest.mark.parametrize(
    "page", ["README.md", "SECURITY.md", "CONTRIBUTING.md", "docs/results.md", "docs/api.md"]
)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not ((ROOT / page).parent / target).exists()] == []


def test_hooks_call_what_the_test_command_calls() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    called = {hook["entry"].split()[0] for hook in hooks["repos"][0]["hooks"]}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for program in called:
        assert program.replace(".venv/bin/", "$(BIN)/") in makefile
