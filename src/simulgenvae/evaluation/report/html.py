"""Pieces of a self-contained HTML page: no links out of it, no scripts; every string is escaped,
images are inside."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

_CSS = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1c2733; background: #f4f6f8; margin: 0; }
main { max-width: 68rem; margin: 0 auto; padding: 2rem 1.5rem 4rem; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { font-size: 1.2rem; margin: 2.4rem 0 .6rem; }
.lead { font-size: 1.1rem; } .note { color: #5b6875; font-size: .9rem; }
.warning { background: #fff4e0; border-left: 4px solid #d55e00; padding: .6rem 1rem; }
.cards { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1.4rem 0; }
.card { background: #fff; border-radius: 8px; padding: .9rem 1.2rem; flex: 1 1 9rem; box-shadow: 0 1px 3px #0002; }
.card b { display: block; font-size: 1.6rem; } .card span { color: #5b6875; font-size: .9rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; background: #fff; box-shadow: 0 1px 3px #0002; min-width: 60%; }
th, td { padding: .35rem .6rem; text-align: right; border-bottom: 1px solid #e4e8ec; }
td { font-variant-numeric: tabular-nums; } td:not(:first-child), .card b { white-space: nowrap; }
th { font-weight: 600; background: #e9eef2; } th:first-child, td:first-child { text-align: left; }
tr.own td { font-weight: 600; background: #fdf1ea; }
figure { background: #fff; margin: 1rem 0; padding: 1rem; border-radius: 8px; box-shadow: 0 1px 3px #0002; }
figure img { max-width: 100%; display: block; margin: 0 auto; } figcaption { color: #5b6875; font-size: .9rem; }
pre { background: #fff; padding: 1rem; overflow-x: auto; font-size: .85rem; }
code { overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; margin: 1.4rem 0; padding: .6rem 0; }
nav { border-block: 1px solid #d5dbe1; }
nav a, a:visited { color: #0072b2; text-decoration: none; } nav a:hover { text-decoration: underline; }
dl { max-width: 46rem; } dt { font-weight: 600; } dd { margin: 0 0 .6rem; }
"""


def page(title: str, content: str) -> str:
    """The whole page around ``content``, which is HTML."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_CSS}</style></head>\n"
        f"<body><main>{content}</main></body></html>\n"
    )


def chapters(contents: dict[str, str]) -> str:
    """Chapters, HTML by title, after a table of contents; those without content are left out."""
    known = [
        (f"chapter-{k}", title, text) for k, (title, text) in enumerate(contents.items()) if text
    ]
    entries = "".join(f'<a href="#{anchor}">{escape(title)}</a>' for anchor, title, _ in known)
    return f"<nav>{entries}</nav>" + "".join(
        f'<section id="{anchor}">{text}</section>' for anchor, _, text in known
    )


def section(title: str, note: str, content: str) -> str:
    """A heading and a note, which are text, and ``content``, which is HTML."""
    return f'<h2>{escape(title)}</h2><p class="note">{escape(note)}</p>{content}'


def table(head: Sequence[str], body: Iterable[Sequence[str]], own: str | None = None) -> str:
    """A table whose cells are text; rows that begin with ``own`` stand out."""
    columns = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    rows = "".join(
        f"<tr{' class=own' if row[0] == own else ''}>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>"
        for row in body
    )
    return f'<div class="scroll"><table><thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table></div>'


def figure(image: bytes, caption: str) -> str:
    """A PNG or GIF file with a caption."""
    kind = "gif" if image.startswith(b"GIF") else "png"
    return (
        f'<figure><img alt="{escape(caption)}" src="data:image/{kind};base64,{base64.b64encode(image).decode()}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def folded(title: str, content: str) -> str:
    """HTML that is shown when its title is clicked."""
    return f"<details><summary>{escape(title)}</summary>{content}</details>"
