"""Positions that are kept between the check of all runs and their reading."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import numpy as np
import pytest

from simulgenvae.geometry import MorphedMesh
from simulgenvae.geometry.morphing import kept_positions, morphed
from simulgenvae.geometry.morphing.kept_positions import KeptPositions
from simulgenvae.geometry.morphing.outline import Outline
from tests.geometry.morphing.shapes import plate


def test_positions_are_found_by_those_of_the_boundary() -> None:
    positions = KeptPositions()
    boundaries = np.random.default_rng(0).random((3, 4, 2))
    points = np.random.default_rng(1).random((3, 9, 2))
    for boundary, each in zip(boundaries, points, strict=True):
        positions.keep(boundary, each)
    for place in (1, 0, 2):
        found = positions.get(boundaries[place])
        assert found is not None
        np.testing.assert_array_equal(found, points[place])
    assert positions.get(boundaries[0] + 1e-9) is None


def test_a_full_disk_only_takes_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> IO[bytes]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept_positions, "TemporaryFile", full)
    positions = KeptPositions()
    positions.keep(np.zeros((2, 2)), np.zeros((3, 2)))
    assert positions.get(np.zeros((2, 2))) is None


def test_a_mesh_that_was_checked_is_not_morphed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    file = Path("run_7")
    own = plate((1.1, 0.5, 0.2), spacing=0.07)
    common = MorphedMesh(plate((1.0, 0.5, 0.2), spacing=0.06), Path("reference"))
    expected = common.place(own, file).shape
    common.require_sound(Outline.of(own, file))

    def again(*_: object) -> None:
        pytest.fail("the nodes are moved again")

    monkeypatch.setattr(morphed, "extended", again)
    np.testing.assert_array_equal(common.place(own, file).shape, expected)
