"""The page is complete, self-contained and shows data as text only."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from markupsafe import escape

from simulgenvae.evaluation.figures.make import CAPTIONS
from simulgenvae.evaluation.results import EvaluationResult
from simulgenvae.evaluation.verdict import Verdict
from simulgenvae.settings.folder import StudyFolder


class Outline(HTMLParser):
    """Collects elements, and fails on one that is closed out of order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.sources: list[str] = []
        self.policy = ""
        self.hover: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.sources += [value or "" for key, value in attrs if key in {"src", "href"}]
        given = dict(attrs)
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""
        if "data-hover" in given:
            self.hover.append(given["data-hover"] or "")
        if tag not in {"meta", "img", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(evaluated: tuple[EvaluationResult, StudyFolder]) -> str:
    return evaluated[1].report_file.read_text(encoding="utf-8")


def test_self_contained_and_well_formed(page: str) -> None:
    outline = Outline()
    outline.feed(page)
    assert outline.open == []
    assert outline.seen.count("img") >= 8
    assert all(
        source.startswith(("data:image/png;base64,", "data:image/webp;base64,", "#"))
        for source in outline.sources
    )
    assert not {"link", "b<", "iframe", "object", "form"} & set(outline.seen)
    assert not re.search(r"https?://|url\(", page)


def test_the_policy_allows_the_one_script_and_no_request(page: str) -> None:
    outline = Outline()
    outline.feed(page)
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert outline.seen.count("script") == 1
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rules = dict(rule.strip().split(" ", 1) for rule in outline.policy.split(";"))
    assert rules["script-src"] == f"'sha256-{digest}'"
    assert (rules["default-src"], rules["img-src"]) == ("'none'", "data:")
    # Texts from data can become no markup by it.
    assert not re.search(r"innerHTML|insertAdjacent|outerHTML|document\.write|eval\(", script)


def test_figures_have_values_at_the_pointer(page: str) -> None:
    outline = Outline()
    outline.feed(page)
    panels = [panel for each in outline.hover for panel in json.loads(each)]
    texts = [text for panel in panels for each in panel["series"] for text in each["texts"]]
    assert any(text.startswith("run<1") and ": true " in text for text in texts)
    labels = {each["label"] for panel in panels for each in panel["series"]}
    assert {"truth", "prediction", "POD + GPR"} <= labels


@pytest.mark.usefixtures("opengl")
def test_contents_lead_to_every_chapter(page: str) -> None:
    outline = Outline()
    outline.feed(page)
    targets = [source.removeprefix("#") for source in outline.sources if source.startswith("#")]
    assert targets == re.findall(r'<section id="([^"]+)"', page)
    assert re.findall(r'<a href="#[^"]+">([^<]+)</a>', page) == [
        "Quantities of interest",
        "Run by run",
        "On the mesh",
        "Errors",
        "Fields",
        "Uncertainty",
        "Physics checks",
        "Sensitivity",
        "How the surrogate is made",
    ]
    made = page[page.index('<section id="inside">') :]
    assert re.findall(r'<details class="chapter"[^>]*>\s*<summary>([^<]+)</summary>', made) == [
        "Latents",
        "Training",
        "Data, settings and versions",
    ]


@pytest.mark.usefixtures("opengl")
def test_figures_stand_in_their_chapters(page: str) -> None:
    opened = r'<section id="[^"]+">\s*<h2>([^<]+)</h2>(.*?)</section>'
    folded = r'<details class="chapter"[^>]*>\s*<summary>([^<]+)</summary>(.*?)</details>\s*(?=<details class|</section)'
    chapters = dict(re.findall(opened, page, re.DOTALL) + re.findall(folded, page, re.DOTALL))
    for chapter, kinds in {
        "Run by run": ("expected", "runs"),
        "On the mesh": ("film", "rendered"),
        "Uncertainty": ("uncertainty_calibration", "uncertainty_runs"),
        "Physics checks": ("physics",),
        "Sensitivity": ("sensitivity",),
        "Latents": ("latent_levels", "latent_off", "latent_parity", "latent_pca", "latent_tsne"),
        "Fields": ("temporal", "nodal", "error_map"),
    }.items():
        for kind in kinds:
            assert escape(CAPTIONS[kind]) in chapters[chapter]
    assert len(re.findall("<figcaption>", page)) >= 18


def test_strings_from_data_are_text(page: str) -> None:
    assert "T&lt;script&gt; [K]" in page
    assert "run&lt;10&gt;" in page
    assert "&lt;b&gt;torch" in page
    # Values at the pointer are JSON in an attribute, where a quote or a bracket could end it.
    assert re.search(r"data-hover='[^']*run\\u003c1", page)
    assert not re.search(r"data-hover='[^'<]*<", page)


def test_everything_that_was_measured_is_there(page: str, dataset: Any) -> None:
    for expected in (
        dataset.fingerprint,
        "POD + GPR",
        "POD projection floor",
        "prediction of the networks",
        "p$x$ [Pa]",
        "latent_dim",
        "the worst first",
        "calibrated on 2 validation runs",
        "calibrated on only 2 validation runs: when each was left out, the interval of the "
        "others held",
        "sd_ratio",
        "of the values of test runs are inside their interval (90 % intended, 2 validation runs)",
        "(weight 0.4)",
        "Networks only (2)",
        "Gaussian processes only",
        "energy of all variables",
        "Switched off: test",
        "Columns of the table that are no parameters: &#39;gravity&#39; (9.81 in all runs)",
    ):
        assert expected in page


def test_the_verdict_is_in_the_head(
    page: str, evaluated: tuple[EvaluationResult, StudyFolder]
) -> None:
    assert f'<p class="verdict">{escape(Verdict.of(evaluated[0]).sentence())}</p>' in page


def test_a_doubtful_interval_is_a_warning_at_the_top(page: str) -> None:
    assert (
        '<p class="warning">The interval meant to hold 90 % of the values was calibrated on only 2 '
        in page
    )


def test_no_interval_of_two_runs_is_called_by_its_level(page: str) -> None:
    assert "90 % interval" not in re.sub("<[^>]+>", "", page)


def test_numbers_are_not_wrapped(page: str) -> None:
    assert re.search(r"td:not\(:first-child\)[^{]*{ white-space: nowrap; }", page)
