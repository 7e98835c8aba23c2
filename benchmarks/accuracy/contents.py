"""Source files that a cached or finished result depends on, by their contents."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "simulgenvae"
SUITE = Path(__file__).parent
GEOMETRY = ROOT / "benchmarks" / "geometry"


def digest(files: Iterable[Path]) -> str:
    """Return the SHA-256 of names and contents of files in the repository, whatever their order."""
    found = hashlib.sha256()
    for file in sorted(set(files)):
        found.update(f"{file.relative_to(ROOT).as_posix()}\0{file.stat().st_size}\0".encode())
        found.update(file.read_bytes())
    return found.hexdigest()


def package_files(*patterns: str, but: Collection[str] = ()) -> list[Path]:
    """Return the Python files of the package that match any pattern, except those in some folders.

    Raises
    ------
    FileNotFoundError
        A pattern matches no file. A file that has moved would otherwise no longer count, and nobody
        would notice.
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


def module_files(name: str, folder: Path = SUITE) -> set[Path]:
    """Return the file of a problem's module in a folder and those of the modules that it imports.

    Modules of the suites and of the demo count, whether it imports them itself or through another.
    """
    found: set[Path] = set()
    waiting = [folder / f"{name}.py"]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += filter(None, map(_solver_file, _imported_modules(file)))
    return found


def _imported_modules(file: Path) -> Iterator[str]:
    """Yield the names that a file imports, among them some that are no modules but functions."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            # ``from package import module`` and ``from module import name`` look the same here.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _solver_file(module: str) -> Path | None:
    """Return the file of a module that takes part in making runs; None for any other module."""
    for prefix, folder in (
        ("benchmarks.accuracy.", SUITE),
        ("benchmarks.geometry.", GEOMETRY),
        ("simulgenvae.demo.", PACKAGE / "demo"),
    ):
        if module.startswith(prefix):
            name = module.removeprefix(prefix).split(".")[0]
            file = folder / f"{name}.py"
            return file if file.is_file() else None
    return None
