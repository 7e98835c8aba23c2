"""The demo's panel: its shape, its beam, and whether the mesh and the time steps resolve it."""

import numpy as np
import pytest

pytest.importorskip("skfem")
panel = pytest.importorskip("simulgenvae.demo.panel")

DESIGN = (0.022, 0.006, 600.0)


def test_the_panel_is_a_plate_with_ribs_below() -> None:
    grid = panel.mesh()
    volume = grid.nelements * panel.ELEMENT_SIZE**3
    plate = 0.120 * 0.060 * 0.005
    ribs = 2 * 0.120 * 0.010 * 0.010 + 0.010 * 0.040 * 0.010
    assert volume == pytest.approx(plate + ribs)
    assert grid.p.shape[1] >= 5000


def test_the_whole_power_reaches_the_panel() -> None:
    load = panel.beam_load(panel.mesh(), row=0.03, speed=0.006, power=600.0)
    assert load(6.0).sum() == pytest.approx(600.0, rel=1e-3)


def test_space_and_time_are_resolved_and_the_hottest_place_is_under_the_beam(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a mesh and steps twice as coarse; the error of the demo's mesh is a quarter of theirs.

    In the first seconds, in which the error relative to the heat is largest.
    """
    monkeypatch.setattr(panel, "TIMES", panel.TIMES[:9])
    coarse = panel.solve(DESIGN, element_size=2.0 * panel.ELEMENT_SIZE, substeps=1)
    fine = panel.solve(DESIGN)
    assert fine.shape == (panel.TIMES.size, panel.mesh().p.shape[1])
    nodes = {tuple(place): node for node, place in enumerate(np.round(panel.mesh().p.T, 6))}
    common = [
        nodes[tuple(place)] for place in np.round(panel.mesh(2.0 * panel.ELEMENT_SIZE).p.T, 6)
    ]
    rise = fine[:, common] - panel.AIR.temperature
    assert np.linalg.norm(coarse - fine[:, common]) < 0.08 * np.linalg.norm(rise)
    assert fine.min() > panel.AIR.temperature - 1.0
    hottest = panel.mesh().p[:, fine[-1].argmax()]
    beam = (panel.BEAM_START + DESIGN[1] * panel.TIMES[-1], DESIGN[0], panel.HEIGHT)
    assert np.linalg.norm(hottest - beam) < 2.0 * panel.BEAM_RADIUS


def test_no_design_is_hotter_than_the_properties_hold() -> None:
    """The slowest and strongest beam, on a coarse mesh, in a row between the ribs."""
    hottest = panel.solve((0.030, 0.005, 1000.0), element_size=0.005, substeps=1).max()
    assert 700.0 < hottest < 273.15 + 600.0


def test_steel_conducts_less_and_stores_more_when_hot() -> None:
    """Values of EN 1993-1-2, section 3.4.1, at 20 and 500 °C."""
    temperature = np.array([293.15, 773.15])
    np.testing.assert_allclose(panel.STEEL.conductivity(temperature), [53.3, 37.4], atol=0.05)
    np.testing.assert_allclose(panel.STEEL.capacity(temperature), [439.8, 666.5], atol=0.1)


def test_designs_fill_their_ranges_and_repeat() -> None:
    table = panel.sample_designs(40, seed=3)
    assert (table >= panel.LOWER).all()
    assert (table <= panel.UPPER).all()
    width = (panel.UPPER - panel.LOWER) / 40.0
    part = np.sort(np.floor((table - panel.LOWER) / width), axis=0)
    np.testing.assert_array_equal(part, np.tile(np.arange(40.0)[:, np.newaxis], 3))
    np.testing.assert_array_equal(table, panel.sample_designs(40, seed=3))
