"""The analysis of latents against the networks and scikit-learn.

Some of the networks have levels that are known to be dead.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score

from simulgenvae.data.dataset import Dataset
from simulgenvae.evaluation.analyses.latents import latent_analysis, steps
from simulgenvae.evaluation.metrics import VariableScale, relative_l2
from simulgenvae.evaluation.results.latents import LatentResults
from simulgenvae.models.networks import network_inputs
from simulgenvae.settings import Settings
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.surrogate import Surrogate

ROWS = {"train": np.arange(6), "validation": np.array([8, 7, 6]), "test": np.arange(9, 12)}


@pytest.fixture(scope="module")
def trained(waves: Dataset, make_settings: Callable[..., Settings]) -> Surrogate:
    model = {"filters": (16, 12, 8), "width": 16}
    return fit(waves, make_settings(4, model=model))


@pytest.fixture(scope="module")
def found(trained: Surrogate, waves: Dataset) -> LatentResults:
    return latent_analysis(trained, waves, ROWS)


@pytest.fixture
def changed(trained: Surrogate) -> Surrogate:
    """One whose networks a test may change."""
    return replace(trained, networks=copy.deepcopy(trained.networks).requires_grad_(False))


def _encoded(surrogate: Surrogate, dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    runs = [surrogate.encode(dataset.run(row), refine=False) for row in rows]
    return np.concatenate([latents.flat().numpy() for latents in runs])


def _columns(found: LatentResults, level: str) -> slice:
    sizes = {name: part.size for name, part in found.levels.items()}
    names = list(sizes)
    start = sum(sizes[name] for name in names[: names.index(level)])
    return slice(start, start + sizes[level])


def test_its_dump_is_read_again(found: LatentResults, waves: Dataset) -> None:
    again = LatentResults.model_validate_json(found.model_dump_json())
    assert again == found
    assert sorted(found.runs.ids) == sorted(waves.ids)


def test_every_run_belongs_to_its_split(found: LatentResults, waves: Dataset) -> None:
    expected = [(waves.ids[row], split) for split, rows in ROWS.items() for row in rows]
    assert list(zip(found.runs.ids, found.runs.split, strict=True)) == expected


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_kl_is_that_of_the_encoder(
    found: LatentResults, trained: Surrogate, waves: Dataset, split: str
) -> None:
    coefficients = np.stack([trained.reduction.encode(waves.run(row)) for row in ROWS[split]])
    with torch.inference_mode():
        kl = trained.networks.vae.encode(torch.from_numpy(coefficients))[1].mean(0)
    np.testing.assert_allclose([level.kl[split] for level in found.levels.values()], kl, rtol=1e-4)


def test_kl_of_latents_sums_to_that_of_their_level(found: LatentResults) -> None:
    for level in found.levels.values():
        assert sum(level.kl_per_latent) == pytest.approx(level.kl["train"], rel=1e-5)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_r2_of_predicted_latents(
    found: LatentResults, trained: Surrogate, waves: Dataset, split: str
) -> None:
    rows = ROWS[split]
    truth = _encoded(trained, waves, rows)
    with torch.inference_mode():
        inputs = network_inputs(waves.conditions.select(rows), trained.condition_scaler)
        predicted = trained.networks.conditioner(inputs).mean.numpy()
    for name, level in found.levels.items():
        part = _columns(found, name)
        expected = r2_score(truth[:, part], predicted[:, part], multioutput="raw_values")
        np.testing.assert_allclose(level.r2[split].per_latent, expected, rtol=1e-4, atol=1e-4)
        pooled = r2_score(truth[:, part], predicted[:, part], multioutput="variance_weighted")
        assert level.r2[split].all == pytest.approx(pooled, rel=1e-4, abs=1e-4)


def test_one_run_has_no_r2(trained: Surrogate, waves: Dataset) -> None:
    levels = latent_analysis(trained, waves, ROWS | {"test": ROWS["test"][:1]}).levels
    assert all(level.r2["test"].all is None for level in levels.values())


def test_principal_components_of_all_runs(
    found: LatentResults, trained: Surrogate, waves: Dataset
) -> None:
    rows = np.array([waves.ids.index(run) for run in found.runs.ids])
    expected = PCA().fit(means := _encoded(trained, waves, rows))
    shares = expected.explained_variance_ratio_
    np.testing.assert_allclose(found.pca.explained, shares, atol=1e-6)
    scores = expected.transform(means)[:, :2]
    np.testing.assert_allclose(np.abs(found.pca.scores), np.abs(scores), rtol=1e-3, atol=1e-4)


def test_the_maps_are_the_same_again(
    found: LatentResults, trained: Surrogate, waves: Dataset
) -> None:
    again = latent_analysis(trained, waves, ROWS)
    assert again.tsne == found.tsne
    assert np.shape(found.tsne) == (len(waves.ids), 2)


def test_four_runs_have_no_tsne(trained: Surrogate, waves: Dataset) -> None:
    rows = {"train": np.arange(2), "validation": np.arange(2, 4), "test": np.arange(0)}
    few = latent_analysis(trained, waves, rows)
    assert few.tsne is None
    assert few.reconstruction.split == "validation"
    assert few.levels["z"].kl["test"] is None
    assert latent_analysis(trained, waves, rows | {"test": np.array([4])}).tsne is not None


def test_error_with_all_levels_and_without_one(
    found: LatentResults, trained: Surrogate, waves: Dataset
) -> None:
    scale = VariableScale.fit(waves.run(row) for row in ROWS["train"])
    whole, without = [], []
    for row in ROWS["test"]:
        truth = waves.run(row)
        encoded = trained.encode(truth, refine=False)
        whole.append(relative_l2(trained.decode(encoded)[0], truth, scale)[0])
        flat = encoded.flat().clone()
        flat[:, _columns(found, "z")] = 0.0
        latents = trained.networks.vae.latents_from_flat(flat)
        without.append(relative_l2(trained.decode(latents)[0], truth, scale)[0])
    assert found.reconstruction.relative_l2 == pytest.approx(np.mean(whole), rel=1e-5)
    assert found.reconstruction.level_off["z"] == pytest.approx(np.mean(without), rel=1e-5)


def test_a_level_that_the_encoder_leaves_alone_is_dead(changed: Surrogate, waves: Dataset) -> None:
    """Its posterior is its prior: nothing is written into it, whatever the decoder makes of it."""
    residual = changed.networks.vae.hierarchy.residuals[1]
    residual.get_parameter("weight").zero_()
    residual.get_parameter("bias").zero_()
    found = latent_analysis(changed, waves, ROWS)
    assert found.levels["h_2"].kl["train"] == pytest.approx(0.0, abs=1e-6)
    assert found.levels["h_2"].active_by_kl == 0
    assert found.reconstruction.level_off["h_2"] == pytest.approx(found.reconstruction.relative_l2)
    assert "h_2" in found.reconstruction.dead_levels


def test_a_level_that_is_worth_something_is_not_dead(changed: Surrogate, waves: Dataset) -> None:
    """The encoder puts the same into z for every run; the unseen runs are the decoder's answer."""
    hierarchy = changed.networks.vae.hierarchy
    for layer in (hierarchy.main, *hierarchy.residuals):
        layer.weight.zero_()
        layer.bias.zero_()
    hierarchy.main.bias[:4] = 1.0
    fields = np.array(waves.fields)
    fields[ROWS["test"]] = changed.decode(changed.encode(waves.run(0), refine=False))[0]
    found = latent_analysis(
        changed, Dataset.from_arrays(fields, waves.conditions), ROWS
    ).reconstruction
    assert found.relative_l2 == 0.0
    assert found.level_off["z"] > 0.01
    assert found.dead_levels == ("h_1", "h_2")


def test_a_dimension_that_is_alike_in_all_runs_is_not_active(
    changed: Surrogate, waves: Dataset
) -> None:
    main = changed.networks.vae.hierarchy.main
    main.weight[:4] *= 30.0
    main.weight[1] = 0.0
    main.bias[1] = 2.0
    found = latent_analysis(changed, waves, ROWS).levels["z"]
    assert found.variance_per_latent[1] == pytest.approx(0.0, abs=1e-10)
    assert found.active == 3
    assert found.active_by_kl == 4  # far from the prior all the same
    assert found.r2["train"].per_latent[1] is None


def test_runs_that_are_all_encoded_alike(changed: Surrogate, waves: Dataset) -> None:
    hierarchy = changed.networks.vae.hierarchy
    for layer in (hierarchy.main, *hierarchy.residuals):
        layer.weight.zero_()
    found = latent_analysis(changed, waves, ROWS)
    assert found.tsne is None
    assert found.levels["z"].active == 0


def test_parity_is_of_the_latents_with_most_information(found: LatentResults) -> None:
    everything = sorted(
        (kl for level in found.levels.values() for kl in level.kl_per_latent), reverse=True
    )
    shown = [found.levels[one.level].kl_per_latent[one.dimension] for one in found.parity]
    assert shown == everything[: len(shown)]
    assert len(shown) == 6


def test_progress_is_counted(trained: Surrogate, waves: Dataset) -> None:
    texts: list[str] = []
    latent_analysis(trained, waves, ROWS, texts.append)
    assert len(texts) == steps(ROWS)
