"""Comparison of the values that a page shows with those that a surrogate predicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

    from tests.explorer.browser.conftest import Opened

CLOSE = 1e-4
"""Largest difference, as a fraction of the range of each variable."""


def require_shown(page: Opened, known: xr.Dataset, time: int) -> None:
    """Compare fields, standard deviation and interval of the first design at a time."""
    span = np.ptp(known["fields"].to_numpy(), axis=(0, 1, 2))
    # The ends of the interval have the differences of fields and spread.
    for shown, name, allowed in (
        ("prediction", "fields", CLOSE),
        ("std", "std", CLOSE),
        ("lower", "lower", 3 * CLOSE),
        ("upper", "upper", 3 * CLOSE),
    ):
        expected = known[name].to_numpy()[0, time]
        for v in range(expected.shape[-1]):
            found = np.array(page.values(v, shown))
            assert np.abs(found - expected[:, v]).max() < allowed * span[v], (shown, v)
