"""A study with a moving bump, and a surrogate of it that was trained for a moment."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulgenvae.data.conditions import Conditions, LeftOut
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.images import ImageFormat, Images
from simulgenvae.data.split import Split
from simulgenvae.evaluation import evaluate
from simulgenvae.evaluation.results import EvaluationResult
from simulgenvae.settings import EvaluationSettings, Settings, StudyFolder
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.surrogate import Surrogate

CHECKS = EvaluationSettings(checks=("<i>hot: `T<script>` - 293",))


def make_dataset(runs: int = 12, timesteps: int = 5) -> Dataset:
    """Return a bump that moves over a 4 × 6 grid of quads, with names that look like code."""
    y, x = (axis.ravel() for axis in np.meshgrid(np.arange(4.0), np.arange(6.0), indexing="ij"))
    rng = np.random.default_rng(0)
    table = np.column_stack([rng.uniform(0.5, 1.5, runs), rng.uniform(1.0, 100.0, runs)])
    t = np.linspace(0.0, 1.0, timesteps)[None, :, None]
    bump = np.exp(-0.1 * (x - 5 * t * table[:, :1, None]) ** 2 - 0.1 * (y - 2) ** 2)
    fields = np.stack([293.0 + bump * np.log(table[:, 1:, None]), 1e5 * bump**2], axis=-1)
    corner = np.array([6 * row + column for row in range(3) for column in range(5)])
    cells = {"quad": corner[:, None] + np.array([0, 1, 7, 6])}
    ids = tuple(f"run<{i}>" for i in range(runs))
    constant = LeftOut(name="gravity", value=9.81)
    return Dataset.from_arrays(
        fields,
        Conditions(ids, ("speed", "power"), table, left_out=(constant,)),
        times=t.ravel(),
        coords=np.column_stack([x, y]),
        cells=cells,
        variables=("T<script>", "p$x$"),
        units=("K", "Pa"),
    )


def with_images(dataset: Dataset, *, parameters: bool) -> Dataset:
    """Return the same runs with images whose bright bar says both parameters.

    There is also a table, or not.
    """
    given = dataset.conditions
    speed, power = given.table.T
    pixels = np.zeros((len(given), 8, 8, 1), dtype=np.uint8)
    for picture, column, grey in zip(pixels, (5 * speed).astype(int), 50 + 2 * power, strict=True):
        picture[:, column] = grey
    names, table = (given.names, given.table) if parameters else ((), np.zeros((len(given), 0)))
    return Dataset.from_arrays(
        np.asarray(dataset.fields),
        Conditions(given.ids, names, table, Images(pixels, ImageFormat(8, 8, 1, 8))),
        times=dataset.times,
        coords=dataset.mesh.coords,
        cells=dataset.mesh.cells,
        variables=dataset.variables,
        units=dataset.units,
    )


@pytest.fixture(scope="session", params=["images", "both"])
def pictured(request: pytest.FixtureRequest, dataset: Dataset) -> Dataset:
    """Return runs that are described by images only, or by images and a table."""
    return with_images(dataset, parameters=request.param == "both")


@pytest.fixture(scope="session")
def grey() -> Images:
    """Ten pictures, each of one shade of grey."""
    shades = (10 * np.arange(10, dtype=np.uint8))[:, None, None, None]
    return Images(np.broadcast_to(shades, (10, 4, 4, 1)).copy(), ImageFormat(4, 4, 1, 4))


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return make_dataset()


@pytest.fixture(scope="session")
def split(dataset: Dataset) -> Split:
    """Eight training, two validation and two test runs."""
    return Split(dataset.ids[:8], dataset.ids[8:10], dataset.ids[10:])


@pytest.fixture(scope="session")
def train_shortly(make_settings: Callable[..., Settings]) -> Callable[..., Surrogate]:
    """Trains all stages of a small model, two members, for a few steps."""

    def train(
        dataset: Dataset, split: Split, study: StudyFolder | None = None, steps: int = 4
    ) -> Surrogate:
        return fit(
            dataset,
            make_settings(steps, end_to_end={"members": 2, "from_scratch": False}),
            split=split,
            study=study,
        )

    return train


@pytest.fixture(scope="session")
def trained_study(
    dataset: Dataset,
    split: Split,
    train_shortly: Callable[..., Surrogate],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Surrogate, StudyFolder]:
    """Return a surrogate with names that look like code, and its folder; not to be changed.

    It makes use of its networks too, which have learned so little that validation runs would give
    them no weight.
    """
    study = StudyFolder(tmp_path_factory.mktemp("trained"))
    surrogate = train_shortly(dataset, split, study)
    assert surrogate.ensemble is not None
    mixed = replace(surrogate.ensemble, gp_weight=0.4)
    info = surrogate.info.model_copy(update={"versions": {"<b>torch</b>": "2"}})
    return replace(surrogate, info=info, ensemble=mixed), study


@pytest.fixture(scope="session")
def trained(trained_study: tuple[Surrogate, StudyFolder]) -> Surrogate:
    return trained_study[0]


@pytest.fixture
def surrogate(trained: Surrogate) -> Surrogate:
    """One whose information a test may change."""
    return replace(trained, info=deepcopy(trained.info))


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    return StudyFolder(tmp_path)


@pytest.fixture
def with_checkpoints(
    study: StudyFolder, trained_study: tuple[Surrogate, StudyFolder]
) -> StudyFolder:
    """Return a study that still has the checkpoints of the training."""
    shutil.copytree(trained_study[1].checkpoints, study.checkpoints)
    return study


@pytest.fixture(scope="session")
def evaluated(
    dataset: Dataset, trained: Surrogate, tmp_path_factory: pytest.TempPathFactory
) -> tuple[EvaluationResult, StudyFolder]:
    """Return result and folder of an evaluation with a user's check; not to be changed."""
    study = StudyFolder(tmp_path_factory.mktemp("evaluated"))
    return evaluate(dataset, trained, study, evaluation=CHECKS), study


@pytest.fixture(scope="session")
def measured(
    dataset: Dataset, trained: Surrogate, tmp_path_factory: pytest.TempPathFactory
) -> EvaluationResult:
    """Return the result of the same evaluation without figures, which take most of its time."""
    study = StudyFolder(tmp_path_factory.mktemp("measured"))
    return evaluate(dataset, trained, study, figures=False, evaluation=CHECKS)
