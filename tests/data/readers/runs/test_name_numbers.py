"""Numbers in names of files, as Python, C and OpenFOAM print them."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulgenvae.data.readers.runs.name_numbers import numbers, series_name
from simulgenvae.errors import UserError


def _paths(*names: str) -> list[Path]:
    return [Path("run", name) for name in names]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["u_5e-05.vtu", "u_0.0001.vtu", "u_0.1.vtu", "u_1.vtu"], [5e-5, 1e-4, 0.1, 1.0]),
        (["res000120.vtu", "res000200.vtu"], [120, 200]),
        (["Fluid.dt0.vtu", "Fluid.dt10.vtu"], [0, 10]),
        (["a.0001.vtu", "a.0002.vtu"], [1, 2]),
        (["case2_1_T.vtu", "case2_7_T.vtu"], [1, 7]),
        (["s_1.5e+02.vtk", "s_2.5E+02.vtk"], [150, 250]),
        (["o_0001_t0.05.vtu", "o_0002_t0.25.vtu"], [0.05, 0.25]),
        (["t0.05_0001.vtu", "t0.25_0002.vtu"], [0.05, 0.25]),
        (["0/plane.vtp", "5e-05/plane.vtp", "0.1/plane.vtp"], [0, 5e-5, 0.1]),
        (["u_0.0.vtu", "u_0.1.vtu", "u_1.0.vtu", "u_1.1.vtu"], [0, 0.1, 1, 1.1]),
    ],
)
def test_the_number_that_tells_files_apart(names: list[str], found: list[float]) -> None:
    assert numbers(Path("run"), _paths(*names)) == found


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a_3.0.vtu", "a_03.vtu"], "same number"),
        (["s_0003.0.vtu", "s_0003.1.vtu", "s_0004.0.vtu", "s_0004.1.vtu"], "2 pieces of each"),
        (["s_3_0.vtu", "s_3_1.vtu", "s_4_0.vtu", "s_4_1.vtu"], "none distinguishes all files"),
    ],
)
def test_names_that_do_not_tell(names: list[str], message: str) -> None:
    with pytest.raises(UserError, match=f"{message}.*--pattern"):
        numbers(Path("run"), _paths(*names))


def test_series_differ_in_their_letters_and_ending() -> None:
    names = {series_name(path) for path in _paths("f_1.vtu", "f_5e-05.vtu", "s_1.vtu", "f_1.vtp")}
    assert names == {"f_*.vtu", "s_*.vtu", "f_*.vtp"}
