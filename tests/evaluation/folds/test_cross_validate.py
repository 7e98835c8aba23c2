"""A whole cross-validation: what it measures, what is kept, and how it continues."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.errors import UserError
from simulgenvae.evaluation.folds import cross_validate
from simulgenvae.evaluation.folds.store import read_folds
from simulgenvae.evaluation.report.report import render_report
from simulgenvae.evaluation.results import EvaluationResult
from simulgenvae.evaluation.results.folds import CrossValidation
from simulgenvae.settings import StudyFolder
from simulgenvae.surrogate.surrogate import Surrogate


@pytest.fixture(scope="module")
def validated(
    dataset: Dataset, trained: Surrogate, tmp_path_factory: pytest.TempPathFactory
) -> tuple[CrossValidation, StudyFolder]:
    """Return the result of two folds and its study; not to be changed."""
    study = StudyFolder(tmp_path_factory.mktemp("validated"))
    return cross_validate(dataset, trained, study, 2), study


def test_each_run_is_measured_once_by_a_surrogate_that_had_not_seen_it(
    validated: tuple[CrossValidation, StudyFolder], trained: Surrogate
) -> None:
    found, _ = validated
    assert sorted(found.runs) == sorted((*trained.split.train, *trained.split.validation))
    assert [about.fold for about in found.runs.values()] == [1] * 5 + [2] * 5
    assert (found.training_runs, found.validation_runs) == ((4, 4), (1, 1))
    errors = found.errors["prediction"]
    assert errors.per_run.keys() == found.runs.keys()
    assert errors.relative_l2.half_width > 0
    assert errors.variables["T<script>"].metrics["peak_place"].mean >= 0
    # No run has itself as its nearest run: it was not learned from.
    assert min(found.errors["nearest_run"].per_run.values()) > 0
    assert found.quantities.found[0].name == "maximum of T<script>"
    assert len(found.quantities.found[0].runs) == 10


def test_errors_and_log_are_kept_but_no_networks(
    validated: tuple[CrossValidation, StudyFolder],
) -> None:
    _, study = validated
    files = {path.relative_to(study.folder).as_posix() for path in study.folder.rglob("*.*")}
    assert files == {
        "output/cross_validation.json",
        *(f"folds/{k}-of-2/{name}" for k in (1, 2) for name in ("fold.json", "basis.txt")),
        *(f"folds/{k}-of-2/output/training.log" for k in (1, 2)),
    }


def test_finished_folds_are_not_trained_again(
    validated: tuple[CrossValidation, StudyFolder],
    dataset: Dataset,
    trained: Surrogate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a finished fold is trained again")

    monkeypatch.setitem(cross_validate.__globals__, "fit", refuse)
    found, study = validated
    assert cross_validate(dataset, trained, study, 2) == found


def test_ctrl_c_says_what_is_kept(
    dataset: Dataset, trained: Surrogate, study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(cross_validate.__globals__, "fit", interrupt)
    with pytest.raises(KeyboardInterrupt, match=r"fold 1 of 2.*the same command continues"):
        cross_validate(dataset, trained, study, 2)


def test_a_mistake_names_the_fold_and_how_to_start_it_again(
    dataset: Dataset, trained: Surrogate, study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise UserError("nothing can be learned")

    monkeypatch.setitem(cross_validate.__globals__, "fit", fail)
    with pytest.raises(UserError, match=r"Fold 1 of 2: nothing can .*remove .*1-of-2"):
        cross_validate(dataset, trained, study, 2)


def test_an_evaluation_finds_the_folds_of_the_same_settings_only(
    validated: tuple[CrossValidation, StudyFolder], dataset: Dataset, trained: Surrogate
) -> None:
    found, study = validated
    assert read_folds(study, dataset, trained) == (found, [])
    training = trained.settings.training.model_copy(update={"seed": 5})
    other = trained.settings.model_copy(update={"training": training})
    changed = replace(trained, settings=other)
    left_out, notes = read_folds(study, dataset, changed)
    assert left_out is None
    assert "other data, settings" in notes[0]


def test_the_report_has_a_section_and_a_line_at_the_top(
    validated: tuple[CrossValidation, StudyFolder], measured: EvaluationResult
) -> None:
    found, _ = validated
    page = render_report(measured.model_copy(update={"folds": found}))
    assert "Cross-validation in 2 parts: " in page[: page.index("<nav>")]
    assert "On 10 runs predicted by surrogates that had not seen them, the surrogate" in page
    assert "each time without one part (4 training runs)" in page
    assert "run&lt;3&gt;" in page[page.index("All runs") :]
    assert "--folds 5 measures more" not in page
    assert "Cross-validation" not in render_report(measured)


def test_too_many_folds_are_refused_before_anything_is_written(
    dataset: Dataset, trained: Surrogate, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="from 2 to 10"):
        cross_validate(dataset, trained, StudyFolder(tmp_path), 11)
    assert not list(tmp_path.iterdir())
