import pytest

from simulgenvae.errors import UserError
from simulgenvae.settings.model_names import is_model_name, require_model_name


@pytest.mark.parametrize("name", ["model-1", "wide", "A", "7", "v2.1_big", "a" * 64, "console"])
def test_names_of_folders_are_taken(name: str) -> None:
    assert require_model_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", ".", "..", "../x", "a/b", "a\\b", "/tmp", "C:", "~", "-x", ".hidden", "end."),
        *("two words", "ä", "line\n", "a\0", "*", "a" * 65, "a" * 5000),
        *("con", "NUL", "aux.v1", "Com1", "lpt9.x"),
        *("current", "Current"),
    ],
)
def test_others_are_refused_in_one_line(name: str) -> None:
    with pytest.raises(UserError, match="is no name of a model") as caught:
        require_model_name(name)
    assert len(str(caught.value)) < 250
    assert "\n" not in str(caught.value)
    assert not is_model_name(name)


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(UserError, match="of type int is no name"):
        require_model_name(1)
