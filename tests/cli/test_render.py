"""`simulgenvae render`: pictures and films of runs and of new designs."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.vtk import mesh_grid

pytestmark = pytest.mark.usefixtures("opengl")
Refused = Callable[[tuple[list[object], list[str]]], None]


@pytest.fixture(scope="session")
def plates(
    make_runs: Callable[..., Any], settings_text: str, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a trained study of two variables on 4 x 6 nodes, and ``new.csv``; not for changes."""
    from simulgenvae.cli.main import main

    folder = tmp_path_factory.mktemp("plates")
    source = make_runs(nodes=24, variables=3).write(folder / "source")
    y, x = (axis.ravel() for axis in np.meshgrid(np.arange(4.0), np.arange(6.0), indexing="ij"))
    corner = np.array([6 * row + column for row in range(3) for column in range(5)])
    mesh = Mesh(np.column_stack([x, y]), {"quad": corner[:, None] + np.array([0, 1, 7, 6])})
    mesh_grid(mesh, "a test").save(source / "mesh.vtu")
    study = folder / "study"
    study.mkdir()
    (study / "study.toml").write_text(settings_text)
    files = [
        "--params",
        source / "params.csv",
        "--mesh",
        source / "mesh.vtu",
        "--times",
        source / "times.npy",
    ]
    names = ["--variables", "U_x,U_y,T", "--units", "m,m,K"]
    (folder / "new.csv").write_text("id,speed,size\nslow,0.4,1.0\nquick,0.8,1.5\n")
    for command in (
        ["ingest", source / "fields.npy", *files, *names, "--study", study],
        ["train", study],
    ):
        assert main([str(argument) for argument in command]) == 0
    return folder


@pytest.fixture
def study(plates: Path, tmp_path: Path) -> Path:
    return shutil.copytree(plates / "study", tmp_path / "study")


DOCS = (Path(__file__).parents[2] / "docs/images.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^simulgenvae (render S .*)$", DOCS, re.MULTILINE)


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def test_a_typical_run_with_its_error(study: Path, tmp_path: Path, cli: Any) -> None:
    out = tmp_path / "run.png"
    done = cli("render", study, "--out", out)
    assert done.code == 0, done.err
    assert "the first test run" in done.out
    assert "test run “run_" in done.out
    assert "time 2.0" in done.out
    width, height = size(out)
    assert (width, height < 0.5 * width) == (1280, True)  # three panels side by side


def test_times_are_rows(study: Path, tmp_path: Path, cli: Any) -> None:
    heights = []
    for times in ("0.8", "0.4,0.8,2"):
        out = tmp_path / f"{times}.png"
        done = cli(
            "render",
            study,
            "--run",
            "run_3",
            "--times",
            times,
            "--variable",
            "T",
            "--width",
            640,
            "--out",
            out,
        )
        assert done.code == 0, done.err
        heights.append(size(out)[1])
    assert heights[1] > 2 * heights[0]


def test_a_film_of_a_run_shows_its_timesteps(study: Path, tmp_path: Path, cli: Any) -> None:
    out = tmp_path / "run.gif"
    assert (
        cli("render", study, "--run", "run_3", "--out", out, "--width", 400, "--seconds", 3).code
        == 0
    )
    with Image.open(out) as film:
        assert (film.n_frames, film.width) == (6, 400)  # type: ignore[attr-defined]
        assert film.info["duration"] == 500


def test_a_film_of_a_design_shows_times_between(
    study: Path, plates: Path, tmp_path: Path, cli: Any
) -> None:
    out = tmp_path / "design.mp4"
    design = ["--params", plates / "new.csv", "--design", "quick"]
    film = ["--fps", 8, "--seconds", 2, "--width", 401, "--warp", "U,0.5", "--variable", "T"]
    done = cli("render", study, *design, *film, "--out", out)
    assert done.code == 0, done.err
    assert "design “quick”, 16 times from 0.00 to 2.00" in done.out
    assert imageio_ffmpeg.count_frames_and_secs(out) == (16, pytest.approx(2.0))
    assert next(imageio_ffmpeg.read_frames(out))["size"][0] == 400


def test_a_design_with_its_standard_deviation(
    study: Path, plates: Path, tmp_path: Path, cli: Any
) -> None:
    design = [
        "render",
        study,
        "--params",
        plates / "new.csv",
        "--design",
        "slow",
        "--times",
        0.33,
        "--width",
        640,
    ]
    for samples, name in ((0, "alone.png"), (4, "std.png")):
        assert cli(*design, "--samples", samples, "--out", tmp_path / name).code == 0
    assert (
        size(tmp_path / "alone.png")[1] > size(tmp_path / "std.png")[1]
    )  # one panel, and two beside each other


@pytest.mark.parametrize("command", COMMANDS)
def test_classic_command(
    command: str,
    plates: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cli: Callable[..., Any],
) -> None:
    shutil.copytree(plates / "study", tmp_path / "S")
    shutil.copy(plates / "new.csv", tmp_path)
    monkeypatch.chdir(tmp_path)
    done = cli(*command.split())
    assert done.code == 0, done.err
    assert Path(command.split("--out ")[1].split()[0]).stat().st_size > 5000


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        (["--out", "a.jpg"], ["a.jpg: the suffix '.jpg' is unknown", ".png, .gif, .mp4"]),
        (["--run", "nobody"], ["the study has no run 'nobody'", "'run_0'"]),
        (["--variable", "p"], ["There is no variable 'p'", "U_x, U_y, T"]),
        (
            ["--run", "run_0", "--times", "0.5"],
            ["no field at the time 0.5", "nearest at 0.4 and 0.8"],
        ),
        (["--times", "soon"], ["soon: no such file, and not times"]),
        (["--warp", "V"], ["moved by V_x and V_y", "U_x, U_y, T"]),
        (["--warp", "U,much"], ["give NAME or NAME,FACTOR"]),
        (["--params", "new.csv"], ["There are 2 designs, 'slow', 'quick'", "--design"]),
        (["--params", "new.csv", "--design", "x"], ["There is no design 'x'"]),
        (
            ["--params", "new.csv", "--design", "slow", "--times", "9"],
            ["outside the trained span 0 to 2"],
        ),
        (["--params", "new.csv", "--run", "run_0"], ["give one of them"]),
        (["--design", "slow"], ["--params or --images"]),
        (["--fps", "5"], ["--fps and --seconds are for films"]),
        (["--out", "a.gif", "--times", "1"], ["--times is for images"]),
        (["--out", "a.gif", "--fps", "nan"], ["--fps is nan"]),
        (["--out", "a.gif", "--fps", "500"], ["--fps is 500: give a number from 0.1 to 50"]),
        (["--width", "1"], ["--width is 1: give a whole number from 320 to 4096"]),
        (["--samples", "1"], ["samples is 1"]),
    ],
)
def test_mistakes_are_refused(
    arguments: list[str],
    texts: list[str],
    study: Path,
    plates: Path,
    assert_refused: Refused,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.copy(plates / "new.csv", tmp_path)
    monkeypatch.chdir(tmp_path)
    out = [] if "--out" in arguments else ["--out", "a.png"]
    assert_refused((["render", study, *out, *arguments], texts))


def test_a_file_that_is_there_stays(study: Path, assert_refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "there.png").write_text("mine")
    assert_refused(
        (
            ["render", study, "--out", tmp_path / "there.png"],
            ["there.png exists already", "--overwrite"],
        )
    )


def test_a_study_on_a_line_is_refused(
    trained: Path, assert_refused: Refused, tmp_path: Path
) -> None:
    assert_refused((["render", trained, "--out", tmp_path / "a.png"], ["The nodes lie on a line"]))


def test_other_data_than_the_models_are_refused(
    study: Path, assert_refused: Refused, templates: Path, tmp_path: Path
) -> None:
    shutil.rmtree(study / "input_data/dataset.zarr")
    shutil.copytree(
        templates / "trained/input_data/dataset.zarr", study / "input_data/dataset.zarr"
    )
    assert_refused(
        (
            ["render", study, "--out", tmp_path / "a.png"],
            ["other times, nodes or variables", "train again"],
        )
    )
