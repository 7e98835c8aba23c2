"""Promises of the project: pinned versions, one test command, declared one-way imports."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import chain, pairwise
from pathlib import Path

import pytest

import simulgenvae

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MODULES = {
    "imageio-ffmpeg": "imageio_ffmpeg",
    "pillow": "PIL",
    "scikit-fem": "skfem",
    "scikit-learn": "sklearn",
}
"""Distributions whose modules have another name."""
PARTS = {"markupsafe", "pydantic_core", "vtkmodules"}
"""Modules that jinja2, pydantic and pyvista always bring with them."""


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=!~\[; ]", requirement)[0] for requirement in requirements}


def imported(folder: str) -> dict[str, Path]:
    """Top-level modules that the Python files below a folder import → one of these files."""
    found: dict[str, Path] = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.append(node.module)
            found |= {module.split(".")[0]: path for module in modules}
    return found


def test_every_requirement_is_pinned_to_one_version() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert pins["torch"] == "2.13.0"
    assert all(re.fullmatch(r"[0-9][0-9a-z.]*", version) for version in pins.values())
    extras = PROJECT["optional-dependencies"]
    assert names([*PROJECT["dependencies"], *chain.from_iterable(extras.values())]) <= set(pins)


def test_the_package_imports_only_what_it_declares() -> None:
    extras = PROJECT["optional-dependencies"]
    optional = [each for name, extra in extras.items() if name != "dev" for each in extra]
    declared = names(PROJECT["dependencies"] + optional)
    known = (
        {MODULES.get(name, name) for name in declared}
        | set(sys.stdlib_module_names)
        | PARTS
        | {"simulgenvae"}
    )
    assert {name: path for name, path in imported("src").items() if name not in known} == {}


def test_the_version_is_written_once_and_the_newest_of_the_changelog() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert "version" in PROJECT["dynamic"]
    assert tomllib.loads(text)["tool"]["setuptools"]["dynamic"]["version"] == {
        "attr": "simulgenvae.__version__"
    }
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(
        r"^## \[([0-9.]+)\] - [0-9]{4}-[0-9]{2}-[0-9]{2}$", changes, flags=re.MULTILINE
    )
    assert versions[0] == simulgenvae.__version__


@pytest.mark.parametrize(
    "program", [["-m", "simulgenvae.cli.main"], [str(ROOT / "SimulGen-VAE.py")]]
)
def test_both_programs_tell_the_version_without_loading_torch(
    program: list[str], tmp_path: Path
) -> None:
    (tmp_path / "torch.py").write_text("raise SystemExit('torch was loaded')")
    command = [sys.executable, *program, "--version"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        f"simulgenvae {simulgenvae.__version__}\n",
        "",
    )


def test_continuous_integration_runs_the_test_command() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    commands = script.read_text().splitlines()
    assert "set -euo pipefail" in commands
    assert commands[-1] == "make test"


def test_imports_run_one_way() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        path
        for path in sorted((ROOT / "src").rglob("*.py"))
        if path.stat().st_size
        and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not silent


def test_every_module_has_its_test_file_or_says_where_it_is_tested() -> None:
    """The test of ``a/b/c.py`` is ``tests/a/b/test_c.py``."""
    package = ROOT / "src/simulgenvae"
    untested = []
    for path in sorted(package.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if path.name == "__init__.py" and _only_names(tree):
            continue
        mirrored = ROOT / "tests" / path.relative_to(package).with_name(f"test_{path.name}")
        named = re.findall(r"tests/[\w/]+\.py", ast.get_docstring(tree) or "")
        assert all((ROOT / place).is_file() for place in named), f"{path}: {named}"
        if not mirrored.is_file() and not named:
            untested.append(path)
    assert not untested


def _only_names(tree: ast.Module) -> bool:
    """Return whether a package's file holds a docstring, imports and ``__all__`` only."""
    return all(
        isinstance(node, (ast.Import, ast.ImportFrom, ast.Expr))
        or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__")
        for node in tree.body
    )


def described(path: Path) -> Iterator[tuple[str, str]]:
    """Yield names and docstrings of the classes, functions, attributes and constants of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name, ast.get_docstring(node) or ""
        if isinstance(node, ast.ClassDef | ast.Module):
            for before, text in pairwise(node.body):
                if isinstance(before, ast.AnnAssign | ast.Assign) and isinstance(text, ast.Expr):
                    yield ast.unparse(before).split("=")[0], ast.unparse(text.value).strip("\"'")


def test_docstrings_begin_with_a_verb_or_a_noun() -> None:
    """Fragments such as "What is known of a design" and "Where it is" are none."""
    fragment = re.compile(
        "(What|Where|How|Which|When|Whether|Why|That|Of|There|Something|From|Both|By|With)\\b"
    )
    found = [
        f"{path.name}: {name}: {text.splitlines()[0]}"
        for path in sorted((ROOT / "src").rglob("*.py"))
        for name, text in described(path)
        if fragment.match(text)
    ]
    assert found == []
