"""Designs are distinguished by parameters and images, and compared with the training designs."""

from __future__ import annotations

import numpy as np

from simulgenvae.data.checks.designs import check_designs, design_keys
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.images import ImageFormat, Images

IDS = ("a", "b", "c", "d")
ROWS = {"train": np.array([0, 1, 2]), "validation": np.array([], int), "test": np.array([3])}
SQUARE = ImageFormat(2, 2, 1, 2)


def images(*greys: int) -> Images:
    return Images(np.stack([np.full((2, 2, 1), grey, np.uint8) for grey in greys]), SQUARE)


def different(conditions: Conditions) -> int:
    return len(set(design_keys(conditions)))


def test_designs_with_equal_parameters_and_images_are_the_same() -> None:
    table = np.array([[1.0], [1.0], [2.0], [2.0]])
    assert different(Conditions(IDS, ("p",), table)) == 2
    assert different(Conditions.of_images(IDS, images(0, 0, 0, 9))) == 2
    assert different(Conditions(IDS, ("p",), table, images(0, 0, 0, 9))) == 3


def test_images_have_no_range() -> None:
    assert list(check_designs(Conditions.of_images(IDS, images(0, 1, 2, 255)), ROWS)) == []
    (found,) = check_designs(Conditions.of_images(IDS, images(7, 7, 7, 255)), ROWS)
    assert found.severity == "error"


def test_a_design_outside_is_found() -> None:
    found = list(
        check_designs(Conditions(IDS, ("p",), np.array([[0.0], [1.0], [2.0], [3.0]])), ROWS)
    )
    assert [finding.severity for finding in found] == ["warning", "info"]
    assert "test runs: 1 of 1" in found[1].message


def test_designs_outside_are_one_warning() -> None:
    ids = tuple("abcdef")
    table = np.array([[0.0, 0.0], [1.0, 1.0], [0.5, 0.5], [2.0, -1.0], [0.5, 3.0], [0.2, 0.2]])
    rows = {"train": np.array([0, 1]), "validation": np.array([2]), "test": np.array([3, 4, 5])}
    warnings = [
        finding.message
        for finding in check_designs(Conditions(ids, ("p", "q"), table), rows)
        if finding.severity == "warning"
    ]
    assert warnings == [
        "test runs: 2 of 3 have values outside the trained range, where predictions extrapolate: "
        "'d' (p, q), 'e' (q)"
    ]
