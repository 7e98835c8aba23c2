from __future__ import annotations

import logging
from pathlib import Path

import pytest

import simulgenvae
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import Split
from simulgenvae.settings import StudyFolder
from simulgenvae.surrogate.unseen_error import UnseenError
from simulgenvae.utils.formatting import percent
from tests.conftest import MakeSettings, MakeWaves


@pytest.mark.parametrize(("test", "refit"), [(2, True), (0, False)])
def test_the_errors_said_at_the_end_are_those_of_the_report(
    make_waves: MakeWaves,
    make_settings: MakeSettings,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    test: int,
    refit: bool,
) -> None:
    """With two variables of different size, and for a surrogate that learned the validation runs."""
    dataset = make_waves(variables=2)
    ids = dataset.ids
    split = Split(ids[:8], ids[8 : 12 - test], ids[12 - test :])
    settings = make_settings(20, end_to_end={"members": 1, "refit": refit})
    caplog.set_level(logging.INFO, logger="simulgenvae")
    simulgenvae.fit(dataset, settings=settings, split=split, study=tmp_path)
    (said,) = [each for each in caplog.messages if each.startswith("On ")]
    found = simulgenvae.Study.open(tmp_path).evaluate(figures=False)
    best = found.best_baseline
    assert best is not None
    errors = percent(found.mean_error("prediction"), 2), percent(best.relative_l2, 2)
    runs = "2 runs it has not seen" if test else "4 validation runs, which chose the networks"
    assert said.startswith(f"On {runs}: {errors[0]}.")
    assert said.endswith(f": {errors[1]}.")
    log = StudyFolder(tmp_path).training_log.read_text()
    assert said in log
    assert "100 %" not in log


def test_without_baselines_the_sentence_names_the_command_that_has_them() -> None:
    found = UnseenError("test", 1, 0.0164, None, None)
    assert found.sentence() == (
        "On 1 run it has not seen: 1.6 %. simulgenvae evaluate compares with baselines."
    )
    found = UnseenError("test", 10, 0.0164, "POD + GPR", 0.0789)
    assert found.sentence() == (
        "On 10 runs it has not seen: 1.6 %. Best baseline (POD + GPR): 7.9 %."
    )


def test_nothing_is_said_without_runs_to_measure_on(
    waves: Dataset, make_settings: MakeSettings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="simulgenvae")
    split = Split(waves.ids, (), ())
    simulgenvae.fit(waves, settings=make_settings(2), split=split)
    assert not [each for each in caplog.messages if each.startswith("On ")]
