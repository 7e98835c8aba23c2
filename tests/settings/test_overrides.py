import pytest

from simulgenvae.errors import UserError
from simulgenvae.settings import Settings
from simulgenvae.settings.draft import validate
from simulgenvae.settings.overrides import read_overrides


def apply(*overrides: str) -> Settings:
    return validate(read_overrides(overrides))


@pytest.mark.parametrize("text", ["64 32", "64,32", "64, 32", "[64, 32]"])
def test_lists(text: str) -> None:
    assert apply(f"model.filters={text}").model.filters == (64, 32)


def test_numbers_words_texts_and_switches() -> None:
    settings = apply(
        "model.filters = 64",
        "training.loss=mae",
        "training.vae.learning_rate=1e-3",
        "data.load_all=true",
        "reduction.method=none",
        "training.end_to_end.vae_path=a=b/C:\\c",
        'data.parameters="2024"',
    )
    assert settings.model.filters == (64,)
    assert settings.training.loss == "mae"
    assert settings.training.vae.learning_rate == 1e-3
    assert settings.data.load_all is True
    assert settings.reduction.method == "none"
    assert settings.training.end_to_end.vae_path == "a=b/C:\\c"
    assert settings.data.parameters == "2024"


def test_the_last_one_holds() -> None:
    assert apply("training.seed=1", "training.seed=2").training.seed == 2


def test_no_value_takes_back_what_was_set() -> None:
    settings = apply("training.vae.epochs=3", "training.vae.epochs=")
    assert settings.training.vae.epochs is None
    assert "epochs" not in settings.training.vae.model_fields_set


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ("training.seed", "--set training.seed: write it as group.key=value"),
        ("=3", "--set =3: write it as group.key=value"),
        (
            "training.epoch=3",
            "--set training.epoch=3: training.epoch is not a setting; the nearest is training.vae.epochs",
        ),
        ("trainin.seed=", "trainin.seed is not a setting; the nearest is training.seed"),
        ("model=large", "--set model=large: model is a group of settings"),
        ("model.filters=32 64", "--set model.filters=32 64: model: filters must decrease"),
        ("model.filters=small", "--set model.filters=small: model.filters must be a list, but is 'small'"),
        ("training.seed=1\nx=2", "training.seed must be a whole number"),
    ],
)
def test_mistakes_name_the_option(override: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        apply(override)
