"""Estimates against what trainings really take, and the messages that come of them."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
import torch

import simulgenvae.training.memory.require as memory
import simulgenvae.training.memory.stage_memory as counting
from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.images import ImageFormat, Images
from simulgenvae.data.split import Split, make_split
from simulgenvae.errors import UserError
from simulgenvae.settings import Settings
from simulgenvae.training.batch import plain_batch
from simulgenvae.training.memory.out_of_memory import explain_out_of_memory
from simulgenvae.training.memory.peak import PeakMemory
from simulgenvae.training.memory.phases import Phase, fitting_phase
from simulgenvae.training.memory.require import require_phase, shortage
from simulgenvae.training.memory.stage_memory import MemoryPart, layer_size, stage_memory
from simulgenvae.training.plan import TrainingPlan
from simulgenvae.training.stages import stage_specs
from simulgenvae.training.train import train
from tests.conftest import MakeSettings
from tests.training.conftest import MakeProblem

STAGES = ("vae", "conditioner", "end_to_end")


class _Scaler:
    """Scaler with only what networks read of it."""

    def __init__(self, parameters: int, images: ImageFormat | None = None) -> None:
        self.names, self.images = ("p",) * parameters, images
        self.columns = np.arange(parameters)


def _plan(
    problem: Any, settings: Settings, name: str, images: ImageFormat | None = None
) -> TrainingPlan:
    return TrainingPlan(
        dataset=problem.dataset,
        rows=problem.data.rows,
        settings=settings,
        scaler=cast("ConditionScaler", _Scaler(2, images)),
        specs=stage_specs([name]),
        continues=False,
        device=torch.device("cpu"),
        checkpoints=False,
    )


def _estimate(
    problem: Any,
    settings: Settings,
    name: str,
    images: ImageFormat | None = None,
    *,
    ahead: bool = False,
) -> MemoryPart:
    plan = _plan(problem, settings, name, images)
    part, *_ = stage_memory(plan, problem.reduction, ahead=ahead).steps
    return part


@pytest.mark.parametrize("decoder", ["modulated", "convolutional"])
@pytest.mark.parametrize("name", STAGES)
def test_a_step_without_memory_counts_as_much_as_a_real_one(
    make_problem: MakeProblem,
    make_settings: MakeSettings,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    decoder: str,
) -> None:
    monkeypatch.setattr(counting, "SMALL", 0)
    settings = make_settings(
        model={"decoder": decoder, "width": 64}, loss="mae", end_to_end={"loss": "mae"}
    )
    problem = make_problem(settings)
    stage, networks = problem.stage(name), problem.networks
    for module in networks.modules():
        module.requires_grad_(module in stage.learning_modules)
    for module in stage.learning_modules:
        module.requires_grad_(True)
    stage.validation_error(
        plain_batch(problem.data, torch.arange(2))
    )  # what is computed once is there
    with PeakMemory(networks) as real:
        stage.losses(plain_batch(problem.data, torch.arange(9)), 1.0)["loss"].backward()
    assert _estimate(problem, settings, name).size == pytest.approx(real.peak, rel=0.1)


@pytest.mark.parametrize("decoder", ["modulated", "convolutional", "field"])
@pytest.mark.parametrize("kind", ["mlp", "cnn", "vit"])
def test_small_steps_with_memory_count_as_much(
    make_problem: MakeProblem,
    make_settings: MakeSettings,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    decoder: str,
) -> None:
    settings = make_settings(model={"decoder": decoder})
    conditioner = settings.conditioner.model_copy(update={"kind": kind})
    settings = settings.model_copy(update={"conditioner": conditioner})
    problem = make_problem(make_settings())
    images = None if kind == "mlp" else ImageFormat(32, 32, 1, 32)
    for name in STAGES:
        small = _estimate(problem, settings, name, images)
        with monkeypatch.context() as patch:
            patch.setattr(counting, "SMALL", 0)
            large = _estimate(problem, settings, name, images)
        assert large.size == pytest.approx(small.size, rel=1e-3)


def test_only_small_layers_are_computed(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    problem = make_problem(make_settings())

    def size(settings: Settings, images: ImageFormat | None = None) -> int:
        return layer_size(_plan(problem, settings, "end_to_end", images), problem.reduction)

    assert size(make_settings()) < counting.SMALL / 10
    assert size(make_settings(), ImageFormat(32, 32, 1, 32)) < counting.SMALL
    assert size(make_settings(), ImageFormat(512, 512, 1, 512)) > counting.SMALL
    assert size(make_settings(model={"filters": (2048, 8)})) > counting.SMALL
    assert size(make_settings(model={"width": 2048})) > counting.SMALL
    wide = make_settings().conditioner.model_copy(update={"filters": (2048,)})
    assert size(make_settings().model_copy(update={"conditioner": wide})) > counting.SMALL


def test_larger_batches_and_images_take_more_and_recomputation_less(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    def need(size: int, side: int, **speed: bool) -> int:
        settings = make_settings(stage={"batch_size": size}, performance=speed)
        cnn = settings.conditioner.model_copy(update={"kind": "cnn"})
        settings = settings.model_copy(update={"conditioner": cnn})
        return _estimate(problem, settings, "conditioner", ImageFormat(side, side, 1, side)).size

    problem = make_problem(make_settings())
    small = need(2, 32)
    assert need(8, 32) > 2 * small
    assert need(2, 128) > 2 * small
    assert need(2, 32, gradient_checkpointing=True) < small


def test_a_batch_that_is_read_ahead_is_counted(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    settings = make_settings(stage={"batch_size": 3})
    problem = make_problem(settings)
    with_it, without = (
        _estimate(problem, settings, "vae", ahead=ahead).size for ahead in (True, False)
    )
    assert with_it - without == 4 * 3 * 8 * problem.reduction.rank


@pytest.mark.parametrize("small", [0, counting.SMALL])
@pytest.mark.parametrize("kind", ["cnn", "vit"])
def test_the_estimate_draws_nothing_at_random(
    make_problem: MakeProblem,
    make_settings: MakeSettings,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    small: int,
) -> None:
    """Training would otherwise depend on it."""
    monkeypatch.setattr(counting, "SMALL", small)
    settings = make_settings(performance={"mixed_precision": True})
    conditioner = settings.conditioner.model_copy(update={"kind": kind, "dropout": 0.5})
    problem = make_problem(settings)
    before = torch.get_rng_state()
    settings = settings.model_copy(update={"conditioner": conditioner})
    _estimate(problem, settings, "end_to_end", ImageFormat(32, 32, 3, 32))
    assert torch.equal(torch.get_rng_state(), before)


def test_fitting_grows_with_the_modes_that_are_looked_for(make_settings: MakeSettings) -> None:
    def need(shape: tuple[int, ...], runs: int, **reduction: object) -> int:
        settings = make_settings().model_copy(
            update={"reduction": Settings().reduction.model_copy(update=reduction)}
        )
        return sum(
            part.size
            for part in fitting_phase(shape, runs, settings).parts
            if part.name != "runs being read"
        )

    wide = (100, 50, 100_000, 2)
    assert need(wide, 100, max_rank=64) < need(wide, 100, max_rank=512) / 3
    assert need(wide, 2) < need(wide, 100), "no more modes than snapshots"
    assert need(wide, 100, method="none") < need(wide, 100, max_rank=1)


def test_what_fits_is_not_refused_and_what_does_not_is_named_by_its_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts = [
        MemoryPart("big", 900, "a smaller big"),
        MemoryPart("small", 90, "less"),
        MemoryPart("none", 0, "nothing"),
    ]
    assert shortage(parts, 990, "Training") is None
    larger = [part._replace(size=part.size * 1_000_000) for part in parts]
    message = shortage(larger, 989_999_999, "Training")
    assert message is not None
    monkeypatch.setattr(memory, "available_memory", lambda: 989_999_999)
    with pytest.raises(UserError) as caught:
        require_phase(Phase("Training", larger))
    assert str(caught.value) == message
    assert (
        "Training needs about 990.0 MB of memory (big 900.0 MB, small 90.0 MB), but 990.0 MB are "
        "free" in message
    )
    assert "a smaller big" in message
    assert "less" not in message
    assert "none" not in message


SIDE = 128


@pytest.fixture
def with_images() -> Dataset:
    random = np.random.default_rng(0)
    images = Images(
        random.integers(0, 255, (8, SIDE, SIDE, 1), dtype=np.uint8),
        ImageFormat(SIDE, SIDE, 1, SIDE),
    )
    ids = tuple(f"run{k}" for k in range(8))
    return Dataset.from_arrays(random.random((8, 5, 12)), Conditions.of_images(ids, images))


@pytest.mark.parametrize(
    ("free", "told"),
    [
        (1_000, r"Reducing the fields needs.*reduction\.max_rank"),
        (60_000, r"Training needs.*copies for the checkpoint"),
    ],
)
def test_training_that_does_not_fit_is_refused_before_anything_is_written(
    with_images: Dataset,
    make_settings: MakeSettings,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    free: int,
    told: str,
) -> None:
    """On a machine with as little memory as this."""
    monkeypatch.setattr(memory, "available_memory", lambda: free)
    settings = make_settings(model={"width": 16})
    with pytest.raises(UserError, match=told):
        train(
            with_images,
            make_split(with_images.ids, settings.data, None),
            settings,
            stages=STAGES,
            folder=tmp_path,
        )
    assert list(tmp_path.iterdir()) == []


def test_a_huge_batch_is_refused_with_its_setting(
    with_images: Dataset, make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 4_000_000)
    settings = make_settings(stage={"batch_size": 6}, model={"width": 16})
    split = Split(with_images.ids[:6], with_images.ids[6:7], with_images.ids[7:])
    with pytest.raises(UserError, match="a step of stage conditioner on 6 runs") as caught:
        train(with_images, split, settings, stages=["vae", "conditioner"])
    for change in (
        "training.conditioner.batch_size",
        "gradient_checkpointing = true",
        "data.image_size",
    ):
        assert change in str(caught.value)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.\nGPU 0 has ..."),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    ],
)
def test_running_out_of_memory_is_the_users_to_solve(
    make_problem: MakeProblem, make_settings: MakeSettings, error: Exception
) -> None:
    stage = make_problem(make_settings()).stage("vae")
    with (
        pytest.raises(UserError, match=r"ran out of memory.*training\.vae\.batch_size") as caught,
        explain_out_of_memory(stage),
    ):
        raise error
    assert "\n" not in str(caught.value)


def test_other_errors_stay_what_they_are(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    stage = make_problem(make_settings()).stage("vae")
    with pytest.raises(RuntimeError, match="shapes"), explain_out_of_memory(stage):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")
