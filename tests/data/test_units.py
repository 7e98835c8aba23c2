"""Units in the headers of tables."""

from __future__ import annotations

import pytest

from simulgenvae.data.units import header, plain_unit, same_unit, split_unit, split_units


@pytest.mark.parametrize(
    ("text", "name", "unit"),
    [
        ("speed [m/s]", "speed", "m/s"),
        ("speed[m/s]", "speed", "m/s"),
        ("speed (m/s)", "speed", "m/s"),
        ("heat flux (W/(m^2 K))", "heat flux", "W/(m^2 K)"),
        ("T [°C]", "T", "°C"),
        ("ratio [-]", "ratio", ""),
        ("ratio []", "ratio", ""),
        ("speed", "speed", ""),
        ("f(x)", "f(x)", ""),
        ("p[0]", "p[0]", ""),
        ("k (2)", "k (2)", ""),
        ("[m/s]", "[m/s]", ""),
        ("(m/s)", "(m/s)", ""),
    ],
)
def test_names_and_units(text: str, name: str, unit: str) -> None:
    assert split_unit(text) == (name, unit)
    assert split_unit(header(name, unit)) == (name, unit)


def test_headers_that_differ_only_in_brackets_stay_whole() -> None:
    headers = ("width (left)", "width (right)", "speed (m/s)")
    names = ["width (left)", "width (right)", "speed"]
    assert [each.name for each in split_units(headers)] == names
    assert split_units(headers, kept=headers)[2].name == "speed (m/s)"


@pytest.mark.parametrize("cell", ["[mm]", "(mm)", "mm", " [ mm ] "])
def test_cells_of_a_row_of_units(cell: str) -> None:
    assert plain_unit(cell) == "mm"


@pytest.mark.parametrize(("one", "other"), [("µm", "μm"), ("W/m K", "W/mK"), ("m²", "m2")])
def test_spellings_of_one_unit(one: str, other: str) -> None:
    assert same_unit(one, other)
    assert not same_unit("mm", "MM")
