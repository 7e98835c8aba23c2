import pytest
from pydantic import ValidationError

from simulgenvae.settings import DataSettings, ModelSettings, Settings
from simulgenvae.settings.raw import GROUPS


def test_a_group_has_the_defaults_of_its_class() -> None:
    """Giving one key of a group would change the others' defaults: use a subclass instead."""
    for name, group in GROUPS.items():
        assert group == type(group)(), name


def test_settings_survive_json() -> None:
    settings = Settings(model=ModelSettings(filters=(64, 32)))
    assert Settings.model_validate_json(settings.model_dump_json()) == settings


@pytest.mark.parametrize("filters", [(), (64, 64), (32, 64), (0,), (100_000, 1)])
def test_filters_decrease_and_are_bounded(filters: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError):
        ModelSettings(filters=filters)


@pytest.mark.parametrize("filters", [(1,), (2, 1), (1024, 512, 256, 128)])
def test_one_or_more_decreasing_filters_are_accepted(filters: tuple[int, ...]) -> None:
    assert ModelSettings(filters=filters).filters == filters


def test_data_leaves_runs_and_nodes() -> None:
    with pytest.raises(ValidationError, match="nothing is left to train on"):
        DataSettings(validation_fraction=0.5, test_fraction=0.5)
    with pytest.raises(ValidationError, match="larger than node_start"):
        DataSettings(node_start=5, node_end=5)
