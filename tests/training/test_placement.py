"""Memory in which data are held, on a device that represents a GPU.

It is torch's *meta* device, whose tensors take no memory.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.dataset import Dataset
from simulgenvae.errors import UserError
from simulgenvae.models import Inputs
from simulgenvae.reduction import LazyStates, reduce_runs
from simulgenvae.settings import Settings
from simulgenvae.training.memory.require import require_training_memory
from simulgenvae.training.placement import place_data
from simulgenvae.training.plan import TrainingPlan
from simulgenvae.training.stages import stage_specs

CPU, GPU = torch.device("cpu"), torch.device("meta")
COEFFICIENTS = np.zeros((12, 8, 30), np.float32)
INPUTS = Inputs(torch.zeros(12, 2), torch.zeros(12, 1, 16, 16, dtype=torch.uint8))
SIZE = COEFFICIENTS.nbytes + 12 * 2 * 4 + 12 * 16 * 16


def _settings(*, load_all: bool = True, on_device: bool = True, method: str = "none") -> Settings:
    return Settings.model_validate(
        {
            "data": {"load_all": load_all},
            "reduction": {"method": method},
            "training": {"performance": {"data_on_device": on_device}},
        }
    )


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Says how much memory the GPU has."""
    return lambda size: monkeypatch.setattr(
        torch.cuda, "mem_get_info", lambda device: (size, 2 * size)
    )


@pytest.mark.parametrize("method", ["none", "pod"])
def test_all_that_training_reads_is_on_the_device_at_the_start(
    free: Callable[[int], None], method: str
) -> None:
    free(SIZE)
    known, inputs = place_data(COEFFICIENTS, INPUTS, _settings(method=method), GPU)
    assert {known.device, inputs.table.device, inputs.images.device} == {GPU}


def test_on_a_processor_and_where_it_is_asked_for_all_is_in_memory() -> None:
    for settings, device in ((_settings(), CPU), (_settings(on_device=False), GPU)):
        known, inputs = place_data(COEFFICIENTS, INPUTS, settings, device)
        assert {known.device, inputs.table.device, inputs.images.device} == {CPU}
        np.testing.assert_array_equal(known, COEFFICIENTS)


def test_what_is_read_batch_by_batch_stays_on_disk(
    waves: Dataset, free: Callable[[int], None]
) -> None:
    settings = _settings(load_all=False)
    _, on_disk = reduce_runs(waves, np.arange(6), settings.reduction, on_disk=True)
    free(SIZE - COEFFICIENTS.nbytes)
    known, inputs = place_data(on_disk, INPUTS, settings, GPU)
    assert isinstance(known, LazyStates)
    assert inputs.table.device == GPU


@pytest.mark.parametrize(("method", "names_load_all"), [("none", True), ("pod", False)])
def test_what_does_not_fit_is_refused_with_what_to_change(
    free: Callable[[int], None], method: str, names_load_all: bool
) -> None:
    free(SIZE - 1)
    with pytest.raises(
        UserError, match=r"Holding the data on the GPU needs about .*coefficients"
    ) as caught:
        place_data(COEFFICIENTS, INPUTS, _settings(method=method), GPU)
    assert "training.performance.data_on_device = false" in str(caught.value)
    assert ("data.load_all = false (--load_all 0)" in str(caught.value)) == names_load_all


@pytest.mark.parametrize("load_all", [True, False])
def test_it_is_refused_before_it_is_made_when_it_does_not_fit_beside_the_networks(
    waves: Dataset,
    make_settings: Callable[..., Settings],
    free: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
    load_all: bool,
) -> None:
    """Runs that would stay on disk are counted where they are to be loaded."""
    monkeypatch.setattr("simulgenvae.reduction.lazy.STATES_IN_MEMORY", 0)
    changes: dict[str, Any] = {
        "data": _settings(load_all=load_all).data,
        "reduction": _settings().reduction,
    }
    settings = make_settings(stage={"batch_size": 2}).model_copy(update=changes)
    rows = {"train": np.arange(9), "validation": np.array([9, 10]), "test": np.array([11])}
    reduction, _ = reduce_runs(waves, rows["train"], settings.reduction, on_disk=True)
    scaler = ConditionScaler.fit(waves.conditions)
    plan = TrainingPlan(
        dataset=waves,
        rows=rows,
        settings=settings,
        scaler=scaler,
        specs=stage_specs(["vae"]),
        continues=False,
        device=GPU,
        checkpoints=False,
    )
    check = partial(require_training_memory, plan, reduction)
    free(10**9)
    check()
    free(1)
    with pytest.raises(UserError, match="Training on the GPU needs") as caught:
        check()
    assert ("coefficients" in str(caught.value)) == load_all
