"""The website of the documentation: its build warns of nothing, and its notebooks run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs.site.build import NOTEBOOKS, ROOT, add_demo, build, commands
from docs.site.notebooks import as_page, cells
from simulgenvae.cli.commands import COMMANDS


def _pages(entry: Any) -> list[str]:
    """Return the files that a part of the navigation names."""
    if isinstance(entry, str):
        return [entry]
    parts = entry.values() if isinstance(entry, dict) else entry
    return [page for part in parts for page in _pages(part)]


NAMED = _pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])


def test_every_document_is_in_the_navigation() -> None:
    assert len(NAMED) == len(set(NAMED))
    written = {str(path.relative_to(ROOT)) for path in ROOT.glob("docs/*.md")}
    written |= {f"docs/notebooks/{path.stem}.md" for path in NOTEBOOKS}
    assert len(NOTEBOOKS) == 4
    assert written <= set(NAMED)


def test_the_reference_has_every_command() -> None:
    text = commands()
    assert text.startswith("# Commands\n")
    assert [name for name in COMMANDS if f"\n## simulgenvae {name}\n" not in text] == []


def test_a_notebook_shows_what_it_prints_and_draws(tmp_path: Path) -> None:
    notebook = tmp_path / "short.py"
    notebook.write_text(
        "# %% [markdown]\n# # Title\n#\n# Text.\n\n# %%\nimport matplotlib.pyplot as plt\n\n"
        "print('said')\n1 + 1\n\n# %%\nplt.plot([1, 2])\n\n# %%\nx = 3\n"
    )
    assert [is_text for is_text, _ in cells(notebook.read_text())] == [True, False, False, False]
    as_page(notebook, tmp_path / "short.md")
    page = (tmp_path / "short.md").read_text()
    assert page.startswith("# Title\n\nText.\n\n```python\nimport matplotlib")
    assert "```text\nsaid\n2\n```" in page
    assert "![Figure of the code above](short-2.png)" in page
    assert page.endswith("```python\nx = 3\n```\n")
    assert (tmp_path / "short-2.png").is_file()


def test_a_notebook_that_fails_is_an_error(tmp_path: Path) -> None:
    notebook = tmp_path / "short.py"
    notebook.write_text("# %%\n1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        as_page(notebook, tmp_path / "short.md")


def test_a_website_without_the_demo_has_no_link_to_it(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs/explorer.md", tmp_path / "docs")
    add_demo(tmp_path, tmp_path / "demo/explorer.html")
    text = (ROOT / "docs/explorer.md").read_text(encoding="utf-8")
    assert (tmp_path / "docs/explorer.md").read_text(encoding="utf-8") == text
    assert "demo.html" not in text


def test_the_website_is_built_without_warnings(tmp_path: Path) -> None:
    demo = tmp_path / "explorer.html"
    demo.write_text("<!doctype html><title>demo</title>")
    site = build(tmp_path / "site", demo)
    assert (site / "docs/demo.html").read_bytes() == demo.read_bytes()
    assert 'href="../demo.html"' in (site / "docs/explorer/index.html").read_text(encoding="utf-8")
    # Zensical says nothing of a page that only the navigation knows.
    made = {str(page.relative_to(site).parent) for page in site.rglob("index.html")}
    folders = {page.removesuffix(".md").removesuffix("/README") for page in NAMED}
    assert folders - {"index"} <= made
    assert (site / "index.html").is_file()
    for notebook in NOTEBOOKS:
        page = (site / f"docs/notebooks/{notebook.stem}/index.html").read_text(encoding="utf-8")
        assert "Figure of the code above" in page
    api = (site / "docs/api/index.html").read_text(encoding="utf-8")
    assert "simulgenvae.Model.predict" in api
    assert ":meth:" not in api
