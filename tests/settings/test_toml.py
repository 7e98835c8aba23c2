from pathlib import Path

import pytest

from simulgenvae.errors import UserError
from simulgenvae.settings import Settings
from simulgenvae.settings.raw import validate
from simulgenvae.settings.toml import read_toml, toml_text


def read(folder: Path, text: str) -> Settings:
    file = folder / "study.toml"
    file.write_text(text, encoding="utf-8")
    return validate(read_toml(file))


def test_tables_inline_tables_and_dotted_keys(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        """
        training.seed = 3
        model = { filters = [64, 32], size = "large" }
        [training.vae]
        epochs = 5
        learning_rate = 1 # an integer is a number too
        """,
    )
    assert settings.training.seed == 3
    assert settings.model.filters == (64, 32)
    assert settings.model.size == "large"
    assert settings.training.vae.epochs == 5
    assert settings.training.vae.learning_rate == 1.0


def test_empty_file_gives_the_defaults_and_marks_nothing_as_set(tmp_path: Path) -> None:
    settings = read(tmp_path, "[training]\n")
    assert settings == Settings()
    assert "batch_size" not in settings.training.vae.model_fields_set


def test_byte_order_mark(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeff[training]\nseed = 3\n").training.seed == 3


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[training\n", "study.toml: not valid TOML.*line 1"),
        ("[model]\nsize = 'small'\nsize = 'large'\n", "study.toml: not valid TOML.*line 3"),
        ("x = " + "[" * 5000, "study.toml: not valid TOML"),
        ("x" + ".a" * 3000 + " = 1", "study.toml: not valid TOML: nested too deeply"),
        (
            "[training.vae]\n\nepoch = 3\n",
            "line 3: training.vae.epoch is not a setting; the nearest is training.vae.epochs",
        ),
        ("training.vae = { epoch = 3 }\n", "line 1: training.vae.epoch is not a setting"),
        (
            "latent_dim = 3\n",
            "line 1: latent_dim is not a setting; the nearest is model.latent_dim",
        ),
        ("'' = 3\n", "is not a setting"),
        ("training = 3\n", "line 1: training is a group of settings"),
        ("[[training.vae]]\nepochs = 3\n", "training.vae is a group of settings"),
        (
            "[model]\nfilters = []\n",
            r"line 2: model.filters must have at least 1 value, but is \[\]",
        ),
        (
            "[model]\nfilters = [3, 'x']\n",
            "line 2: value 2 of model.filters must be a whole number, but is 'x'",
        ),
        (
            "[model]\nfilters = [3, 4]\n",
            "line 2: model: filters must decrease from first to last, but are: 3 4",
        ),
        ("[training.vae]\nlearning_rate = nan\n", "training.vae.learning_rate must be"),
        ("[training.vae]\nepochs = true\n", "training.vae.epochs cannot be true or false"),
        (
            "[training.vae]\nepochs = 0\n",
            "line 2: training.vae.epochs must be at least 1, but is 0",
        ),
        (
            "[training]\nloss = 'rmse'\n",
            "line 2: training.loss must be 'mse', 'mae', 'smooth_l1' or 'huber', but is 'rmse'",
        ),
        ("[data]\nruns = 1979-05-27\n", "line 2: data.runs must be a whole number"),
        ("x = " + "9" * 5000, "study.toml: not valid TOML"),
        (
            "data.parameters = 2024\n",
            "line 1: data.parameters must be text, in quotation marks, but is 2024",
        ),
        ("data.parameters = true\n", "line 1: data.parameters cannot be true or false"),
        (
            "model.filters = [64, true]\n",
            "line 1: value 2 of model.filters cannot be true or false",
        ),
        (
            "training.performance.compile = 'on demand'\n",
            "line 1: training.performance.compile must be true, false or 'auto'",
        ),
    ],
)
def test_mistakes_name_file_line_key_and_reason(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason) as error:
        read(tmp_path, text)
    assert str(tmp_path / "study.toml") in str(error.value)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        read(tmp_path, "[data]\nruns = 0\ntest_fraction = 2\n")
    assert str(error.value).splitlines()[0] == "2 mistakes in the settings:"
    assert "line 2: data.runs" in str(error.value)
    assert "line 3: data.test_fraction must be below 1" in str(error.value)


def test_files_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    for content, reason in [
        (b"\n\xff", "line 2: not UTF-8"),
        (b"\0", "zero bytes"),
        (b"#" * 1_000_001, "larger than 1 MB"),
    ]:
        file.write_bytes(content)
        with pytest.raises(UserError, match=reason):
            read_toml(file)
    with pytest.raises(UserError, match="no such file"):
        read_toml(tmp_path / "missing.toml")


def test_quantities_have_names_of_any_form(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        """
        [quantities]
        peak = "max(T)"
        "mean, at 0.5 s" = "mean(T, time=0.5)"
        """,
    )
    assert settings.quantities == {"peak": "max(T)", "mean, at 0.5 s": "mean(T, time=0.5)"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[quantities]\npeak = 3\n", "line 2: the quantity quantities.peak must be text, such as"),
        ('quantities = "max(T)"\n', "line 1: quantities is a table of names"),
    ],
)
def test_quantities_are_a_table_of_texts(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=reason):
        read(tmp_path, text)


def test_settings_that_are_written_are_read_back(tmp_path: Path) -> None:
    given = {
        "model": {"filters": [64, 32], "size": "large"},
        "data": {"parameters": 'a \\ "b" ü.csv'},
        "training": {"augmentation": {"flips": ["x"]}, "loss": "mae", "alpha": 1e-30},
        "quantities": {"T": "mean(T)", "T.max @ exit": 'max("T")', "peak": "max(T)"},
    }
    settings = Settings.model_validate(given)
    assert read(tmp_path, toml_text(settings)) == settings
