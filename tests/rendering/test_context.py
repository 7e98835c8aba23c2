"""Where nothing can draw, one message says what to install; the process goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

import pytest

CODE = """
from simulgenvae.errors import UserError
from simulgenvae.rendering.context import require_context
for _ in range(2):
    try:
        require_context("film.gif")
    except UserError as error:
        print(error)
"""


def answers(**environment: str) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    return subprocess.run(
        [sys.executable, "-c", CODE], env=known | environment, capture_output=True, text=True
    )


@pytest.mark.skipif(sys.platform != "linux", reason="EGL is hidden from Linux's loader")
@pytest.mark.skipif(find_library("OSMesa") is not None, reason="OSMesa draws without EGL")
@pytest.mark.parametrize("hidden", ["library", "driver"])
def test_without_egl_it_says_what_to_install(tmp_path: Path, hidden: str) -> None:
    for name in ("libEGL.so", "libEGL.so.1"):
        (tmp_path / name).touch()  # which the loader finds first, and cannot load
    environment = {"library": "LD_LIBRARY_PATH", "driver": "__EGL_VENDOR_LIBRARY_DIRS"}
    done = answers(**{environment[hidden]: str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("film.gif needs OpenGL") == 2
    assert "apt install libegl1" in done.stdout
    assert done.stderr == ""


def test_without_pyvista_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "pyvista.py").write_text("raise ImportError('no such module')")
    done = answers(PYTHONPATH=os.pathsep.join([str(tmp_path), *sys.path]))
    assert done.returncode == 0, done.stderr
    assert 'film.gif needs PyVista: python -m pip install "pyvista' in done.stdout


@pytest.mark.usefixtures("opengl")
def test_with_egl_nothing_is_printed() -> None:
    done = answers()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
