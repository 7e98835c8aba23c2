"""Tables of parameters and of nodes, and images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
from PIL import Image

from benchmarks.robustness.inputs.base import TIMESTEPS, Input, source, text
from simulgenvae.data.condition_files import read_condition_files
from simulgenvae.data.images.files import read_images

_CSV = "id,speed,size,material\n" + "".join(f"r{k},{k / 7},{k * k},steel\n" for k in range(12))


_NODES_CSV = "x,y,T\n" + "".join(f"{k % 3},{k // 3},{k / 7}\n" for k in range(9))


def _workbook(folder: Path) -> None:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for row in (["id", "speed", "material"], ["a", 1.5, "steel"], ["b", 2.5, "copper"]):
        sheet.append(row)
    book.save(folder / "p.xlsx")


def _image(suffix: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "images").mkdir()
        pixels = np.random.default_rng(0).integers(0, 255, (12, 12), dtype=np.uint8)
        for run in range(2):
            Image.fromarray(pixels).save(folder / f"images/r{run}{suffix}")

    return write


def _images(folder: Path) -> object:
    return read_images(folder / "images", 16)


def _node_tables(folder: Path) -> None:
    (folder / "run").mkdir()
    for step in range(TIMESTEPS):
        (folder / f"run/t_{step}.csv").write_text(_NODES_CSV)


def _conditions(name: str) -> Callable[[Path], object]:
    return lambda folder: read_condition_files(folder / name)


ROWS = [(k % 3, k // 3, 300 + k / 7, -1e5 - k) for k in range(6)]
_CELLS = [[repr(float(value)) for value in row] for row in ROWS]
_NUMBERED = [[str(k), *cells] for k, cells in enumerate(_CELLS, 1)]


def _lines(head: str, rows: list[list[str]], between: str) -> str:
    return "\n".join([head, *(between.join(row) for row in rows)]) + "\n"


_EXPORTS = {
    "csv of SU2": _lines('"PointID","x","y","Temperature","Pressure"', _NUMBERED, ", "),
    "csv of COMSOL": _lines(
        "% Model:  heat.mph\n% Dimension:  2\n% Nodes:  6\n% X,Y,T (K),p (Pa)", _CELLS, ","
    ),
    "csv of Abaqus": _lines("Node Label,X,Y,NT11,RF11", _NUMBERED, ","),
    "csv of Ansys": _lines(
        "Node Number\tX Location (mm)\tY Location (mm)\tTemperature (°C)\tPressure (MPa)",
        _NUMBERED,
        "\t",
    ),
    "csv of CFD-Post": "\n[Name]\nPlane 1\n\n[Data]\n"
    + _lines("Node Number, X [ m ], Y [ m ], T [ K ], p [ Pa ]", _NUMBERED, ", ")
    + "\n[Faces]\n0, 1, 4, 3\n1, 2, 5, 4\n",
}


def _export(content: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        for step in range(TIMESTEPS):
            text(content, f"run/t_{step}.csv")(folder)

    return write


def _transient(folder: Path) -> None:
    rows = "".join(
        f"{time},{k},{x},{y},{t}\n" for time in (0, 1) for k, (x, y, t, _) in enumerate(ROWS)
    )
    text(f"time,node,x,y,T\n{rows}", "run.csv")(folder)


TABLES: dict[str, Input] = {
    "node csv": Input(_node_tables, source("")),
    "parameters csv": Input(text(_CSV, "p.csv"), _conditions("p.csv")),
    "parameters xlsx": Input(_workbook, _conditions("p.xlsx")),
    "png": Input(_image(".png"), _images),
    "jpeg": Input(_image(".jpg"), _images),
    "tiff": Input(_image(".tif"), _images),
    "bmp": Input(_image(".bmp"), _images),
    "webp": Input(_image(".webp"), _images),
    "gif": Input(_image(".gif"), _images),
    **{name: Input(_export(content), source("")) for name, content in _EXPORTS.items()},
    "csv of all times": Input(_transient, source("run.csv")),
}
