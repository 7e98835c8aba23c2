from __future__ import annotations

import numpy as np
import pytest
import torch

from simulgenvae.models import Inputs
from simulgenvae.settings import AugmentationSettings
from simulgenvae.training.augmentation import augmented_batch
from simulgenvae.training.batch import Batch, plain_batch
from simulgenvae.training.data import TrainingData

RUNS, TIMES, RANK = 40, 50, 3
NOISES = ("field_noise", "parameter_noise", "pixel_noise")


@pytest.fixture
def data() -> TrainingData:
    """Return runs with a table and images, with coefficients of different size as in a POD."""
    generator = torch.Generator().manual_seed(0)
    return TrainingData(
        torch.randn(RUNS, TIMES, RANK, generator=generator) * torch.tensor([100.0, 1.0, 0.01]),
        Inputs(
            torch.randn(RUNS, 2, generator=generator),
            torch.randint(0, 256, (RUNS, 1, 16, 16), dtype=torch.uint8, generator=generator),
        ),
        torch.linspace(0, 1, TIMES),
        {"train": np.arange(30), "validation": np.arange(30, 35), "test": np.arange(35, 40)},
    )


ROWS = torch.tensor([4, 0, 17, 23, 9])


def _tensors(batch: Batch) -> list[torch.Tensor]:
    images = batch.conditions.images
    assert images is not None
    return [batch.rows, batch.coefficients, batch.encoded, batch.conditions.table, images]


def _augmented(
    data: TrainingData, rows: torch.Tensor = ROWS, *, seed: int = 0, settings: dict[str, float]
) -> Batch:
    torch.manual_seed(seed)
    return augmented_batch(
        data, plain_batch(data, rows), AugmentationSettings.model_validate(settings)
    )


def _coefficients(data: TrainingData) -> torch.Tensor:
    assert isinstance(data.coefficients, torch.Tensor)
    return data.coefficients


def _pixels(data: TrainingData, rows: torch.Tensor = ROWS) -> torch.Tensor:
    assert data.conditions.images is not None
    return data.conditions.images[rows] / 255


def test_a_plain_batch_holds_the_runs_as_they_are(data: TrainingData) -> None:
    batch = plain_batch(data, ROWS)
    expected = [ROWS, data.coefficients[ROWS], data.coefficients[ROWS], data.conditions.table[ROWS]]
    assert all(torch.equal(one, two) for one, two in zip(_tensors(batch), expected, strict=False))
    assert torch.equal(batch.gather(data, _coefficients(data)), data.coefficients[ROWS])


def test_nothing_is_changed_or_drawn_where_all_is_off(data: TrainingData) -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    batch = augmented_batch(data, plain_batch(data, ROWS), AugmentationSettings())
    assert torch.equal(torch.get_rng_state(), before)
    assert all(
        torch.equal(a, b)
        for a, b in zip(_tensors(batch), _tensors(plain_batch(data, ROWS)), strict=True)
    )


@pytest.mark.parametrize("noise", NOISES)
def test_noise_is_on_what_networks_read_alone(data: TrainingData, noise: str) -> None:
    plain, noisy = plain_batch(data, ROWS), _augmented(data, settings={noise: 0.1})
    pairs = dict(
        zip(
            ("rows", "truth", *NOISES),
            zip(_tensors(plain), _tensors(noisy), strict=True),
            strict=True,
        )
    )
    changed = {
        name for name, (a, b) in pairs.items() if a.shape != b.shape or not torch.equal(a, b)
    }
    assert changed == {noise}


def test_field_noise_is_in_units_of_each_coefficient(data: TrainingData) -> None:
    rows = torch.arange(30)
    batch = _augmented(data, rows, settings={"field_noise": 0.2})
    spread = (batch.encoded - batch.coefficients).std((0, 1))
    torch.testing.assert_close(spread, 0.2 * data.coefficients[rows].std((0, 1)), rtol=0.1, atol=0)


def test_parameter_noise_has_the_given_spread(data: TrainingData) -> None:
    rows = torch.arange(30).repeat(20)
    noise = (
        _augmented(data, rows, settings={"parameter_noise": 0.3}).conditions.table
        - data.conditions.table[rows]
    )
    assert float(noise.std()) == pytest.approx(0.3, rel=0.1)
    assert float(noise.mean()) == pytest.approx(0.0, abs=0.05)


def test_pixel_noise_is_in_units_of_the_whole_range(data: TrainingData) -> None:
    images = _augmented(data, settings={"pixel_noise": 0.05}).conditions.images
    assert images is not None
    assert float((images - _pixels(data)).std()) == pytest.approx(0.05, rel=0.1)


def test_mixup_blends_conditions_fields_and_latents_alike(data: TrainingData) -> None:
    latents = torch.randn(RUNS, 4)
    batch = _augmented(data, settings={"mixup": 0.4})
    assert batch.mix_weight is not None
    assert batch.partners is not None
    assert sorted(batch.partners.tolist()) == sorted(ROWS.tolist()), "runs of the batch, none else"
    assert ((batch.mix_weight >= 0) & (batch.mix_weight <= 1)).all()
    assert len(set(batch.mix_weight.tolist())) == len(ROWS), "each pair has another weight"

    def blended(values: torch.Tensor) -> torch.Tensor:
        weight = batch.mix_weight.view(-1, *[1] * (values.ndim - 1))
        return weight * values[ROWS] + (1 - weight) * values[batch.partners]

    torch.testing.assert_close(batch.coefficients, blended(_coefficients(data)))
    torch.testing.assert_close(batch.encoded, batch.coefficients)
    torch.testing.assert_close(batch.conditions.table, blended(data.conditions.table))
    torch.testing.assert_close(batch.conditions.images, blended(_pixels(data, torch.arange(RUNS))))
    torch.testing.assert_close(batch.gather(data, latents), blended(latents))


def test_mixed_runs_with_noise_still_have_clean_targets(data: TrainingData) -> None:
    batch = _augmented(data, settings={"mixup": 1.0} | dict.fromkeys(NOISES, 0.1))
    torch.testing.assert_close(batch.coefficients, batch.gather(data, _coefficients(data)))
    assert not torch.equal(batch.encoded, batch.coefficients)


def test_without_images_there_is_nothing_to_blur(data: TrainingData) -> None:
    table = TrainingData(data.coefficients, Inputs(data.conditions.table), data.times, data.rows)
    batch = _augmented(table, settings={"mixup": 1.0, "pixel_noise": 0.1})
    assert batch.conditions.images is None


@pytest.mark.parametrize("setting", [*NOISES, "mixup"])
def test_everything_is_drawn_from_the_generator_that_checkpoints_hold(
    data: TrainingData, setting: str
) -> None:
    one, same, other = (
        _tensors(_augmented(data, seed=seed, settings={setting: 0.5})) for seed in (1, 1, 2)
    )
    assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_the_data_stay_as_they_are(data: TrainingData) -> None:
    before = [
        each.clone()
        for each in (_coefficients(data), data.conditions.table, data.conditions.images)
    ]
    _augmented(data, settings={"mixup": 0.5} | dict.fromkeys(NOISES, 0.5))
    after = (_coefficients(data), data.conditions.table, data.conditions.images)
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("noise", ["parameter_noise", "pixel_noise"])
def test_no_noise_is_drawn_for_conditions_that_nobody_reads(data: TrainingData, noise: str) -> None:
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    batch = plain_batch(data, ROWS)
    unread = augmented_batch(data, batch, AugmentationSettings(**{noise: 0.5}), conditions=False)
    assert torch.equal(unread.conditions.table, batch.conditions.table)
    assert torch.equal(torch.rand(1), expected)
