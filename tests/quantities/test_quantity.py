"""Values of quantities against what follows from the fields by hand."""

from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.quantities import FieldDomain, read_quantities
from simulgenvae.quantities.statistics import STATISTICS, Found, Statistic


def value(text: str, domain: FieldDomain, fields: np.ndarray) -> float:
    return float(read_quantities({"q": text}, domain).of_run(fields).values[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max(`wall p`)", 4.0),
        ("min(`wall p`)", -2.0),
        ("max(`wall p`, time=2)", 2.0),  # half way from the peak to zero
        ("max(`wall p`, times=(1.5, 3))", 0.0),
        ("max(u)", 4.0),
        ("max(u, node=0)", 3.0),
        ("value(u, point=(0.3, 0.1), time=0.5)", 0.8),
        ("value(u, node=7, time=1)", 1.5),
        ("mean(u, time=0)", 0.5),
        # The trapezoidal rule over uneven steps: the mean time is 1.5.
        ("mean(u)", 2.0),
        ("mean(u, times=(0, 1))", 1.0),
        ("integral(v, time=0)", 0.5),
        ("integral(v, time=0, box=(0, 0, 1, 0))", 0.0),
        ("mean(u, time=0, box=(0.4, 0, 0.6, 1))", 0.5),
        ("mean(u, time=0, nodes=(0, 4))", 0.5),
        ("max(v, sphere=(0.5, 0.5, 0.3))", 0.75),
        ("max(mag(u, v))", np.hypot(4.0, 1.0)),
        # Between nodes the vector is interpolated, not its size.
        ("value(mag(u, v), point=(0.125, 0), time=0)", 0.125),
    ],
)
def test_values(text: str, expected: float, domain: FieldDomain, fields: np.ndarray) -> None:
    assert value(text, domain, fields) == pytest.approx(expected, abs=1e-6)


def test_place_and_time_of_extremes(domain: FieldDomain, fields: np.ndarray) -> None:
    texts = {"peak": "max(`wall p`)", "probe": "max(u, node=3)", "mean": "mean(u)"}
    found = read_quantities(texts, domain).of_run(fields)
    np.testing.assert_array_equal(found.times, [1.0, 3.0, np.nan])
    np.testing.assert_allclose(found.places[0], [0.5, 0.25])
    assert np.isnan(found.places[1:]).all()


def test_a_group_takes_only_what_it_needs(domain: FieldDomain, fields: np.ndarray) -> None:
    group = read_quantities(
        {"a": "value(v, node=12, time=1)", "b": "value(u, point=(0.3, 0.1), time=3)"}, domain
    )
    part = fields[np.ix_(group.rows, group.nodes, group.columns)]
    assert part.shape == (2, 5, 2)
    np.testing.assert_allclose(group.of_part(part).values, group.of_run(fields).values)
    np.testing.assert_allclose(group.of_part(part).values, [0.5, 3.3], rtol=1e-6)


def test_units(domain: FieldDomain) -> None:
    texts = {"a": "max(u)", "b": "integral(u)", "c": "mean(mag(u, v))"}
    units = [each.unit for each in read_quantities(texts, domain).quantities]
    assert units == ["m/s", "m/s · area", "m/s"]


def test_a_statistic_of_another_package(
    domain: FieldDomain, fields: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    swing = Statistic("swing", lambda values, volumes, times: Found(float(np.ptp(values))))
    monkeypatch.setitem(STATISTICS, "swing", swing)
    assert value("swing(`wall p`)", domain, fields) == 6.0
