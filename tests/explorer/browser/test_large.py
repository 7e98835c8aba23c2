"""A page of 95,008 nodes and 256 modes: its size, its values and its times."""

from __future__ import annotations

import statistics
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.explorer.browser.conftest import Open, Opened, page_file
from tests.explorer.browser.small_models import SmallModel, model_file, plate, value_info

pytestmark = pytest.mark.slow

NODES, MODES = 95_008, 256
MOST_BYTES = 80e6
MOST_SECONDS = 0.5
"""For a new design at another time. On two idle cores it takes less than 0.15 s."""
MOVED = """async () => {
  const waits = [];
  for (let k = 0; k < 9; k++) {
    const start = performance.now();
    window.explorer.set({ design: { parameters: [0.1 * k - 0.4, 1], image: null }, time: k % 5 });
    while (!window.explorer.upToDate) await new Promise((done) => setTimeout(done, 1));
    waits.push((performance.now() - start) / 1000);
    await new Promise((done) => requestAnimationFrame(done));
  }
  return waits;
}"""


class LargeModel(SmallModel):
    """Model whose modes have 16 bits, as those of pages have."""

    def __post_init__(self) -> None:
        super().__post_init__()
        # Noise in the last bits: smooth modes would be packed better than those of simulations.
        noise = np.random.default_rng(1).normal(1.0, 0.01, self.basis.shape)
        self.halves = (self.basis * noise).astype(np.float16)
        self.basis = self.halves.astype(np.float32)

    def _basis_network(self) -> onnx.ModelProto:
        nodes = [
            helper.make_node("Cast", ["halves"], ["basis"], to=TensorProto.FLOAT),
            helper.make_node("MatMul", ["rows", "basis"], ["states"]),
        ]
        inputs = [value_info("rows", TensorProto.FLOAT, ["n", self.rank])]
        outputs = [value_info("states", TensorProto.FLOAT, ["n", self.basis.shape[1]])]
        return model_file(nodes, inputs, outputs, {"halves": self.halves})


@pytest.fixture(scope="module")
def model() -> LargeModel:
    mesh = plate(columns=NODES // 32, rows=32)
    assert len(mesh.points) == NODES
    return LargeModel(mesh, (("T", "K"),), rank=MODES)


@pytest.fixture(scope="module")
def page(model: LargeModel, open_file: Open, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    path = tmp_path_factory.mktemp("large") / "large.html"
    return open_file(page_file(model.container(), Path(path)))


def test_the_file_is_small_enough_to_be_sent(page: Opened) -> None:
    # Two bytes for each node and mode, a third more as text.
    assert 4 / 3 * 2 * NODES * MODES * 0.8 < page.path.stat().st_size < MOST_BYTES


def test_every_node_has_its_values(page: Opened, model: LargeModel) -> None:
    design = np.array([0.6, 2.0])
    page.set("{time: 3, shown: 'std', design: {parameters: [0.6, 2], image: null}, probes: [77]}")
    fields = model.fields(design)
    found = np.array(page.values(0, "prediction"))
    assert found.shape == (NODES,)
    assert np.abs(found - fields[3][:, 0]).max() < 1e-4 * np.ptp(fields)
    assert f"{NODES:,}" in (page.page.locator("dialog").text_content() or "")
    page.set("{shown: 'prediction', probes: []}")
    page.click_middle()
    (row,) = page.state("probes")
    assert np.linalg.norm(model.mesh.points[row] - [0.7, 0.5, 0]) < 0.2
    page.set("{probes: []}")


def test_a_new_design_at_another_time_is_shown_soon(page: Opened) -> None:
    before = page.picture()
    waits = page.page.evaluate(MOVED)
    assert statistics.median(waits) < MOST_SECONDS, waits
    assert page.picture() != before
