"""Pages of a study's models."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from simulgenvae import Study
from simulgenvae.errors import UserError
from simulgenvae.study.page import Page
from tests.explorer.conftest import assets, description, exported_once

__all__ = ["assets", "exported_once"]

pytest.importorskip("onnxscript")
pytestmark = pytest.mark.usefixtures("assets")


@pytest.fixture
def study(board: Path, tmp_path: Path) -> Study:
    """Return a copy of a trained study."""
    shutil.copytree(board, tmp_path / "copy")
    return Study.open(tmp_path / "copy")


def test_a_page_is_made_anew_only_where_the_model_has_changed(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    page = Study.page

    def counted(study: Study) -> Page:
        made.append(page(study))
        return made[-1]

    monkeypatch.setattr(Study, "page", counted)
    server = study.serve()
    try:
        first = server.page()
        assert server.page() == first
        assert len(made) == 1
        os.utime(study.ensemble_file, ns=(1, 1))
        assert server.page() == first
        assert len(made) == 2
    finally:
        server.server_close()


def test_a_page_without_the_data_has_no_training_runs(study: Study) -> None:
    with_data = description(study.page().html)
    assert len(with_data["training_ids"]) == len(study.load_surrogate().split.train)
    shutil.rmtree(study.dataset)
    without = description(study.page().html)
    assert without["training_ids"] == []
    assert without["inputs"] == with_data["inputs"]


def test_the_error_is_that_of_the_last_evaluation_of_this_model(study: Study) -> None:
    study.metrics_file.unlink(missing_ok=True)
    assert description(study.page().html)["evaluation"] is None
    result = study.evaluate(figures=False)
    error = description(study.page().html)["evaluation"]
    assert error["relative_error"] == pytest.approx(result.mean_error("prediction"))
    text = study.metrics_file.read_text()
    study.metrics_file.write_text(text.replace(result.training.data_fingerprint, "0" * 64))
    assert description(study.page().html)["evaluation"] is None


def test_an_error_on_validation_runs_is_not_told_as_that_of_test_runs(study: Study) -> None:
    study.evaluate(figures=False)
    found = json.loads(study.metrics_file.read_text())
    study.metrics_file.write_text(json.dumps(found | {"compared_split": "validation"}))
    assert description(study.page().html)["evaluation"] is None


def test_without_assets_no_port_stays_open(study: Study, assets: Path) -> None:
    (assets / "page.html").unlink()
    with pytest.raises(UserError, match="make web"):
        study.serve()
