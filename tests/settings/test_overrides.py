import pytest

from simulgenvae.errors import UserError
from simulgenvae.settings import Settings
from simulgenvae.settings.overrides import read_overrides
from simulgenvae.settings.raw import validate


def apply(*overrides: str) -> Settings:
    return validate(read_overrides(overrides))


@pytest.mark.parametrize("text", ["64 32", "64,32", "64, 32", "[64, 32]"])
def test_lists(text: str) -> None:
    assert apply(f"model.filters={text}").model.filters == (64, 32)


@pytest.mark.parametrize("key", ["model", "conditioner"])
def test_one_number_is_a_list_of_one(key: str) -> None:
    assert getattr(apply(f"{key}.filters=64"), key).filters == (64,)


@pytest.mark.parametrize("text", ["x y", "x, y", '["x", "y"]'])
def test_lists_of_words(text: str) -> None:
    flipped = apply(
        f"training.augmentation.flips={text}", "training.augmentation.odd_variables=x:u"
    ).training.augmentation
    assert (flipped.flips, flipped.odd_variables) == (("x", "y"), ("x:u",))


@pytest.mark.parametrize("text", ["work: u * v, doubled", '["work: u * v, doubled"]'])
def test_a_list_of_sentences(text: str) -> None:
    assert apply(f"evaluation.checks={text}").evaluation.checks == ("work: u * v, doubled",)


def test_a_kind_and_files_of_another_are_one_mistake_with_both_places() -> None:
    with pytest.raises(
        UserError,
        match=r"^--set conditioner\.kind=cnn and --set data\.file_type=\.csv: .*image files",
    ):
        apply("conditioner.kind=cnn", "data.file_type=.csv")


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


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("2024", "2024"),
        ("true", "true"),
        ("2024-05-27", "2024-05-27"),
        ("a b, c", "a b, c"),
        ("'2024'", "2024"),
        ('"a" # b', '"a" # b'),
        ('"a", "b"', '"a", "b"'),
        ("[1]", "[1]"),
        ('"  a "', "  a "),
    ],
)
def test_what_is_typed_for_a_text_is_text(typed: str, text: str) -> None:
    assert apply(f"data.parameters={typed}").data.parameters == text


@pytest.mark.parametrize(
    ("typed", "entries"),
    [
        ("2024", ("2024",)),
        ("true", ("true",)),
        ('["a, b", "c"]', ("a, b", "c")),
        ('"a, b", "c"', ("a, b", "c")),
    ],
)
def test_what_is_typed_for_a_list_of_texts_is_text(typed: str, entries: tuple[str, ...]) -> None:
    assert apply(f"evaluation.checks={typed}").evaluation.checks == entries


@pytest.mark.parametrize(
    ("typed", "value"),
    [("true", True), ("false", False), ("auto", "auto"), ('"auto"', "auto"), ("1", True)],
)
def test_a_switch_that_can_be_automatic(typed: str, value: bool | str) -> None:
    assert apply(f"training.performance.compile={typed}").training.performance.compile == value


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
            "--set training.epoch=3: training.epoch is not a setting; the nearest is "
            "training.vae.epochs",
        ),
        ("trainin.seed=", "trainin.seed is not a setting; the nearest is training.seed"),
        ("model=large", "--set model=large: model is a group of settings"),
        ("model.filters=32 64", "--set model.filters=32 64: model: filters must decrease"),
        (
            "model.filters=small",
            "^--set model.filters=small: value 1 of model.filters must be a whole number, but is "
            "'small'$",
        ),
        (
            "conditioner.filters=small",
            "^--set .*: value 1 of conditioner.filters must be a whole number",
        ),
        ("conditioner.filters=0", "value 1 of conditioner.filters must be at least 1, but is 0"),
        (
            "training.augmentation.flips=xy",
            "^--set .*: value 1 of training.augmentation.flips must be 'auto', 'none', 'x', 'y' or "
            "'z', but is 'xy'$",
        ),
        (
            "training.augmentation.odd_variables=v",
            "odd_variables must have the form .*, but is 'v'",
        ),
        ("training.seed=1\nx=2", "training.seed must be a whole number"),
        ("training.seed=1 # one", "training.seed must be a whole number, but is '1 # one'"),
        (
            "training.seed=" + "9" * 5000,
            "training.seed must be a whole number of fewer digits, but is '9{189}…9{8}'$",
        ),
        (
            "training.seed=0x" + "f" * 5000,
            "training.seed must be at most .*, but is a number of thousands of digits$",
        ),
        (
            "training.vae.steps=true",
            "^--set training.vae.steps=true: training.vae.steps cannot be true or false$",
        ),
        ("training.loss=true", "training.loss cannot be true or false"),
        ("model.filters=64, true", "value 2 of model.filters cannot be true or false$"),
        (
            "training.performance.compile=maybe",
            "^--set training.performance.compile=maybe: training.performance.compile must be "
            "true, false or 'auto', but is 'maybe'$",
        ),
        (
            "training.performance.compile=2",
            "training.performance.compile must be true, false or 'auto', but is 2$",
        ),
        (
            "evaluation.checks=[1]",
            "value 1 of evaluation.checks must be text, in quotation marks, but is 1$",
        ),
    ],
)
def test_mistakes_name_the_option(override: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        apply(override)


def test_the_text_of_a_quantity_is_not_cut() -> None:
    given = apply("quantities.a=mean(T, box=(0, 0, 1, 1))", 'quantities.b = "max(T)"')
    assert given.quantities == {"a": "mean(T, box=(0, 0, 1, 1))", "b": "max(T)"}
