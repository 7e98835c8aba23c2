"""Texts of strangers in Markdown."""

from __future__ import annotations

import pytest

from simulgenvae.evaluation.report.markdown import escaped


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("T [K]", "T \\[K\\]"),
        ("a|b", "a\\|b"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("http://a.b", "http\\://a\\.b"),
        ("two\nlines", "two lines"),
        ("\\`*_", "\\\\\\`\\*\\_"),
        ("m/s (5 %)", "m/s (5 %)"),
        ("[a](b)", "\\[a\\](b)"),
    ],
)
def test_escaping(text: str, shown: str) -> None:
    assert escaped(text) == shown
