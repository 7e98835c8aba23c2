"""The typical run on its mesh: film and image, and the note where nothing can be drawn."""

from __future__ import annotations

import base64
import json
import re
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from simulgenvae.data.dataset import Dataset
from simulgenvae.errors import UserError
from simulgenvae.evaluation import evaluate
from simulgenvae.evaluation.figures import mesh_figures
from simulgenvae.evaluation.figures.fields import Domain, RunFields
from simulgenvae.evaluation.results import EvaluationResult
from simulgenvae.rendering.cases import typical_run
from simulgenvae.settings import StudyFolder
from simulgenvae.surrogate.surrogate import Surrogate


def run_of(domain: Domain, noise: float = 0.0) -> RunFields:
    assert domain.coords is not None
    wave = np.sin(domain.coords[:, 0] + domain.times[:, None])[..., None].astype(np.float32)
    random = noise * np.random.default_rng(0).standard_normal(wave.shape).astype(np.float32)
    return RunFields("typical run", wave + random, wave, wave)


def domain_of(coords: np.ndarray | None, times: int = 5) -> Domain:
    return Domain(np.linspace(0.0, 1.0, times), coords, {}, ("T",), ("K",))


def grid(side: int) -> np.ndarray:
    return np.stack(np.meshgrid(np.arange(float(side)), np.arange(float(side))), -1).reshape(-1, 2)


@pytest.mark.usefixtures("opengl")
def test_evaluation_writes_film_and_image_into_its_report(
    dataset: Dataset, evaluated: tuple[EvaluationResult, StudyFolder]
) -> None:
    result, study = evaluated
    assert result.not_rendered is None
    page = study.report_file.read_text(encoding="utf-8")
    content = (study.output / mesh_figures.IMAGE).read_bytes()
    assert f"data:image/png;base64,{base64.b64encode(content).decode()}" in page
    # The page has the images of the film, with a slider; one is there without scripts too.
    film_figure = page[page.index('<figure class="film">') :]
    images = re.findall(r'src="data:image/webp;base64,[^"]+"( hidden)?>', film_figure)
    assert len(images) == len(dataset.times)
    assert images.count("") == 1
    assert f'<input type="range" min="0" max="{len(images) - 1}" value="2"' in film_figure
    with Image.open(study.output / mesh_figures.FILM) as film:
        assert (film.n_frames, film.width) == (len(dataset.times), 960)  # type: ignore[attr-defined]
    assert page.index(">On the mesh<") < page.index(">Errors<")


def test_without_opengl_the_report_says_so(
    dataset: Dataset, surrogate: Any, study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(what: str) -> None:
        raise UserError(f"{what} needs <OpenGL>")

    monkeypatch.setattr("simulgenvae.rendering.scene.require_context", refusing)
    monkeypatch.setattr("simulgenvae.evaluation.draw.make_figures", lambda *_: ())  # the others
    result = evaluate(dataset, surrogate, study)
    assert result.not_rendered == "Drawing needs <OpenGL>"
    assert not set(result.figures) & {mesh_figures.FILM, mesh_figures.IMAGE}
    assert "No images on the mesh: Drawing needs &lt;OpenGL&gt;" in study.report_file.read_text(
        encoding="utf-8"
    )


def test_a_rendering_is_of_the_run_that_the_evaluation_found_typical(
    dataset: Dataset,
    trained: Surrogate,
    evaluated: tuple[EvaluationResult, StudyFolder],
    study: StudyFolder,
) -> None:
    result, known = evaluated
    expected = result.physics.typical_run
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
def test_nothing_is_said_of_a_mesh_that_cannot_be_drawn(coords: np.ndarray | None) -> None:
    known = grid(2)
    rendered = mesh_figures.render(run_of(domain_of(known)), domain_of(coords))
    assert rendered == mesh_figures.Rendered({})


@pytest.mark.usefixtures("opengl")
def test_a_single_time_has_no_film() -> None:
    domain = domain_of(grid(4), times=1)
    rendered = mesh_figures.render(run_of(domain), domain)
    assert list(rendered.files) == [mesh_figures.IMAGE]
    assert rendered.frames == ()


@pytest.mark.usefixtures("opengl")
def test_a_film_that_a_report_cannot_carry_has_fewer_frames(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mesh_figures, "_MAX_BYTES", 120_000)
    domain = domain_of(grid(24), times=12)
    rendered = mesh_figures.render(run_of(domain, noise=1.0), domain)
    files = rendered.files
    with Image.open(BytesIO(files[mesh_figures.FILM])) as film:
        assert len(rendered.frames) == film.n_frames  # type: ignore[attr-defined]
        assert 2 <= film.n_frames < 12  # type: ignore[attr-defined]
    assert len(files[mesh_figures.FILM]) <= 120_000
