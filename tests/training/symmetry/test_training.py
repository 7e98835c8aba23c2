"""Trainings with symmetries that their runs show: what is trained, kept, resumed and told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from simulgenvae.data.split import make_split
from simulgenvae.distributed import collectives
from simulgenvae.errors import UserError
from simulgenvae.settings import Settings, StudyFolder
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.surrogate import Surrogate
from simulgenvae.training.memory.findings import memory_findings
from simulgenvae.training.symmetry import Symmetry, find_symmetry
from tests.conftest import MakeSettings
from tests.training.symmetry.blobs import blob_runs

RUNS = blob_runs(28, "inflow")
"""Runs that are symmetric along y only."""


@pytest.fixture(scope="module")
def quick(make_settings: MakeSettings) -> Settings:
    # Few coefficients, as each mode takes a Gaussian process.
    tree = make_settings(2).model_dump() | {"reduction": {"max_rank": 2}}
    tree["data"] |= {"validation_fraction": 0.1, "test_fraction": 0.0}
    return Settings.model_validate(tree)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, quick: Settings) -> StudyFolder:
    """Return a study that was trained with ``auto``."""
    folder = StudyFolder(tmp_path_factory.mktemp("study"))
    fit(RUNS, quick, study=folder)
    return folder


def with_flips(settings: Settings, flips: object) -> Settings:
    tree = settings.model_dump()
    tree["training"]["augmentation"]["flips"] = flips
    return Settings.model_validate(tree)


def test_the_surrogate_has_the_axes_and_their_evidence(study: StudyFolder) -> None:
    surrogate = Surrogate.load(study)
    augmentation = surrogate.settings.training.augmentation
    assert augmentation.flips == ("y",)
    assert augmentation.odd_variables == ("y:v",)
    assert surrogate.ensemble is not None
    assert [view.axes for view in surrogate.ensemble.mirror_views] == [("y",)]
    assert surrogate.info.symmetry[1].startswith("mirrored along y, with the other sign for v")
    log = study.training_log.read_text()
    assert all(line in log for line in surrogate.info.symmetry)


def test_a_resumed_training_takes_the_same_axes_and_no_others(
    study: StudyFolder, quick: Settings
) -> None:
    before = study.conditioner_file.read_bytes()
    fit(RUNS, quick, study=study, resume=True)
    assert study.conditioner_file.read_bytes() == before
    with pytest.raises(UserError, match=r"augmentation\.flips was \['y'\] and is none"):
        fit(RUNS, with_flips(quick, "none"), study=study, resume=True)


def test_it_can_be_forbidden(quick: Settings) -> None:
    surrogate = fit(RUNS, with_flips(quick, "none"))
    assert surrogate.ensemble is not None
    assert surrogate.ensemble.mirror_views == ()
    assert surrogate.info.symmetry == ()


def test_all_ranks_get_what_the_first_one_finds(run_ranks: Callable[..., list[Any]]) -> None:
    def find() -> Symmetry:
        dataset = RUNS
        if not collectives.is_rank0():
            dataset = replace(dataset, fields=np.empty((0, 0, 0, 0), np.float32))
        return find_symmetry(dataset, np.arange(28), Settings())

    first, second = run_ranks(2, find)
    assert first == second
    assert first.settings.training.augmentation.flips == ("y",)


def test_a_check_tells_the_axes(quick: Settings) -> None:
    split = make_split(RUNS.ids, quick.data, None)
    *remarks, _ = memory_findings(RUNS, split, quick)
    assert [remark.message.split(" along ")[0] for remark in remarks] == [
        "not mirrored",
        "mirrored",
    ]
