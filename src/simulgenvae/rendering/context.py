"""Check that images can be drawn here: by PyVista, and with an OpenGL context without a display."""

from __future__ import annotations

from ctypes.util import find_library
from functools import cache

from simulgenvae.errors import UserError
from simulgenvae.mesh.vtk import import_pyvista

_FALLBACK = "vtkOSOpenGLRenderWindow"
"""Window class of VTK when no other one works; drawing in it without OSMesa ends the process."""


def require_context(what: str) -> None:
    """Raise UserError when there is no PyVista, or no OpenGL for VTK to draw with.

    ``what`` starts the message: the thing that is to be drawn.
    """
    import_pyvista(what)
    if not _has_context():
        raise UserError(
            f"{what} needs OpenGL, which works without a display when EGL is there: install it "
            "(Debian, Ubuntu: apt install libegl1 libgl1-mesa-dri; Fedora: dnf install "
            "mesa-libEGL mesa-dri-drivers)"
        )


@cache
def _has_context() -> bool:
    """Return whether VTK finds an OpenGL context.

    When it makes a window it tries X, then EGL, and takes OSMesa without trying it.
    """
    import vtkmodules.vtkRenderingOpenGL2  # noqa: F401 # brings the kinds of window
    from vtkmodules.vtkRenderingCore import vtkRenderWindow

    # Making a window is enough: its class says which kind VTK could make.
    with import_pyvista("Drawing").vtk_verbosity("off"):
        window = vtkRenderWindow()
    return window.GetClassName() != _FALLBACK or find_library("OSMesa") is not None
