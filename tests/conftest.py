"""Small data and settings that tests of several packages share."""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest
import torch

import simulgenvae
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.distributed import collectives
from simulgenvae.errors import UserError
from simulgenvae.mesh.cell_kinds import BY_NAME
from simulgenvae.mesh.cells import Cells
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.rendering.context import require_context
from simulgenvae.settings import Settings
from simulgenvae.training import prepare

# An example may take any time: the machine may be busy.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

SLOW = (
    "benchmarks",
    "cli/classic",
    "cli/test_bad_images.py",
    "cli/test_bad_input.py",
    "cli/test_commands.py",
    "cli/test_demo.py",
    "cli/test_disk_full.py",
    "cli/test_explore.py",
    "cli/test_gaussian_process.py",
    "cli/test_key_effects.py",
    "cli/test_launch.py",
    "cli/test_learning_curve.py",
    "cli/test_messages.py",
    "cli/test_models.py",
    "cli/test_named_sets.py",
    "cli/test_predict.py",
    "cli/test_one_of_everything.py",
    "cli/test_render.py",
    "cli/test_app.py",
    "cli/test_shapes.py",
    "cli/test_suggest.py",
    "cli/test_train_budget.py",
    "cli/test_two_commands.py",
    "data/readers/runs/test_vtk_subprocess.py",
    "demo",
    "deployment",
    "design/learning_curve",
    "distributed/test_failures.py",
    "distributed/test_launch.py",
    "distributed/test_rendezvous.py",
    "docs/test_points.py",
    "docs/test_site.py",
    "evaluation/figures/test_fields.py",
    "evaluation/figures/test_mesh_figures.py",
    "evaluation/folds/test_cross_validate.py",
    "evaluation/report",
    "evaluation/results",
    "evaluation/test_evaluate.py",
    "evaluation/test_shared.py",
    "evaluation/test_summary.py",
    "examples",
    "explorer/test_twin.py",
    "export",
    "reduction/test_pod.py",
    "search/test_find.py",
    "search/test_join.py",
    "search/test_trainer.py",
    "study",
    "surrogate/test_files.py",
    "surrogate/test_imports.py",
    "surrogate/test_light.py",
    "surrogate/test_mask_and_offsets.py",
    "surrogate/test_model_record.py",
    "surrogate/test_quantities.py",
    "surrogate/test_selection.py",
    "surrogate/test_surrogate.py",
    "test_docstrings.py",
    "test_installed.py",
    "test_every_way.py",
    "test_several_processes.py",
    "training/memory",
    "training/test_ddp.py",
    "training/test_diagnosis.py",
    "training/test_earlier_preparation.py",
    "training/test_loop.py",
    "training/test_members.py",
    "training/test_node_shards.py",
    "training/test_performance.py",
    "training/test_preparation_watch.py",
    "training/symmetry/test_training.py",
    "training/test_train.py",
    "utils/test_progress.py",
)
"""Files and folders whose tests start processes or train whole studies; ``-m "not slow"`` leaves
them out. Together they take nine tenths of the time of all tests."""


LONGEST = (
    "test_installed.py",
    "docs/test_site.py",
    "test_every_way.py",
    "test_several_processes.py",
    "examples/test_solver_examples.py",
    "cli/test_one_of_everything.py",
    "cli/test_key_effects.py",
    "cli/classic/test_launch_ddp.py",
)
"""Files that take longest, which start first: a file runs in one process, and others would wait
for one that starts last."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of ``SLOW``, and start with those of ``LONGEST``."""
    tests = Path(__file__).parent
    slow = [tests / entry for entry in SLOW]
    longest = [tests / entry for entry in LONGEST]
    moved = [str(entry) for entry in (*slow, *longest) if not entry.exists()]
    assert not moved, f"SLOW or LONGEST names what does not exist: {moved}"
    # Files have many tests, and paths are slow to compare.
    for path, own in groupby(items, key=lambda item: item.path):
        if not {path, *path.parents}.isdisjoint(slow):
            for item in own:
                item.add_marker("slow")
    places = {path: place for place, path in enumerate(longest)}
    items.sort(key=lambda item: places.get(item.path, len(longest)))


# Modules and tests are a million objects that stay. Looking for garbage among them while they are
# loaded takes a fifth of that time, and would slow down everything that makes many objects after it.
gc.disable()


def pytest_collection_finish() -> None:
    """Look for garbage again from here on, but not among what is loaded, and less often."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


MakeWaves = Callable[..., Dataset]
MakeSettings = Callable[..., Settings]


@pytest.fixture(scope="session", autouse=True)
def _no_memory_estimate() -> Iterator[None]:
    """Leave out the estimate of memory before a training, which takes 4 % of a small one.

    Programs that tests start make it, and tests/training/memory compares it with real trainings.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prepare, "require_training_memory", lambda *_: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_interrupts() -> None:
    """Let Ctrl-C interrupt this process and those that tests start.

    Shells let it do nothing in what they run in the background, and processes inherit that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Use one thread, so that results do not depend on the machine's cores.

    Small matrices gain nothing from more.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def make_waves() -> MakeWaves:
    """Return a function that makes runs of waves along a line, with two parameters.

    Each variable has a unit of its own.
    """

    def make(
        runs: int = 12,
        timesteps: int = 8,
        nodes: int = 30,
        variables: int = 1,
        times: np.ndarray | None = None,
    ) -> Dataset:
        table = np.random.default_rng(0).uniform(0.5, 1.5, (runs, 2))
        x = np.linspace(0.0, 1.0, nodes)[:, None]
        t = (np.linspace(0.0, 1.0, timesteps) if times is None else times)[:, None, None]
        amplitude, speed = table[:, 0, None, None, None], table[:, 1, None, None, None]
        waves = amplitude * np.sin(3.0 * (x - speed * t) + np.arange(variables))
        return Dataset.from_arrays(
            waves * 1e3 ** np.arange(variables) + 5.0,
            Conditions(tuple(f"run{k}" for k in range(runs)), ("amplitude", "speed"), table),
            times=t.ravel(),
            coords=x,
            units=tuple(f"unit{v}" for v in range(variables)),
        )

    return make


@pytest.fixture(scope="session")
def waves(make_waves: MakeWaves) -> Dataset:
    """12 runs, 8 timesteps, 30 nodes, one variable."""
    return make_waves()


@pytest.fixture(scope="session")
def make_settings() -> MakeSettings:
    """Return a function that makes settings of a small model with ``steps`` a stage.

    Further groups of settings are keywords.
    """

    def make(
        steps: int = 4,
        model: dict[str, Any] | None = None,
        stage: dict[str, Any] | None = None,
        **training: Any,
    ) -> Settings:
        every = {"steps": steps, **(stage or {})}
        # A refit takes as long as the training: tests that are about it ask for it.
        single = {"members": 1, "refit": False}
        small = {
            "filters": (16, 8),
            "latent_dim": 4,
            "hierarchical_dim": 2,
            "time_features": 4,
            "width": 32,
        }
        return Settings.model_validate(
            {
                "model": small | (model or {}),
                "conditioner": {"filters": (16, 16)},
                "training": {
                    "device": "cpu",
                    **training,
                    **{name: every | training.get(name, {}) for name in ("vae", "conditioner")},
                    "end_to_end": every | single | training.get("end_to_end", {}),
                },
            }
        )

    return make


@pytest.fixture(scope="session")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a trained study that tests must not change.

    14 runs with the parameters ``row`` and ``speed``, the variable ``temperature`` in K at 8 times
    and 30 nodes of a flat mesh of triangles.
    """
    rng = np.random.default_rng(0)
    designs = {"row": rng.uniform(0.02, 0.08, 14), "speed": rng.uniform(0.004, 0.008, 14)}
    x, y = (each.ravel() for each in np.meshgrid(np.linspace(0, 1, 6), np.linspace(0, 1, 5)))
    times = np.linspace(0, 0.875, 8)
    row, speed = (designs[name][:, None, None] for name in ("row", "speed"))
    fields = 300 + 900 * row * np.sin(3 * x - 500 * speed * times[:, None]) * y
    corners = np.array([k for k in range(24) if k % 6 < 5])[:, None]
    lower, upper = np.array([[0, 1, 6], [1, 7, 6]])
    steps = {
        "model": {"filters": [8], "width": 8, "latent_dim": 2, "hierarchical_dim": 1},
        "conditioner": {"filters": [8]},
        "training": {"device": "cpu", "end_to_end": {"steps": 8, "members": 2, "refit": False}},
    }
    folder = tmp_path_factory.mktemp("board") / "S"
    simulgenvae.fit(
        designs,
        fields,
        times=times,
        coords=np.column_stack([x, y]),
        cells={"triangle": np.vstack([corners + lower, corners + upper])},
        variables=["temperature"],
        units=["K"],
        settings=Settings.model_validate(steps),
        study=folder,
    )
    return folder


@pytest.fixture
def classic_study(tmp_path: Path) -> Path:
    """Return a folder with the classic files and a table of parameters, which trains in seconds."""
    rng = np.random.default_rng(0)
    for name in ("input_data", "parametric_data"):
        (tmp_path / name).mkdir()
    table = rng.random((6, 2))
    # Two modes: a Gaussian process of each of many modes would take most of the time.
    fields = np.einsum("rk,ktm->rtm", table, rng.random((2, 3, 5)))
    (tmp_path / "input_data/dataset1.pickle").write_bytes(pickle.dumps(fields))
    np.savetxt(tmp_path / "parametric_data/params.csv", table, delimiter=",")
    settings = "Training_epochs 2\nn_epoch 2\nBatch_size 2\nlatent_conditioner_batch 2\n"
    (tmp_path / "input_data/condition.txt").write_text(settings)
    (tmp_path / "preset.txt").write_text("data_No, init_beta_divisor\n1\n4\n8 6\n8\n")
    return tmp_path


@pytest.fixture(scope="session")
def opengl() -> None:
    """For tests that draw: skips them where VTK has nothing to draw with."""
    try:
        require_context("this test")
    except UserError as error:
        pytest.skip(str(error))


FilesOfAtMost = Callable[[int], AbstractContextManager[None]]


@pytest.fixture(scope="session")
def files_of_at_most() -> FilesOfAtMost:
    """Return a block in which writing a file beyond some bytes fails, as on a full disk."""
    resource = pytest.importorskip("resource", reason="limits of this kind exist on Unix alone")

    @contextmanager
    def limited(size: int) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited


RunRanks = Callable[..., list[Any]]


@pytest.fixture(scope="session")
def run_ranks() -> RunRanks:
    """Return a function that runs work in several processes joined as ranks.

    It gives what each of them returned or raised.

    They are copies of this process, which costs a fraction of starting Python and torch anew.
    """
    context = multiprocessing.get_context("fork")

    def run(count: int, work: Callable[[], Any], timeout: float = 30.0) -> list[Any]:
        with socket.create_server(("", 0)) as free:
            port = free.getsockname()[1]
        ends = [context.Pipe(duplex=False) for _ in range(count)]
        common = {
            "WORLD_SIZE": count,
            "LOCAL_WORLD_SIZE": count,
            "MASTER_ADDR": "localhost",
            "MASTER_PORT": port,
        }

        def child(rank: int) -> None:
            own = common | {"RANK": rank, "LOCAL_RANK": rank}
            os.environ.update({name: str(value) for name, value in own.items()})
            try:
                with collectives.process_group(timeout):
                    found = work()
            except Exception as error:
                found = error
            ends[rank][1].send(found)

        processes = [context.Process(target=child, args=(rank,)) for rank in range(count)]
        for process in processes:
            process.start()
        for _, sender in ends:
            sender.close()
        found = [_received(receiver) for receiver, _ in ends]
        for process in processes:
            process.join()
        return found

    return run


def _received(connection: Any) -> Any:
    """Return what a rank has sent; None if it was killed."""
    try:
        return connection.recv()
    except EOFError:
        return None


@pytest.fixture
def mixed_mesh() -> Mesh:
    """Return cells of many kinds in no order, between 40 nodes at random places.

    Two of them are polyhedra: a tetrahedron, and a hexahedron with one face divided in two.
    """
    box = [[0, 3, 2, 1], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 8, 9], [9, 8, 6, 5]]
    box += [[2, 3, 7, 6, 8], [3, 0, 4, 7]]
    cells: list[tuple[str, list[int], list[list[int]]]] = [
        ("polyhedron", list(range(10)), [*box[:2], [0, 1, 9, 5, 4], *box[3:]]),
        ("triangle", [10, 11, 12], []),
        ("polygon", [10, 11, 12, 13, 14], []),
        ("vertex", [39], []),
        ("polyhedron", [20, 21, 22, 23], [[20, 22, 21], [20, 21, 23], [21, 22, 23], [22, 20, 23]]),
        ("tetra10", list(range(20, 30)), []),
        ("lagrange_quad", list(range(30, 36)), []),
        ("triangle_strip", [14, 15, 16, 17, 18], []),
        ("poly_line", [36, 37, 38], []),
        ("triangle", [15, 16, 17], []),
    ]
    faces = [face for _, _, some in cells for face in some]
    degrees = np.zeros((len(cells), 3), np.int64)
    degrees[6] = [2, 1, 1]
    found = Cells.from_arrays(
        {
            "types": np.array([BY_NAME[name].number for name, _, _ in cells]),
            "offsets": np.cumsum([0, *(len(nodes) for _, nodes, _ in cells)]),
            "connectivity": np.concatenate([nodes for _, nodes, _ in cells]),
            "face_offsets": np.cumsum([0, *map(len, faces)]),
            "face_connectivity": np.concatenate(faces),
            "polyhedron_offsets": np.cumsum([0, *(len(some) for _, _, some in cells)]),
            "degrees": degrees,
        }
    )
    return Mesh(np.random.default_rng(0).normal(size=(40, 3)), found)
