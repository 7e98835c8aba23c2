"""The page is complete, self-contained and shows data as text only."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from simulgenvae.evaluation import evaluate
from simulgenvae.settings.study import Study


class Outline(HTMLParser):
    """Collects elements, and fails on one that is closed out of order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.sources += [value or "" for key, value in attrs if key in {"src", "href"}]
        if tag not in {"meta", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(dataset: Any, trained: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    study = Study(tmp_path_factory.mktemp("study"))
    evaluate(dataset, trained, study)
    return study.report_file.read_text(encoding="utf-8")


def test_self_contained_and_well_formed(page: str) -> None:
    outline = Outline()
    outline.feed(page)
    assert outline.open == []
    assert outline.seen.count("img") >= 8
    assert all(source.startswith("data:image/png;base64,") for source in outline.sources)
    assert not {"script", "link", "b<", "iframe"} & set(outline.seen)
    assert not re.search(r"https?://|url\(", page)


def test_strings_from_data_are_text(page: str) -> None:
    assert "T&lt;script&gt; [K]" in page
    assert "run&lt;10&gt;" in page
    assert "&lt;b&gt;torch" in page


def test_everything_that_was_measured_is_there(page: str, dataset: Any) -> None:
    for expected in (
        dataset.fingerprint,
        "POD + GPR",
        "POD projection floor",
        "Training stages",
        "p$x$ [Pa]",
        "latent_dim",
        "Worst runs",
        "fraction of the best reference",
    ):
        assert expected in page


def test_numbers_are_not_wrapped(page: str) -> None:
    assert re.search(r"td:not\(:first-child\)[^{]*{ white-space: nowrap; }", page)
