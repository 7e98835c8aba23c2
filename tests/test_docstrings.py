"""Examples in the docstrings of public names run, and each public function has one.

They run in a folder with a trained study ``S``.
"""

from __future__ import annotations

import doctest
import inspect
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import simulgenvae


def _documented() -> Iterator[tuple[str, object]]:
    """Give the public names of the package, and the public methods of classes of its own."""
    for name in simulgenvae.__all__:
        found = getattr(simulgenvae, name)
        yield name, found
        if not inspect.isclass(found) or issubclass(found, Exception):
            continue
        for attribute, _ in inspect.getmembers(found):
            member = inspect.getattr_static(found, attribute)
            own = getattr(getattr(member, "__func__", member), "__module__", "")
            is_method = inspect.isfunction(member) or isinstance(member, classmethod)
            if not attribute.startswith("_") and is_method and own.startswith("simulgenvae"):
                yield f"{name}.{attribute}", getattr(found, attribute)


DOCUMENTED = dict(_documented())


@pytest.fixture(scope="module")
def folder(board: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a study ``S`` that examples may change."""
    folder = tmp_path_factory.mktemp("examples")
    shutil.copytree(board, folder / "S")
    return folder


@pytest.mark.parametrize("name", DOCUMENTED)
def test_an_example_runs(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = inspect.getdoc(DOCUMENTED[name]) or ""
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert test.examples, f"{name} has no example"
    monkeypatch.chdir(folder)
    found: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(test, out=found.append)
    assert not runner.failures, "".join(found)
