"""The page as one HTML file: the built template with a container and the runtime inside.

Tested in tests/explorer/test_page.py.
"""

from __future__ import annotations

import base64
import gzip
import html
import re
from pathlib import Path
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

ASSETS = Path(__file__).with_name("assets")
"""Folder of what is built from ``web/``, and is part of every wheel."""
BUILD = "make web"
"""Command that builds the assets in a clone."""
_PLACE = re.compile(rb"<!--(TITLE|TWIN|RUNTIME)-->")
_POLICY = re.compile(rb'http-equiv="Content-Security-Policy"\s+content="([^"]+)"')
_COMPRESSION = 6


def has_assets() -> bool:
    """Return whether the assets of the page are there."""
    return all((ASSETS / name).is_file() for name in ("page.html", "runtime.wasm.gz"))


def require_assets() -> None:
    """Raise UserError unless the assets of the page are there."""
    if not has_assets():
        raise UserError(
            f"{ASSETS} has no page: this is a clone in which it is not built yet. Build it with "
            f"`{BUILD}`, or install a wheel, which has it."
        )


def make_page(title: str, container: bytes) -> bytes:
    """Return the page as a self-contained HTML file.

    Parameters
    ----------
    title
        Title of the page; any text.
    container
        What :meth:`Twin.container` returns.

    Raises
    ------
    UserError
        Where the assets are missing or damaged.
    """
    require_assets()
    # The same container gives the same bytes: no time in the header.
    packed = gzip.compress(container, _COMPRESSION, mtime=0)
    return filled(
        (ASSETS / "page.html").read_bytes(),
        {
            b"TITLE": html.escape(title).encode(),
            # Base64 has no letters that HTML gives a meaning to, whatever names are in it.
            b"TWIN": base64.b64encode(packed),
            b"RUNTIME": base64.b64encode((ASSETS / "runtime.wasm.gz").read_bytes()),
        },
    )


def filled(template: bytes, contents: Mapping[bytes, bytes]) -> bytes:
    """Return a template with its places filled, each of which it must have once.

    Raises UserError for a template with other places.
    """
    # Cut once: what is filled in is not looked through for places again.
    parts = _PLACE.split(template)
    names = parts[1::2]
    if sorted(names) != sorted(contents):
        raise UserError(
            f"{ASSETS / 'page.html'} is not the template of this version: build it again with "
            f"`{BUILD}`."
        )
    parts[1::2] = [contents[name] for name in names]
    return b"".join(parts)


def policy(page: bytes) -> str:
    """Return the Content-Security-Policy of a page, for the header of a server.

    A page must not be shown inside another one, which only a header can say. Raises UserError for a
    page without a policy, or with one that lets it load something by default.
    """
    found = _POLICY.search(page)
    rules = found[1].decode() if found else ""
    if "default-src 'none'" not in rules:
        raise UserError(
            f"{ASSETS / 'page.html'} has no Content-Security-Policy: build it again with `{BUILD}`."
        )
    return f"{rules}; frame-ancestors 'none'"
