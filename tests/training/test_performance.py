"""Settings of ``training.performance`` leave the losses of the plain path as they are."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import numpy as np
import pytest
import torch

from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.images import ImageFormat, Images
from simulgenvae.data.split import Split
from simulgenvae.models import Inputs
from simulgenvae.models.blocks import Chain
from simulgenvae.models.networks import Networks
from simulgenvae.settings import PerformanceSettings, Settings
from simulgenvae.training.performance import prepare_networks, worker_count
from simulgenvae.training.train import train

NEEDS_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
NEEDS_COMPILER = pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler")
ALL = ("vae", "conditioner", "end_to_end")
RUNS = 8


@pytest.fixture(scope="module")
def discs() -> Dataset:
    """Pictures of discs, and fields that spread from them."""
    random = np.random.default_rng(0)
    x, y = np.meshgrid(np.linspace(0, 1, 32), np.linspace(0, 1, 32))
    centres, times = random.uniform(0.3, 0.7, (RUNS, 2)), np.linspace(0.1, 1, 5)
    square = [(x - a) ** 2 + (y - b) ** 2 for a, b in centres]
    pixels = np.stack([(255 * (d < 0.04)).astype(np.uint8) for d in square])[..., None]
    fields = np.stack([[np.exp(-d[::4, ::4].ravel() / (0.1 * t)) for t in times] for d in square])
    ids = tuple(f"disc{k}" for k in range(RUNS))
    conditions = Conditions.of_images(ids, Images(pixels, ImageFormat(32, 32, 1, 32)))
    return Dataset.from_arrays(fields, conditions, times=times)


@pytest.fixture(scope="module")
def losses(discs: Dataset) -> Callable[..., list[float]]:
    """Training and validation errors of a few steps of some stages (all, when not said)."""
    split = Split(discs.ids[:6], discs.ids[6:7], discs.ids[7:])
    stage = {"steps": 2, "batch_size": 3}  # every further one enlarges rounding

    def run(
        kind: str = "cnn",
        *,
        stages: tuple[str, ...] = ALL,
        optimizer: str = "muon",
        **speed: object,
    ) -> list[float]:
        settings = Settings.model_validate(
            {
                "model": {"filters": (8, 4), "width": 8, "time_features": 2, "latent_dim": 4},
                "conditioner": {"kind": kind, "filters": (4, 8), "dropout": 0.1},
                "training": {
                    "validate_every": 1, "optimizer": optimizer, "performance": speed,
                    "vae": stage, "conditioner": stage, "end_to_end": stage,
                    "device": "cpu" if not torch.cuda.is_available() else "cuda",
                },
            }
        )  # fmt: skip
        trained = train(discs, split, settings, stages=stages)
        return [
            getattr(entry, key)
            for entry in trained.progress.history
            for key in ("train_loss", "validation_error")
        ]

    return run


@pytest.fixture(scope="module")
def plain(losses: Callable[..., list[float]]) -> dict[tuple[str, str], list[float]]:
    return {
        (kind, optimizer): losses(kind, channels_last=False, workers=0, optimizer=optimizer)
        for kind in ("cnn", "vit")
        for optimizer in ("muon", "adamw")
    }


@pytest.mark.parametrize("kind", ["cnn", "vit"])
@pytest.mark.parametrize(
    ("speed", "tolerance"),
    [
        ({"gradient_checkpointing": True}, 1e-5),
        ({"channels_last": True}, 1e-4),
        ({"workers": 2}, 0.0),
        ({"data_on_device": False}, 1e-5),
        ({"mixed_precision": True}, 0.03),
    ],
    ids=str,
)
def test_losses_stay_as_they_are(
    kind: str,
    speed: dict[str, object],
    tolerance: float,
    losses: Callable[..., list[float]],
    plain: dict[tuple[str, str], list[float]],
) -> None:
    # Another memory order sums in another order, bfloat16 rounds more, and Muon's half precision
    # enlarges either.
    optimizer = "adamw" if {"channels_last", "mixed_precision"} & speed.keys() else "muon"
    found = losses(kind, **{"channels_last": False, "workers": 0, **speed}, optimizer=optimizer)
    np.testing.assert_allclose(found, plain[kind, optimizer], rtol=tolerance)
    if "mixed_precision" in speed:  # otherwise it would not have been at work
        assert found != plain[kind, optimizer]


def test_checkpointing_holds_fewer_activations(discs: Dataset) -> None:
    scaler = ConditionScaler.fit(discs.conditions)
    held = {}
    for checkpointing in (False, True):
        torch.manual_seed(0)
        networks = Networks(Settings(), torch.ones(3), torch.linspace(0, 1, 5), scaler)
        prepare_networks(networks, PerformanceSettings(gradient_checkpointing=checkpointing))
        sizes: list[int] = []

        def kept(tensor: torch.Tensor, sizes: list[int] = sizes) -> torch.Tensor:
            sizes.append(tensor.numel())
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(kept, lambda tensor: tensor):
            networks.conditioner(Inputs(torch.zeros(4, 0), torch.rand(4, 1, 32, 32)))
        held[checkpointing] = sum(sizes)
    assert held[True] < held[False] / 3


def test_every_chain_and_the_vae_are_told(discs: Dataset) -> None:
    networks = Networks(
        Settings(), torch.ones(3), torch.linspace(0, 1, 5), ConditionScaler.fit(discs.conditions)
    )
    prepare_networks(networks, PerformanceSettings(gradient_checkpointing=True))
    assert networks.vae.recompute
    chains = [module for module in networks.modules() if isinstance(module, Chain)]
    assert chains
    assert all(chain.recompute for chain in chains)


@pytest.mark.parametrize(("asked", "expected"), [(0, 0), (3, 3)])
def test_workers_that_were_asked_for(asked: int, expected: int) -> None:
    assert worker_count(PerformanceSettings(workers=asked)) == expected


def test_workers_of_this_machine() -> None:
    assert 0 <= worker_count(PerformanceSettings()) <= 4


@NEEDS_COMPILER
def test_compiled_losses(losses: Callable[..., list[float]]) -> None:
    """Compile small losses with the real compiler; the test takes half a minute."""
    plain = losses(stages=("vae",), workers=0)
    np.testing.assert_allclose(losses(stages=("vae",), workers=0, compile=True), plain, rtol=1e-4)


@NEEDS_GPU
@pytest.mark.parametrize("graphs", [False, True])
def test_compiled_losses_on_a_gpu(
    graphs: bool, losses: Callable[..., list[float]], plain: dict[tuple[str, str], list[float]]
) -> None:
    found = losses("cnn", channels_last=False, workers=0, compile=True, cuda_graphs=graphs)
    np.testing.assert_allclose(found, plain["cnn", "muon"], rtol=1e-3)
