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
    first, fields = (float(found) for found in re.findall(r"\d+\.\d+", capsys.readouterr().out))
    assert 0 < first < 60
    assert fields > 0
