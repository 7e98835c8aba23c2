"""The typical run on its mesh: its film and its picture, and what is said where nothing can be
drawn."""

from __future__ import annotations

import base64
import json
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from simulgenvae.data.dataset import Dataset
from simulgenvae.errors import UserError
from simulgenvae.evaluation import evaluate
from simulgenvae.evaluation.figures import mesh_figures as rendered
from simulgenvae.evaluation.figures.fields import Frame, RunView
from simulgenvae.rendering.cases import typical_run
from simulgenvae.settings import StudyFolder
from simulgenvae.surrogate.surrogate import Surrogate


def view_of(frame: Frame, noise: float = 0.0) -> RunView:
    assert frame.coords is not None
    wave = np.sin(frame.coords[:, 0] + frame.times[:, None])[..., None].astype(np.float32)
    random = noise * np.random.default_rng(0).standard_normal(wave.shape).astype(np.float32)
    return RunView("typical run", wave + random, wave, wave)


def frame_of(coords: np.ndarray | None, times: int = 5) -> Frame:
    return Frame(np.linspace(0.0, 1.0, times), coords, {}, ("T",), ("K",))


def grid(side: int) -> np.ndarray:
    return np.stack(np.meshgrid(np.arange(float(side)), np.arange(float(side))), -1).reshape(-1, 2)


@pytest.mark.usefixtures("opengl")
def test_evaluation_writes_film_and_picture_into_its_report(
    dataset: Dataset, evaluated: tuple[dict[str, Any], StudyFolder]
) -> None:
    metrics, study = evaluated
    assert metrics["not_rendered"] is None
    page = study.report_file.read_text(encoding="utf-8")
    for name, kind in ((rendered.FILM, "gif"), (rendered.PICTURE, "png")):
        content = (study.output / name).read_bytes()
        assert f"data:image/{kind};base64,{base64.b64encode(content).decode()}" in page
    with Image.open(study.output / rendered.FILM) as film:
        assert (film.n_frames, film.width) == (len(dataset.times), 960)  # type: ignore[attr-defined]
    assert page.index(">On the mesh<") < page.index(">Errors<")


def test_without_opengl_the_report_says_so(
    dataset: Dataset, surrogate: Any, study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(what: str) -> None:
        raise UserError(f"{what} needs <OpenGL>")

    monkeypatch.setattr("simulgenvae.rendering.scene.require_context", refusing)
    metrics = evaluate(dataset, surrogate, study)
    assert metrics["not_rendered"] == "Drawing needs <OpenGL>"
    assert not set(metrics["figures"]) & {rendered.FILM, rendered.PICTURE}
    assert "No pictures on the mesh: Drawing needs &lt;OpenGL&gt;" in study.report_file.read_text(
        encoding="utf-8"
    )


def test_a_picture_is_of_the_run_that_the_evaluation_found_typical(
    dataset: Dataset,
    trained: Surrogate,
    evaluated: tuple[dict[str, Any], StudyFolder],
    study: StudyFolder,
) -> None:
    metrics, known = evaluated
    expected = metrics["physics"]["typical_run"]
    assert typical_run(known, dataset, trained) == (
        expected,
        "its error is the median of the last evaluation",
    )
    assert expected in trained.split.test
    first = trained.split.test[0]
    study.output.mkdir()
    other = {"data": {"fingerprint": "of other data"}, "physics": {"typical_run": "run<11>"}}
    for content in (None, "not JSON", "[1]", '{"data": 1}', json.dumps(other)):
        if content is not None:
            study.metrics_file.write_text(content)
        run, why = typical_run(study, dataset, trained)
        assert run == first
        assert "the first test run" in why


@pytest.mark.parametrize(
    "coords", [None, np.arange(4.0)[:, None], np.outer(np.arange(4.0), [1.0, 0.0])]
)
def test_nothing_is_said_of_a_mesh_that_has_no_picture(coords: np.ndarray | None) -> None:
    known = grid(2)
    assert rendered.render(view_of(frame_of(known)), frame_of(coords)) == ({}, None)


@pytest.mark.usefixtures("opengl")
def test_a_single_time_has_no_film() -> None:
    frame = frame_of(grid(4), times=1)
    files, _ = rendered.render(view_of(frame), frame)
    assert list(files) == [rendered.PICTURE]


@pytest.mark.usefixtures("opengl")
def test_a_film_that_a_report_cannot_carry_has_fewer_pictures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rendered, "_MOST_BYTES", 120_000)
    frame = frame_of(grid(24), times=12)
    files, _ = rendered.render(view_of(frame, noise=1.0), frame)
    with Image.open(BytesIO(files[rendered.FILM])) as film:
        assert 2 <= film.n_frames < 12  # type: ignore[attr-defined]
    assert len(files[rendered.FILM]) <= 120_000
