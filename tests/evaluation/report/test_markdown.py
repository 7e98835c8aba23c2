"""Texts of strangers in Markdown."""

from __future__ import annotations

import pytest

from simulgenvae.evaluation.report.markdown import escape_markdown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("T [K]", "T \\[K\\]"),
        ("a|b", "a\\|b"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("http://a.b", "http\\://a\\.b"),
        ("1.97 % of 3.5: fine.", "1.97 % of 3.5: fine."),
        ("1. item", "1\\. item"),
        ("www.a.b", "www\\.a\\.b"),
        ("two\nlines", "two lines"),
        ("\\`*_", "\\\\\\`\\*\\_"),
        ("m/s (5 %)", "m/s (5 %)"),
        ("[a](b)", "\\[a\\](b)"),
    ],
)
def test_escaping(text: str, shown: str) -> None:
    assert escape_markdown(text) == shown
