"""OpenFOAM: cases in text, binary and compressed, and probes.

A case has two cells side by side, and a temperature at two times.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.robustness.inputs.base import Input, source, text

_HEAD = 'FoamFile { version 2.0; format %s; arch "LSB;label=32;scalar=64"; class %s; object %s; }\n'
_POINTS = np.array([[x, y, z] for z in (0, 1) for y in (0, 1) for x in (0, 1, 2)], float)
_FACES = np.array(
    [
        [1, 4, 10, 7],
        [0, 6, 9, 3],
        [0, 1, 7, 6],
        [3, 9, 10, 4],
        [0, 3, 4, 1],
        [6, 7, 10, 9],
        [2, 5, 11, 8],
        [1, 2, 8, 7],
        [4, 10, 11, 5],
        [1, 4, 5, 2],
        [7, 8, 11, 10],
    ]
)
"""The face between both cells, five of the first and five of the second."""
_OWNER = np.array([0] * 6 + [1] * 5)
_CONTROL = (
    "application icoFoam; startFrom startTime; startTime 0; stopAt endTime; endTime 1; deltaT 1; "
    "writeControl timeStep; writeInterval 1; writeFormat ascii; timePrecision 6;\n"
)


def _rows(values: Any) -> str:
    rows = [f"({' '.join(map(str, row))})" if np.ndim(row) else f"{row}" for row in values]
    return f"{len(rows)}\n(\n" + "\n".join(rows) + "\n)\n"


def _packed(values: Any, kind: str) -> bytes:
    array = np.asarray(values, kind)
    return b"%d\n(%s)\n" % (len(array), array.tobytes())


def _write(folder: Path, name: str, content: bytes, *, binary: bool = False, of: str) -> None:
    path = folder / "case" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    head = _HEAD % ("binary" if binary else "ascii", of, path.name)
    path.write_bytes(head.encode() + content)


def _case(folder: Path, *, binary: bool = False) -> None:
    mesh = "constant/polyMesh"
    # The second cell's faces were listed with its normals, the first one's between are shared.
    if binary:
        starts = np.arange(len(_FACES) + 1) * 4
        lists = {
            "points": ("vectorField", _packed(_POINTS, "<f8")),
            "faces": ("faceCompactList", _packed(starts, "<i4") + _packed(_FACES.ravel(), "<i4")),
            "owner": ("labelList", _packed(_OWNER, "<i4")),
            "neighbour": ("labelList", _packed([1], "<i4")),
        }
    else:
        faces = "\n".join(f"4({' '.join(map(str, face))})" for face in _FACES)
        lists = {
            "points": ("vectorField", _rows(_POINTS).encode()),
            "faces": ("faceList", f"{len(_FACES)}\n(\n{faces}\n)\n".encode()),
            "owner": ("labelList", _rows(_OWNER).encode()),
            "neighbour": ("labelList", _rows([1]).encode()),
        }
    for name, (kind, content) in lists.items():
        _write(folder, f"{mesh}/{name}", content, binary=binary, of=kind)
    patch = b"1\n(\nwall { type wall; nFaces 10; startFace 1; }\n)\n"
    _write(folder, f"{mesh}/boundary", patch, of="polyBoundaryMesh")
    _write(folder, "system/controlDict", _CONTROL.encode(), of="dictionary")
    for time in (0, 1):
        numbers = [300.5 + time, 310.0]
        velocity = np.arange(6.0).reshape(2, 3)
        if binary:
            scalars = b"2\n(%s)" % np.asarray(numbers, "<f8").tobytes()
            vectors = b"2\n(%s)" % velocity.astype("<f8").tobytes()
        else:
            scalars = _rows(numbers).encode()
            vectors = _rows(velocity).encode()
        for name, kind, values in (("T", "scalar", scalars), ("U", "vector", vectors)):
            field = b"dimensions [0 0 0 1 0 0 0];\ninternalField nonuniform List<%s> %s;\n"
            field = field % (kind.encode(), values)
            field += b"boundaryField { wall { type zeroGradient; } }\n"
            of = f"vol{kind.capitalize()}Field"
            _write(folder, f"{time}/{name}", field, binary=binary, of=of)


def _binary(folder: Path) -> None:
    _case(folder, binary=True)


def _compressed(folder: Path) -> None:
    _case(folder)
    for path in [*(folder / "case/constant").rglob("*"), *(folder / "case/1").iterdir()]:
        if path.is_file():
            # Without the time of writing, the same bytes are written each time.
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
            path.unlink()


def _probes(folder: Path) -> None:
    head = "# Probe 0 (0.1 0 0.05)\n# Probe 1 (0.25 1e-3 0.05)\n#   Probe  0  1\n#   Time\n"
    text(f"{head}0.1 1.5 2.5\n0.2 3 4\n0.3 5 6\n", "run/0/p")(folder)
    text(f"{head}0.1 (1 2 3) (4 5 6)\n0.2 (1 2 3) (4 5 7)\n0.3 (0 0 1) (0 0 2)\n", "run/0/U")(
        folder
    )
    text(f"{head}0.3 6 7\n0.4 8 9\n", "run/0.2/p")(folder)
    text(f"{head}0.3 (0 0 1) (0 0 3)\n0.4 (0 0 1) (0 0 4)\n", "run/0.2/U")(folder)


OPENFOAM: dict[str, Input] = {
    "openfoam text": Input(_case, source("case")),
    "openfoam binary": Input(_binary, source("case")),
    "openfoam gz": Input(_compressed, source("case")),
    "openfoam probes": Input(_probes, source("run")),
}
