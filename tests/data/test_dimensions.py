"""Dimensions of the settings and of the data."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulgenvae.data.dimensions import check_dimensions
from simulgenvae.errors import UserError
from simulgenvae.settings import DataSettings

PATH = Path("fields.npy")


def test_what_the_settings_leave_open_may_be_anything() -> None:
    check_dimensions(PATH, (3, 4, 5, 1), DataSettings())
    check_dimensions(PATH, (3, 4, 5, 1), DataSettings(runs=3, nodes=5))


def test_every_dimension_that_differs_is_named() -> None:
    settings = DataSettings(runs=4, timesteps=4, nodes=6)
    expected = (
        r"^fields\.npy: not the promised dimensions\. runs \(Dim1\): 4 in the settings, 3 in the "
        r"data; nodes \(Dim3\): 6 in the settings, 5 in the data\.$"
    )
    with pytest.raises(UserError, match=expected):
        check_dimensions(PATH, (3, 4, 5, 1), settings)


def test_a_dataset_holds_only_the_chosen_timesteps_and_nodes() -> None:
    settings = DataSettings(timesteps=9, first_timesteps=4, nodes=8, node_start=1, node_end=6)
    check_dimensions(PATH, (3, 4, 5, 1), settings, stored=True)
    with pytest.raises(
        UserError, match=r"nodes .*: 5 in the settings, 8 in the data\. Correct it\.$"
    ):
        check_dimensions(PATH, (3, 4, 8, 1), settings, stored=True, advice="Correct it.")
