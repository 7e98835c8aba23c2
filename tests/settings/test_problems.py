import pytest

from simulgenvae.errors import UserError
from simulgenvae.settings.problems import nearest, refuse


def test_nearest_does_not_look_at_the_case_of_letters() -> None:
    assert nearest("lc_ALPHA", ["alpha", "LC_alpha"]) == "LC_alpha"


def test_refuse_tells_every_problem_once() -> None:
    with pytest.raises(UserError, match=r"^one$"):
        refuse(["one", "one"])
    with pytest.raises(UserError, match=r"^2 mistakes in the settings:\n  - one\n  - two$"):
        refuse(["one", "two", "one"])
