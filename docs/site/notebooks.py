"""Notebooks in the percent format of jupytext as pages, with what their cells print and draw."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

_MARKER = re.compile(r"^# %%(?P<text> \[markdown\])?\n", re.M)


def cells(source: str) -> Iterator[tuple[bool, str]]:
    """Give the cells of a notebook: whether it is text, and its text or code."""
    _, *parts = _MARKER.split(source)
    for text, content in zip(parts[::2], parts[1::2], strict=True):
        if text:
            content = re.sub(r"^# ?", "", content, flags=re.M)
        yield bool(text), content.strip()


def as_page(notebook: Path, page: Path) -> None:
    """Run a notebook in the present folder and write it as Markdown, with figures beside it."""
    mpl.use("Agg")
    names: dict[str, Any] = {"__file__": os.fspath(notebook), "__name__": "__main__"}
    parts = []
    for number, (is_text, content) in enumerate(cells(notebook.read_text(encoding="utf-8"))):
        if is_text:
            parts.append(content)
            continue
        parts.append(f"```python\n{content}\n```")
        said = _run(content, names)
        if said:
            parts.append(f"```text\n{said}\n```")
        for figure in map(plt.figure, plt.get_fignums()):
            image = page.with_name(f"{page.stem}-{number}.png")
            figure.savefig(image, dpi=110, bbox_inches="tight")
            parts.append(f"![Figure of the code above]({image.name})")
        plt.close("all")
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _run(code: str, names: dict[str, Any]) -> str:
    """Run a cell; return what it printed, and the value of its last line as a notebook shows it."""
    *statements, last = ast.parse(code).body
    value = None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        if isinstance(last, ast.Expr):
            _execute(ast.Module(statements, []), names)
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
        else:
            _execute(ast.Module([*statements, last], []), names)
    drawn = plt.get_fignums()
    if value is not None and not drawn:
        printed.write(repr(value))
    return printed.getvalue().strip()


def _execute(module: ast.Module, names: dict[str, Any]) -> None:
    exec(compile(module, "<cell>", "exec"), names)
