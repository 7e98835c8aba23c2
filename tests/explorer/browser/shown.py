"""Comparison of the values that a page shows with those that a surrogate predicts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.cli.main import main
from simulgenvae.explorer.networks import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.explorer.browser.conftest import Opened

CLOSE = 1e-4
"""Largest difference, as a fraction of the range of each variable."""


def predicted_by_command(study: Path, out: Path, *design: str) -> Mapping[str, Any]:
    """Return what ``simulgenvae predict`` writes of a design, which its options say."""
    samples = ["--samples", str(SAMPLES), "--out", str(out), "--overwrite"]
    assert main(["predict", str(study), *design, *samples]) == 0
    with np.load(out) as found:
        return dict(found)


def require_shown(page: Opened, known: Mapping[Any, Any], time: int) -> None:
    """Compare fields, standard deviation and interval of the first design at a time."""
    span = np.ptp(np.asarray(known["fields"]), axis=(0, 1, 2))
    # The ends of the interval have the differences of fields and spread.
    for shown, name, allowed in (
        ("prediction", "fields", CLOSE),
        ("std", "std", CLOSE),
        ("lower", "lower", 3 * CLOSE),
        ("upper", "upper", 3 * CLOSE),
    ):
        expected = np.asarray(known[name])[0, time]
        for v in range(expected.shape[-1]):
            found = np.array(page.values(v, shown))
            assert np.abs(found - expected[:, v]).max() < allowed * span[v], (shown, v)
