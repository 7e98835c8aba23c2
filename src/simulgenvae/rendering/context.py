"""Whether pictures can be drawn here at all: PyVista, and an OpenGL context without a display."""

from __future__ import annotations

from ctypes.util import find_library
from functools import cache

from simulgenvae.errors import UserError

_FALLBACK = "vtkOSOpenGLRenderWindow"
"""The window that VTK makes when no other one works. Drawing in it without OSMesa ends the
process."""


def require_context(what: str) -> None:
    """UserError, naming ``what`` is to be drawn, where there is no PyVista or nothing that VTK can
    draw with."""
    try:
        works = _has_context()
    except ImportError as error:
        raise UserError(
            f"{what} needs PyVista: pip install 'simulgenvae[mesh]' ({error})"
        ) from error
    if not works:
        raise UserError(
            f"{what} needs OpenGL, which works without a display when EGL is there: install it "
            "(Debian, Ubuntu: apt install libegl1 libgl1-mesa-dri; Fedora: dnf install "
            "mesa-libEGL mesa-dri-drivers)"
        )


@cache
def _has_context() -> bool:
    """VTK tries each kind of window for a working context when it makes one: X, then EGL, then
    OSMesa unseen."""
    import pyvista
    import vtkmodules.vtkRenderingOpenGL2  # noqa: F401 # brings the kinds of window
    from vtkmodules.vtkRenderingCore import vtkRenderWindow

    with pyvista.vtk_verbosity("off"):
        window = vtkRenderWindow()
    return window.GetClassName() != _FALLBACK or find_library("OSMesa") is not None
