from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from simulgenvae.utils import install
from simulgenvae.utils.install import install_command

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def written(requirements: list[str]) -> list[str]:
    return [requirement.replace(" ", "") for requirement in requirements]


@pytest.mark.parametrize("extra", PROJECT["optional-dependencies"])
def test_an_extra_is_installed_by_its_libraries(extra: str) -> None:
    command = install_command(extra)
    assert command.startswith("python -m pip install ")
    assert sorted(re.findall(r'"([^"]+)"', command)) == sorted(
        written(PROJECT["optional-dependencies"][extra])
    )


def test_a_library_is_installed_in_the_version_that_is_needed() -> None:
    (wanted,) = (line for line in PROJECT["dependencies"] if line.startswith("vtk"))
    assert install_command("vtk") == f'python -m pip install "{wanted}"'


def test_what_nothing_is_known_about_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert install_command("toylib") == 'python -m pip install "toylib"'

    def missing(name: str) -> list[str]:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(install, "requires", missing)
    assert install_command("onnx") == 'python -m pip install "onnx"'


def test_messages_spell_no_command_of_their_own() -> None:
    """Messages that name an extra take the one command."""
    own = ROOT / "src/simulgenvae/utils/install.py"
    spelt = [
        path
        for path in (ROOT / "src").rglob("*.py")
        if path != own and re.search(r"pip install|simulgenvae\[", path.read_text("utf-8"))
    ]
    assert spelt == []


def test_documents_install_from_the_sources() -> None:
    """The package is on no index: ``pip install simulgenvae`` cannot work."""
    pages = [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.py")]
    wrong = re.compile(r"pip install [^\n]*simulgenvae|simulgenvae\[")
    assert [path for path in pages if wrong.search(path.read_text("utf-8"))] == []
