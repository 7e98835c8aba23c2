from __future__ import annotations

import base64
import gzip
import re
from pathlib import Path

import pytest

from simulgenvae.errors import UserError
from simulgenvae.explorer.page import filled, has_assets, make_page, policy

HOSTILE = '</title><script>alert(1)</script>"\u202e<!--TWIN-->'


def in_page(page: bytes, name: str) -> bytes:
    """Return what a script element of a page holds."""
    found = re.search(rb'id="%s">([^<]*)</script>' % name.encode(), page)
    return gzip.decompress(base64.b64decode(found[1], validate=True))


@pytest.mark.usefixtures("assets")
def test_a_page_holds_container_and_runtime() -> None:
    page = make_page("S", b"container")
    assert in_page(page, "twin") == b"container"
    assert in_page(page, "runtime") == b"runtime"
    assert b"<title>S</title>" in page
    assert page == make_page("S", b"container")


@pytest.mark.usefixtures("assets")
def test_names_of_files_are_only_text() -> None:
    container = f'{{"name": "{HOSTILE}"}}'.encode()
    page = make_page(HOSTILE, container)
    assert b"alert(1)</script>" not in page
    assert b"<title>&lt;/title&gt;&lt;script&gt;" in page
    assert in_page(page, "twin") == container


def test_the_policy_is_that_of_the_page(assets: Path) -> None:
    rules = policy((assets / "page.html").read_bytes())
    assert rules.startswith("default-src 'none'; script-src")
    assert rules.endswith("frame-ancestors 'none'")
    with pytest.raises(UserError, match="no Content-Security-Policy"):
        policy(b"<html></html>")
    with pytest.raises(UserError, match="no Content-Security-Policy"):
        policy(b'<meta http-equiv="Content-Security-Policy" content="default-src *">')


@pytest.mark.parametrize("name", ["page.html", "runtime.wasm.gz"])
def test_assets_that_are_missing_say_how_they_are_built(assets: Path, name: str) -> None:
    (assets / name).unlink()
    with pytest.raises(UserError, match=r"has no page: .* `make web`"):
        make_page("S", b"")


def test_a_template_of_another_version() -> None:
    with pytest.raises(UserError, match="not the template of this version"):
        filled(b"<!--TITLE--><!--TITLE--><!--TWIN-->", {b"TITLE": b"", b"TWIN": b""})


@pytest.mark.skipif(not has_assets(), reason="the explorer's page is not built: make web")
def test_what_every_page_has_is_small() -> None:
    """The page of the demo must stay below 20 MB, of which its model and mesh have 13."""
    assert len(make_page("S", b"")) < 6.5e6
