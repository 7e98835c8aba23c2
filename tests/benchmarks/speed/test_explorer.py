"""Times of a page in a real browser."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from simulgenvae.explorer.page import has_assets, make_page
from tests.explorer.browser.small_models import small_model


@pytest.mark.skipif(not shutil.which("chromium"), reason="there is no Chromium")
def test_it_prints_the_times_of_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    explorer = pytest.importorskip("benchmarks.speed.explorer")
    assert has_assets(), "make test builds the page"
    page = tmp_path / "page.html"
    page.write_bytes(make_page("S", small_model("plate").container()))
    monkeypatch.setattr(sys, "argv", ["explorer", str(page), "--seconds", "0.3"])
    explorer.main()
    found = re.findall(r"\d+(?:\.\d+)?", capsys.readouterr().out)
    first, moved, fields = map(float, found)
    assert 0 < first < 60
    assert moved > 0
    assert fields > 0


@pytest.mark.slow
@pytest.mark.parametrize("moved", [False, True])
def test_a_page_is_made_of_any_number_of_nodes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], moved: bool
) -> None:
    explorer = pytest.importorskip("benchmarks.speed.explorer")
    page = tmp_path / "page.html"
    explorer.make_large_page(60, 4, tmp_path / "study", page, moved=moved)
    printed = capsys.readouterr().out
    assert printed.startswith("60 nodes, ")
    assert "tetrahedra, 4 modes: " in printed
    assert page.stat().st_size > 1e6
