"""Blocks of a mesh: boundaries are left out, blocks on one mesh refused, others chosen by name."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import pyvista

from simulgenvae.data.readers.runs.block_choice import BlockChoice
from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.series import RunPart
from simulgenvae.errors import UserError

RUN = Path("run.vtm")


def _surface(grid: Any) -> Any:
    return grid.extract_surface(algorithm="dataset_surface")


@pytest.fixture
def volume(box: SimpleNamespace) -> Any:
    return box.block(2.0, 0.5)


def test_a_boundary_is_left_out_and_said(volume: Any) -> None:
    edges = volume.extract_feature_edges()
    choose = BlockChoice(RUN)
    data = pyvista.MultiBlock({"wall": _surface(volume), "fluid": volume, "edges": edges})
    assert choose(data).keys() == ["fluid"]
    assert choose.notes == [
        "blocks on the boundary of others, which are not read: 'wall', 'edges' (--block takes "
        "what it names)"
    ]


def test_shells_elsewhere_are_read(volume: Any, box: SimpleNamespace) -> None:
    shell = _surface(box.block(2.0, 0.5, 10.0))
    choose = BlockChoice(RUN)
    assert choose(pyvista.MultiBlock({"fluid": volume, "shell": shell})).n_blocks == 2
    assert "'fluid (24 nodes)', 'shell (24 nodes)'" in choose.notes[0]


def test_one_mesh_many_times_is_refused(volume: Any) -> None:
    data = pyvista.MultiBlock({"a": volume, "b": volume.copy()})
    with pytest.raises(UserError, match=r"run\.vtm: the blocks 'a' and 'b' are the same mesh"):
        BlockChoice(RUN)(data)
    assert BlockChoice(RUN, ["*"])(data).n_blocks == 2


def test_nested_blocks_have_names(volume: Any, box: SimpleNamespace) -> None:
    inner = pyvista.MultiBlock({"hot": volume, "cold": box.block(1.0, 0.5, 10.0)})
    data = pyvista.MultiBlock({"zone": inner, "empty": pyvista.UnstructuredGrid()})
    choose = BlockChoice(RUN, ["zone/c*"])
    assert choose(data).keys() == ["zone/cold"]
    assert choose.notes == ["blocks that are not read (--block): 'zone/hot'"]
    with pytest.raises(UserError, match=r"no block 'gas' .* 'zone/hot \(24 nodes\)'"):
        BlockChoice(RUN, ["gas"])(data)


def test_a_block_that_ends_is_named(volume: Any, box: SimpleNamespace) -> None:
    choose = BlockChoice(RUN)
    choose(pyvista.MultiBlock({"a": volume, "b": box.block(1.0, 0.5, 10.0)}))
    with pytest.raises(UserError, match="has no block 'b' at some timesteps"):
        choose(pyvista.MultiBlock({"a": volume}))


def test_data_without_blocks(volume: Any) -> None:
    assert BlockChoice(RUN)(volume) is volume
    with pytest.raises(UserError, match="no blocks to choose from"):
        BlockChoice(RUN, ["a"])(volume)


def test_the_store_gets_the_numbers_of_the_volume(tmp_path: Path, box: SimpleNamespace) -> None:
    for step in range(2):
        made = box.block(2.0, float(step))
        blocks = pyvista.MultiBlock({"wall": _surface(made), "fluid": made})
        (tmp_path / "run").mkdir(exist_ok=True)
        blocks.save(tmp_path / f"run/s_{step}.vtm")
    source = open_runs(tmp_path)
    assert any("on the boundary of others" in note for note in source.notes)
    for step in range(2):
        np.testing.assert_allclose(source.run(0)[step], box.expected(2.0, step), rtol=1e-6)
    wall = open_runs(tmp_path, RunPart(blocks=("wall",)))
    assert wall.mesh is not None
    assert set(wall.mesh.cells) == {"quad"}
