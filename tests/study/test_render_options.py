from __future__ import annotations

from pathlib import Path

import pytest

from simulgenvae import UserError
from simulgenvae.study.render_options import RenderOptions


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        ("a.bmp", RenderOptions(), "suffix '.bmp' is unknown"),
        ("a", RenderOptions(), "there is no suffix"),
        ("a.png", RenderOptions(fps=5), "--fps and --seconds are for films"),
        ("a.gif", RenderOptions(times=(0.0,)), "--times is for images"),
        ("a.gif", RenderOptions(fps=51), "--fps is 51"),
        ("a.mp4", RenderOptions(seconds=0.01), "--seconds is 0.01"),
        ("a.png", RenderOptions(width=319), "--width is 319"),
        ("a.png", RenderOptions(run="a", params=Path("b.csv")), "give one of them"),
        ("a.png", RenderOptions(design="a"), "--design names one of several new designs"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    tmp_path: Path, name: str, options: RenderOptions, text: str
) -> None:
    with pytest.raises(UserError, match=text):
        options.check(tmp_path / name)


def test_options_that_fit_are_accepted(tmp_path: Path) -> None:
    RenderOptions(times=(0.0, 1.0), width=320).check(tmp_path / "a.png")
    RenderOptions(fps=50, seconds=600).check(tmp_path / "a.mp4")
