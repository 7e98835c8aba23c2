"""Build the website of the documentation: ``python -m docs.site.build``.

The pages are the documents of this repository, in the same folders, so that their links hold; the
references of commands and Python and the notebooks are made from what they describe. The page of
the demo's model is part of the website where ``make demo`` has made it. Warnings of Zensical, such
as links that lead nowhere, are errors.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import yaml

from docs.site.notebooks import as_page

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("*.md", "docs/*.md", "docs/images/*", "benchmarks/**/*.md", "examples/*/*.md")
DEMO = ROOT / "demo/explorer.html"
DEMO_PLACE = "<!-- link to the demo -->"
"""Text of docs/explorer.md that becomes a link to the demo's page where there is one."""
NOTEBOOKS = sorted((ROOT / "docs/notebooks").glob("*.py"))


def write_pages(pages: Path) -> None:
    """Write the sources of all pages."""
    for pattern in DOCUMENTS:
        for path in ROOT.glob(pattern):
            place = pages / path.relative_to(ROOT)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, place)
    readme = pages / "README.md"
    notebooks = pages / "docs/notebooks"
    notebooks.mkdir()
    # The folder of notebooks, which README links, is a section of the website.
    text = readme.read_text(encoding="utf-8")
    (pages / "index.md").write_text(
        text.replace("](docs/notebooks)", "](docs/notebooks/from_arrays.md)"), encoding="utf-8"
    )
    readme.unlink()
    for path in pages.rglob("*.md"):
        text = path.read_text(encoding="utf-8")
        if "](../README.md" in text:
            path.write_text(text.replace("](../README.md", "](../index.md"), encoding="utf-8")
    (pages / "docs/commands.md").write_text(commands(), encoding="utf-8")
    for notebook in NOTEBOOKS:
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            as_page(notebook, notebooks / f"{notebook.stem}.md")


def add_demo(pages: Path, demo: Path) -> None:
    """Put the page of the demo beside docs/explorer.md, which links it; nothing without a page."""
    if not demo.is_file():
        return
    shutil.copy(demo, pages / "docs/demo.html")
    explorer = pages / "docs/explorer.md"
    text = explorer.read_text(encoding="utf-8")
    size = demo.stat().st_size / 1e6
    link = f"[**Open the explorer of the demo**](demo.html) ({size:.0f} MB)"
    explorer.write_text(text.replace(DEMO_PLACE, link), encoding="utf-8")


def commands() -> str:
    """Return the reference of the command line, from its parser."""
    from simulgenvae.cli.parser import make_app

    return str(make_app().generate_docs()).replace("# simulgenvae\n", "# Commands\n", 1)


def build(folder: Path, demo: Path = DEMO) -> Path:
    """Build the website below ``folder``; return the folder with ``index.html``.

    ``demo`` is the page of the demo, if there is one.
    """
    shutil.rmtree(folder, ignore_errors=True)
    # Notebooks start `simulgenvae`, as users do who have activated the environment.
    programs = sysconfig.get_path("scripts")
    os.environ["PATH"] = os.pathsep.join([programs, os.environ["PATH"]])
    write_pages(folder / "pages")
    add_demo(folder / "pages", demo)
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    settings |= {"docs_dir": "pages", "site_dir": "site"}
    (folder / "mkdocs.yml").write_text(yaml.safe_dump(settings, sort_keys=False))
    # It imports `docs.site.roles` by this name.
    found = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"PYTHONPATH": found}
    subprocess.run(["zensical", "build", "--strict"], cwd=folder, check=True, env=environment)
    return folder / "site"


if __name__ == "__main__":
    print(build(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/docs").resolve()))
