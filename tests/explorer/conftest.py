"""Surrogates of every kind, and a small template in the place of the built page."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.deployment.conftest import make_surrogate

__all__ = ["make_surrogate"]

TEMPLATE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval' blob:">
<title><!--TITLE--></title></head>
<body>
<script type="application/octet-stream" id="twin"><!--TWIN--></script>
<script type="application/octet-stream" id="runtime"><!--RUNTIME--></script>
</body></html>
"""


@pytest.fixture
def assets(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a template of the same places, which stands for the built one."""
    folder = tmp_path_factory.mktemp("assets")
    (folder / "page.html").write_text(TEMPLATE, encoding="utf-8")
    (folder / "runtime.wasm.gz").write_bytes(gzip.compress(b"runtime"))
    monkeypatch.setattr("simulgenvae.explorer.page.ASSETS", folder)
    return folder
