"""What a cached or finished result depends on: source files, by their contents."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "simulgenvae"
SUITE = Path(__file__).parent


def digest(files: Iterable[Path]) -> str:
    """SHA-256 of the names and contents of files below the repository's root, whatever their
    order."""
    found = hashlib.sha256()
    for file in sorted(set(files)):
        found.update(f"{file.relative_to(ROOT).as_posix()}\0{file.stat().st_size}\0".encode())
        found.update(file.read_bytes())
    return found.hexdigest()


def package_files(*patterns: str, but: Collection[str] = ()) -> list[Path]:
    """Python files of the package that match, but for those in some of its folders.

    FileNotFoundError for a pattern without any: a file that has moved must not silently stop to
    count.
    """
    found = []
    for pattern in patterns:
        files = [
            file for file in PACKAGE.glob(pattern) if file.relative_to(PACKAGE).parts[0] not in but
        ]
        if not files:
            raise FileNotFoundError(f"{PACKAGE} has no {pattern}")
        found += files
    return found


def module_files(name: str) -> set[Path]:
    """File of a module of the suite, and of the suite's and the demo's modules that it imports,
    directly or not."""
    found: set[Path] = set()
    waiting = [SUITE / f"{name}.py"]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += filter(None, map(_own_file, _imported(file)))
    return found


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _own_file(module: str) -> Path | None:
    """File of a module that takes part in making runs; None for libraries and for the package's
    other parts."""
    if "." not in module:
        file = SUITE / f"{module}.py"
        return file if file.is_file() else None
    if module.startswith("simulgenvae.demo."):
        file = (PACKAGE / "demo" / module.split(".")[2]).with_suffix(".py")
        return file if file.is_file() else None
    return None
