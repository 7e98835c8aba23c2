from __future__ import annotations

import pytest
import torch
from torch import Tensor

from simulgenvae.data.images import ImageFormat
from simulgenvae.distributed.batch_shards import Dropout
from simulgenvae.errors import UserError
from simulgenvae.models import Conditioner, Inputs
from simulgenvae.models.conditioner.conditioner import conditioner_kind
from simulgenvae.settings import ConditionerSettings
from simulgenvae.settings.networks import CONDITIONERS

GREY = ImageFormat(40, 40, 1, 32)
LATENTS = 10


def _conditioner(
    parameters: int = 3, images: ImageFormat | None = None, **settings: object
) -> Conditioner:
    torch.manual_seed(0)
    chosen = ConditionerSettings.model_validate({"filters": (16, 12, 8), **settings})
    return Conditioner(chosen, parameters, images, LATENTS)


def _images(count: int = 4) -> Tensor:
    return torch.rand(count, 1, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("filters", [(1,), (8,), (16, 12, 8), (8, 16)])
@pytest.mark.parametrize("parameters", [1, 3])
def test_shapes_for_a_table(filters: tuple[int, ...], parameters: int) -> None:
    predicted = _conditioner(parameters, filters=filters)(Inputs(torch.randn(4, parameters)))
    assert predicted.mean.shape == predicted.log_std.shape == (4, LATENTS)


@pytest.mark.parametrize("kind", ["auto", "cnn", "vit"])
@pytest.mark.parametrize("parameters", [0, 2])
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes_for_images_with_and_without_a_table(
    kind: str, parameters: int, channels: int
) -> None:
    conditioner = _conditioner(parameters, ImageFormat(64, 48, channels, 32), kind=kind)
    pixels = torch.randint(0, 256, (4, channels, 32, 32), dtype=torch.uint8)
    predicted = conditioner(Inputs(torch.randn(4, parameters), pixels))
    assert predicted.mean.shape == predicted.log_std.shape == (4, LATENTS)


@pytest.mark.parametrize("factor", [0.5, 2.0, 100.0])
def test_amplitude_of_parameters_survives(factor: float) -> None:
    """Normalising raw parameters would make designs equal that differ only in scale."""
    conditioner, x = _conditioner().eval(), torch.randn(4, 3)
    far = conditioner(Inputs(factor * x)).mean - conditioner(Inputs(x)).mean
    assert (far.abs().amax(1) > 1e-3).all()
    same_in_all = torch.tensor([[1.0, 1.0, 1.0]])
    far = conditioner(Inputs(factor * same_in_all)).mean - conditioner(Inputs(same_in_all)).mean
    assert far.abs().max() > 1e-3


@pytest.mark.parametrize("kind", ["cnn", "vit"])
def test_parameters_and_images_are_read_and_every_weight_learns(kind: str) -> None:
    conditioner = _conditioner(3, GREY, kind=kind, spatial_attention=True)
    table, images = torch.randn(4, 3, requires_grad=True), _images().requires_grad_()
    predicted = conditioner(Inputs(table, images))
    (predicted.mean.square().sum() + predicted.log_std.square().sum()).backward()
    assert table.grad is not None
    assert images.grad is not None
    assert (table.grad != 0).all()
    assert images.grad.flatten(1).any(1).all()
    assert all(value.grad is not None and value.grad.any() for value in conditioner.parameters())


def test_bytes_are_the_same_image_as_numbers_from_0_to_1() -> None:
    conditioner = _conditioner(0, GREY).eval()
    pixels = torch.randint(0, 256, (4, 1, 32, 32), dtype=torch.uint8)
    none = torch.zeros(4, 0)
    assert torch.equal(
        conditioner(Inputs(none, pixels)).mean, conditioner(Inputs(none, pixels / 255)).mean
    )


@pytest.mark.parametrize("kind", ["mlp", "cnn", "vit"])
def test_evaluation_is_deterministic_and_training_drops(kind: str) -> None:
    images = None if kind == "mlp" else GREY
    conditioner, x = (
        _conditioner(3, images, kind=kind, dropout=0.5),
        Inputs(torch.randn(4, 3), _images()),
    )
    conditioner.eval()
    assert torch.equal(conditioner(x).mean, conditioner(x).mean)
    conditioner.train()
    assert not torch.equal(conditioner(x).mean, conditioner(x).mean)


def test_dropout_grows_linearly_with_depth() -> None:
    rates = [
        module.rate for module in _conditioner(dropout=0.3).modules() if isinstance(module, Dropout)
    ]
    assert rates == pytest.approx([0.1, 0.2, 0.3])


@pytest.mark.parametrize("kind", ["mlp", "cnn", "vit"])
def test_the_spread_shapes_nothing_but_its_own_weights(kind: str) -> None:
    conditioner = _conditioner(2, None if kind == "mlp" else GREY, kind=kind)
    conditioner(Inputs(torch.randn(4, 2), _images())).log_std.sum().backward()
    reached = {name for name, value in conditioner.named_parameters() if value.grad is not None}
    assert reached == {"log_std.weight", "log_std.bias"}


@pytest.mark.parametrize(
    ("kind", "images", "expected"),
    [
        ("auto", None, "mlp"),
        ("auto", GREY, "cnn"),
        ("mlp", None, "mlp"),
        ("cnn", GREY, "cnn"),
        ("vit", GREY, "vit"),
    ],
)
def test_the_conditions_choose_the_network(
    kind: str, images: ImageFormat | None, expected: str
) -> None:
    assert conditioner_kind(ConditionerSettings.model_validate({"kind": kind}), images) == expected


@pytest.mark.parametrize(("kind", "images"), [("mlp", GREY), ("cnn", None), ("vit", None)])
def test_another_network_than_the_conditions_need_is_refused(
    kind: str, images: ImageFormat | None
) -> None:
    with pytest.raises(UserError, match=f"conditioner.kind is {kind}"):
        conditioner_kind(ConditionerSettings.model_validate({"kind": kind}), images)


def test_filters_that_nobody_gave() -> None:
    conditioner = Conditioner(ConditionerSettings(), 3, None, LATENTS)
    assert [block.second.out_features for block in conditioner.table.blocks] == list(
        CONDITIONERS["mlp"].default_filters
    )
