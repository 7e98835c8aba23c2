import tempfile
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulgenvae.errors import UserError
from simulgenvae.settings import (
    ConditionerSettings,
    ConditionerStageSettings,
    DataSettings,
    EndToEndSettings,
    ModelSettings,
    Settings,
    SettingsNote,
    StageSettings,
    StudyFolder,
    TrainingSettings,
    load_settings,
)
from simulgenvae.settings.classic.condition_keys import CLASSIC_KEYS

REPOSITORY = Path(__file__).parents[2]


def study_with(folder: Path, **files: str) -> StudyFolder:
    study = StudyFolder(folder)
    study.input_data.mkdir(exist_ok=True)
    places = {
        "toml": study.settings_file,
        "condition": study.condition_file,
        "preset": folder / "preset.txt",
    }
    for name, text in files.items():
        places[name].write_text(text, encoding="utf-8")
    return study


counts = st.integers(1, 10_000)
positive = st.floats(1e-6, 1e6)
fractions = st.floats(0.0, 0.99)
losses = st.sampled_from(
    [
        ("1", "MSE", "mse"),
        ("2", "MAE", "mae"),
        ("3", "SmoothL1", "smooth_l1"),
        ("4", "Huber", "huber"),
    ]
)
kinds = st.sampled_from(
    [
        ("csv", ".csv", "mlp"),
        ("csvs", ".CSV", "mlp"),
        ("image", ".png", "cnn"),
        ("image_vit", "JPG", "vit"),
    ]
)
widths = st.lists(st.integers(1, 16_384), min_size=1, max_size=6, unique=True)


@st.composite
def documented_studies(draw: st.DrawFn) -> tuple[dict[str, str], str, Settings]:
    """Return a condition file as key → text, a preset, and the settings that both mean."""
    epochs, batch, rate = draw(counts), draw(counts), draw(positive)
    lc_epochs, lc_batch, lc_rate, decay = draw(counts), draw(counts), draw(positive), draw(positive)
    loss, e2e_loss, enabled = draw(losses), draw(losses), draw(st.booleans())
    runs, node_start, main, hierarchical = (
        draw(counts),
        draw(counts),
        draw(st.integers(1, 4096)),
        draw(st.integers(1, 4096)),
    )
    dropout, alpha, weight, latent_weight = (
        draw(fractions),
        draw(positive),
        draw(positive),
        draw(positive),
    )
    regularize, divisor = draw(st.booleans()), draw(st.floats(0, 10))
    (input_type, data_type, kind), attention = draw(kinds), draw(st.booleans())
    steps, nodes, variables, first = draw(counts), draw(counts), draw(counts), draw(counts)
    filters, lc_filters = sorted(draw(widths), reverse=True), draw(widths)
    keys = {
        "Dim1": str(runs),
        "Dim2": str(steps),
        "Dim3": str(nodes),
        "num_var": str(variables),
        "Dim2_red": str(first),
        "Dim3_start": str(node_start),
        "Dim3_end": str(node_start + 1),
        "Training_epochs": str(epochs),
        "Batch_size": str(batch),
        "LearningR": repr(rate),
        "Latent_dim": str(hierarchical),
        "Latent_dim_end": str(main),
        "Loss_type": loss[0],
        "alpha": repr(alpha),
        "n_epoch": str(lc_epochs),
        "latent_conditioner_lr": repr(lc_rate),
        "latent_conditioner_batch": str(lc_batch),
        "latent_conditioner_weight_decay": repr(decay),
        "latent_conditioner_dropout_rate": repr(dropout),
        "use_e2e_training": str(int(enabled)),
        "e2e_loss_function": e2e_loss[1],
        "LC_alpha": repr(weight),
        "latent_reg_weight": repr(latent_weight),
        "use_latent_regularization": str(int(regularize)),
        "use_spatial_attention": str(int(attention)),
        "e2e_vae_model_path": "other/model_save/SimulGen-VAE",
        "input_type": input_type,
        "param_data_type": data_type,
        "param_dir": "/conditions",
    }
    assert keys.keys() == CLASSIC_KEYS.keys()
    ours = " ".join(map(str, filters)), " ".join(map(str, lc_filters))
    preset = f"data_No, init_beta_divisor, filters\n1\n{divisor!r}\n{ours[0]}\n{ours[1]}\n"
    lc = {
        "epochs": lc_epochs,
        "batch_size": lc_batch,
        "learning_rate": lc_rate,
        "weight_decay": decay,
    }
    meant = Settings(
        data=DataSettings(
            runs=runs,
            timesteps=steps,
            nodes=nodes,
            variables=variables,
            first_timesteps=first,
            node_start=node_start,
            node_end=node_start + 1,
            parameters="/conditions" if kind == "mlp" else None,
            images=None if kind == "mlp" else "/conditions",
            file_type="." + data_type.lower().strip("."),
            validation_fraction=0.1,
        ),
        model=ModelSettings(filters=tuple(filters), latent_dim=main, hierarchical_dim=hierarchical),
        conditioner=ConditionerSettings(
            kind=kind, filters=tuple(lc_filters), dropout=dropout, spatial_attention=attention
        ),
        training=TrainingSettings(
            loss=loss[2],
            alpha=alpha,
            init_beta_divisor=divisor,
            vae=StageSettings(epochs=epochs, batch_size=batch, learning_rate=rate),
            conditioner=ConditionerStageSettings.model_validate(lc),
            end_to_end=EndToEndSettings.model_validate(
                {
                    "from_scratch": False,
                    **lc,
                    "enabled": enabled,
                    "loss": e2e_loss[2],
                    "field_weight": weight,
                    "vae_path": "other/model_save/SimulGen-VAE",
                    "latent_weight": latent_weight if regularize else 0.0,
                }
            ),
        ),
    )
    return draw(st.permutations(list(keys.items())).map(dict)), preset, meant


@settings(max_examples=30)
@given(documented_studies())
def test_every_classic_syntax_means_the_same(case: tuple[dict[str, str], str, Settings]) -> None:
    keys, preset, meant = case
    with tempfile.TemporaryDirectory() as folder:
        for separator in (": ", " ", "\t", " = "):
            condition = "\n".join(
                f"{key}{separator}{text}  # as before" for key, text in keys.items()
            )
            assert (
                load_settings(study_with(Path(folder), condition=condition, preset=preset)) == meant
            )


def toml_of(tree: dict[str, object], prefix: str = "") -> str:
    """Dotted assignments of a settings dump."""
    lines = []
    for key, value in tree.items():
        if isinstance(value, dict):
            lines.append(toml_of(value, f"{prefix}{key}."))
        elif value is not None:
            text = (
                str(value).lower()
                if isinstance(value, bool)
                else repr(list(value) if isinstance(value, tuple) else value)
            )
            lines.append(f"{prefix}{key} = {text}")
    return "\n".join(lines)


@settings(max_examples=30)
@given(documented_studies())
def test_toml_and_overrides_mean_the_same(case: tuple[dict[str, str], str, Settings]) -> None:
    meant = case[-1]
    text = toml_of(meant.model_dump())
    with tempfile.TemporaryDirectory() as folder:
        study = StudyFolder(Path(folder))
        assert load_settings(study, overrides=text.splitlines()) == meant
        assert load_settings(study_with(Path(folder), toml=text)) == meant


def test_an_empty_study_has_the_defaults(tmp_path: Path) -> None:
    assert load_settings(StudyFolder(tmp_path)) == Settings()


def test_overrides_come_after_every_file(tmp_path: Path) -> None:
    study = study_with(tmp_path, condition="Training_epochs 3\nalpha 5\n")
    loaded = load_settings(study, overrides=["training.vae.epochs=", "training.alpha=6"])
    assert (loaded.training.vae.epochs, loaded.training.alpha) == (None, 6.0)


def test_an_override_holds_for_one_of_the_settings_that_a_key_fills(tmp_path: Path) -> None:
    study = study_with(
        tmp_path,
        condition="patience 3\ncompile 1\nflips x y\n",
        preset="No, filters\n1\n2\n8 4\n16\n",
    )
    overrides = ["training.vae.patience=5", "training.performance.compile=false", "model.filters=6"]
    loaded = load_settings(study, overrides=[*overrides, "training.augmentation.flips="])
    stages = loaded.training.vae, loaded.training.conditioner, loaded.training.end_to_end
    assert [stage.patience for stage in stages] == [5, 3, 3]
    assert loaded.training.performance.compile is False
    assert loaded.training.augmentation.flips == "auto"
    assert (loaded.model.filters, loaded.conditioner.filters) == ((6,), (16,))


def test_an_override_may_repair_a_file(tmp_path: Path) -> None:
    study = study_with(tmp_path, toml="[model]\nfilters = [1, 2]\n")
    assert load_settings(study, overrides=["model.filters=2 1"]).model.filters == (2, 1)


def test_toml_takes_the_place_of_the_classic_files_and_says_so(tmp_path: Path) -> None:
    study = study_with(tmp_path, toml="training.seed = 4\n", condition="alpha 5\n")
    with pytest.warns(
        SettingsNote, match=r"condition\.txt: not read, because study\.toml is there"
    ):
        loaded = load_settings(study)
    assert (loaded.training.seed, loaded.training.alpha) == (4, Settings().training.alpha)


def test_mistakes_from_all_places_come_together(tmp_path: Path) -> None:
    study = study_with(tmp_path, condition="Dim1 0\n", preset="No, beta, filters\n1\n0\n4 8\n4\n")
    with pytest.raises(UserError) as error:
        load_settings(study, overrides=["training.loss=rmse"])
    text = str(error.value)
    assert text.startswith("3 mistakes")
    assert "condition.txt, line 1: Dim1" in text
    assert "preset.txt, line 4: model: filters must decrease" in text
    assert "--set training.loss=rmse: training.loss must be" in text


def test_the_shipped_files_are_valid_and_say_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = load_settings(StudyFolder.open(REPOSITORY))
    assert loaded.training.vae.epochs is not None
    assert loaded.data.parameters == "/parametric_data"
