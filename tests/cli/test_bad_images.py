"""Bad images on both command lines: exit code 2, one message, nothing written."""

from __future__ import annotations

import os
import pickle
import re
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from simulgenvae.cli.classic.simulgen_vae import main

RUNS = 12
CONDITION = "Dim1 12\nDim2 6\nDim3 23\nnum_var 2\ninput_type image\nparam_dir /images\nparam_data_type .png\n"

Spoil = Callable[[Path], tuple[str, ...]]
"""Makes a study bad; returns texts that the message must hold."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, make_runs: Any) -> Path:
    """Return a classic study with images and a table, and fields to ingest; to be copied."""
    folder = tmp_path_factory.mktemp("images") / "study"
    runs = make_runs(RUNS)
    for name in ("input_data", "images", "tables"):
        (folder / name).mkdir(parents=True)
    (folder / "input_data/dataset1.pickle").write_bytes(pickle.dumps(runs.fields))
    (folder / "input_data/condition.txt").write_text(CONDITION)
    np.save(folder / "fields.npy", runs.fields)
    runs.write_params(folder / "tables/params.csv")
    for k, (speed, size) in enumerate(runs.params, start=1):
        pixels = np.add.outer(np.arange(32) * size, np.arange(32) * speed) * 2
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"images/param_{k:03d}.png")
    return folder


@pytest.fixture
def study(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = shutil.copytree(template, tmp_path / "study")
    monkeypatch.chdir(folder)
    return folder


def image_path(study: Path, number: int) -> Path:
    return study / f"images/param_{number:03d}.png"


def condition(study: Path, old: str, new: str) -> None:
    path = study / "input_data/condition.txt"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def png_that_says(width: int, height: int) -> bytes:
    """Return a PNG file of a few bytes with a header of any size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def no_folder(study: Path) -> tuple[str, ...]:
    shutil.rmtree(study / "images")
    return "images", "no such file or folder"


def empty_folder(study: Path) -> tuple[str, ...]:
    shutil.rmtree(study / "images")
    (study / "images").mkdir()
    return "images: no image in this folder", ".png"


def one_too_few(study: Path) -> tuple[str, ...]:
    image_path(study, 3).unlink()
    return "images: 11 images", "12 runs"


def one_too_many(study: Path) -> tuple[str, ...]:
    shutil.copy(image_path(study, 3), image_path(study, 13))
    return "images: 13 images", "12 runs"


def no_pictures(study: Path) -> tuple[str, ...]:
    image_path(study, 2).write_text("a report\n")
    image_path(study, 9).write_bytes(b"")
    return "(2 of 12)", "no PNG, JPEG, TIFF", "'param_002.png'", "empty: 'param_009.png'"


def truncated(study: Path) -> tuple[str, ...]:
    for number in (4, 7):
        os.truncate(image_path(study, number), 60)
    return "(2 of 12)", "damaged", "'param_004.png', 'param_007.png'"


def bombs(study: Path) -> tuple[str, ...]:
    image_path(study, 5).write_bytes(png_that_says(60_000, 60_000))
    image_path(study, 6).write_bytes(png_that_says(100_000, 1))
    return "million pixels", "'param_005.png', 'param_006.png'"


def mixed_sizes(study: Path) -> tuple[str, ...]:
    for number in (1, 8):
        Image.open(image_path(study, number)).resize((31, 32)).save(image_path(study, number))
    return ("31 x 32 grey, but 10 others are 32 x 32 grey: 'param_001.png', 'param_008.png'",)


def mixed_modes(study: Path) -> tuple[str, ...]:
    coloured = np.random.default_rng(0).integers(0, 255, (32, 32, 3)).astype(np.uint8)
    Image.fromarray(coloured).save(image_path(study, 8))
    return ("32 x 32 colour, but 11 others are 32 x 32 grey: 'param_008.png'",)


def transparent(study: Path) -> tuple[str, ...]:
    image = Image.open(image_path(study, 10)).convert("RGBA")
    image.putpixel((3, 3), (0, 0, 0, 0))
    image.save(image_path(study, 10))
    return "transparent pixels", "flatten", "'param_010.png'"


def several_kinds_of_fault(study: Path) -> tuple[str, ...]:
    mixed_modes(study)
    return *truncated(study)[1:], "32 x 32 colour, but 9 others are", "'param_008.png'", "(3 of 12)"


def two_of_one_run(study: Path) -> tuple[str, ...]:
    shutil.copy(image_path(study, 3), image_path(study, 3).with_suffix(".PNG"))
    return "several images of one run", "'param_003.PNG'", "'param_003.png'"


BAD_PICTURES = [
    no_folder,
    empty_folder,
    one_too_few,
    one_too_many,
    no_pictures,
    truncated,
    bombs,
    mixed_sizes,
    mixed_modes,
    transparent,
    several_kinds_of_fault,
    two_of_one_run,
]


def kind_with_a_folder_of_tables(study: Path) -> tuple[str, ...]:
    condition(study, "/images", "/tables")
    return "tables: no image in this folder", "folder of tables holds parameters"


def kind_with_a_table(study: Path) -> tuple[str, ...]:
    condition(study, "/images", "/tables/params.csv")
    return "params.csv", "'id' and 'file'", "parameters"


def kind_with_the_type_of_a_table(study: Path) -> tuple[str, ...]:
    condition(study, ".png", ".csv")
    return (
        "condition.txt, line 5",
        "condition.txt, line 7",
        "param_data_type",
        "image files: .png, .jpg, .jpeg",
    )


def table_with_the_type_of_pictures(study: Path) -> tuple[str, ...]:
    condition(study, "input_type image", "input_type csv")
    return "condition.txt, line 5", "condition.txt, line 7", "param_data_type", "table: .csv"


def table_in_a_folder_of_pictures(study: Path) -> tuple[str, ...]:
    condition(study, "input_type image", "input_type csv")
    condition(study, ".png", ".csv")
    return "images", ".csv"


def type_that_no_file_has(study: Path) -> tuple[str, ...]:
    condition(study, ".png", ".JPG")
    return (
        "images: no image in this folder (looked for .jpg)",
        "It has .png files",
        "param_data_type",
    )


@pytest.mark.parametrize("input_type", ["image", "image_vit"])
@pytest.mark.parametrize(
    "spoil",
    [
        *BAD_PICTURES,
        kind_with_a_folder_of_tables,
        kind_with_a_table,
        kind_with_the_type_of_a_table,
        table_with_the_type_of_pictures,
        table_in_a_folder_of_pictures,
        type_that_no_file_has,
    ],
)
def test_classic_studies(
    spoil: Spoil, input_type: str, study: Path, tree: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = spoil(study)
    if "input_type image" in (study / "input_data/condition.txt").read_text():
        condition(study, "input_type image", f"input_type {input_type}")
    before = tree(study)
    code = main([])
    message = capsys.readouterr().err
    assert code == 2
    assert len(re.findall("^error: ", message, re.MULTILINE)) == 1
    assert "Traceback" not in message
    for text in texts:
        assert text in message, message
    assert tree(study) == before


def ingest(study: Path, *more: object) -> list[object]:
    return ["ingest", study / "fields.npy", *more, "--study", study.parent / "new"]


@pytest.mark.parametrize("spoil", BAD_PICTURES)
def test_ingest(spoil: Spoil, study: Path, assert_refused: Any) -> None:
    assert_refused((ingest(study, "--images", study / "images"), spoil(study)))


def test_ids_of_the_table_that_have_no_picture(study: Path, assert_refused: Any) -> None:
    more = ("--images", study / "images", "--params", study / "tables/params.csv")
    assert_refused(
        (
            ingest(study, *more),
            ("images", "no image for the runs 'run_0', 'run_1'", "'param_001'"),
        )
    )


def test_ids_of_the_fields_that_have_no_picture(study: Path, assert_refused: Any) -> None:
    names = [f"param_{k + 1:03d}" for k in range(RUNS - 1)] + ["param_099"]
    np.savez(study / "fields.npz", fields=np.load(study / "fields.npy"), ids=names)
    command = [
        "ingest",
        study / "fields.npz",
        "--images",
        study / "images",
        "--study",
        study.parent / "new",
    ]
    assert_refused(
        (command, ("images", "no image for the runs 'param_099'", "no fields for 'param_012'"))
    )


@pytest.mark.parametrize(
    ("rows", "texts"),
    [
        ("id,file\na,param_001.png\na,param_002.png\n", ("list.csv", "'a'")),
        ("id,file\na,nothing.png\nb,param_002.png\n", ("no such file: 'nothing.png'", "(1 of 2)")),
        ("id,file\na,../outside.png\n", ("outside the folder", "'../outside.png'")),
        ("id,file\na,/etc/hosts\n", ("outside the folder", "'/etc/hosts'")),
        ("id,image\na,param_001.png\n", ("'id' and 'file'",)),
        ("id,file\n", ("no rows",)),
    ],
)
def test_tables_of_pictures(
    rows: str, texts: tuple[str, ...], study: Path, assert_refused: Any
) -> None:
    shutil.copy(image_path(study, 1), study / "outside.png")
    (study / "images/list.csv").write_text(rows)
    assert_refused((ingest(study, "--images", study / "images/list.csv"), texts))


def test_more_memory_than_there_is(study: Path, assert_refused: Any) -> None:
    (study / "images/list.csv").write_text(
        "id,file\n" + "".join(f"r{k},param_001.png\n" for k in range(10**5))
    )
    size = ("--set", "data.image_size=2048")
    assert_refused(
        (
            ingest(study, "--images", study / "images/list.csv", *size),
            ("holding 100000 images", "image_size"),
        )
    )


def test_kinds_that_the_data_do_not_have(cli: Any, study: Path, assert_refused: Any) -> None:
    new = study.parent / "new"
    assert cli(*ingest(study, "--params", study / "tables/params.csv")).code == 0
    assert_refused(
        (["train", new, "--set", "conditioner.kind=cnn"], ("conditioner.kind is cnn", "no images"))
    )
    small = ("--set", "data.image_size=16")
    assert cli(*ingest(study, "--images", study / "images", *small, "--overwrite")).code == 0
    assert_refused(
        (
            ["train", new, "--set", "conditioner.kind=mlp"],
            ("conditioner.kind is mlp", "have images"),
        )
    )


@pytest.fixture(scope="module")
def trained_template(
    template: Path, tmp_path_factory: pytest.TempPathFactory, settings_text: Any
) -> Path:
    from simulgenvae.cli.main import main as simulgenvae

    folder = tmp_path_factory.mktemp("trained") / "study"
    folder.mkdir()
    (folder / "study.toml").write_text(settings_text + "[data]\nimage_size = 16\n")
    command = [
        "ingest",
        template / "fields.npy",
        "--images",
        template / "images",
        "--study",
        folder,
    ]
    assert simulgenvae([str(argument) for argument in command]) == 0
    assert simulgenvae(["train", str(folder)]) == 0
    return folder


def test_new_pictures(trained_template: Path, study: Path, assert_refused: Any, cli: Any) -> None:
    trained = shutil.copytree(trained_template, study.parent / "trained")
    predict: list[object] = ["predict", trained, "--out", study.parent / "p.npz"]
    table = ("--params", study / "tables/params.csv")
    assert_refused((predict, ("trained with images", "--images")))
    assert_refused(([*predict, *table], ("params.csv", "trained with images only")))
    assert_refused(
        ([*predict, "--images", study / "images/none.png"], ("none.png", "no such file"))
    )
    for spoil in (mixed_sizes, truncated, transparent, mixed_modes):
        texts = [
            text.replace("but 11 others are", "but the surrogate was trained with")
            for text in spoil(study)
        ]
        images = study / "images"
        assert_refused(
            (
                [*predict, "--images", images],
                [text for text in texts if "others" not in text and " of " not in text],
            )
        )
    assert_refused(
        (
            [*predict, "--images", image_path(study, 1)],
            ("31 x 32 grey, but the surrogate was trained with 32 x 32 grey",),
        )
    )
    assert cli(*predict, "--images", image_path(study, 2)).code == 0


@pytest.mark.parametrize(
    ("coords", "settings", "reason"),
    [
        (None, ["flips=y"], "--coords or --mesh"),
        ("line", ["flips=y"], "there is no y"),
        ("uneven", ["flips=x"], "not symmetric"),
        ("line", ["flips=x", "odd_variables=x:nothing"], "nothing"),
    ],
)
def test_a_symmetry_that_the_mesh_does_not_have(
    study: Path, cli: Callable[..., Any], coords: str | None, settings: list[str], reason: str
) -> None:
    """Found by ``check``, before minutes of training."""
    x = np.linspace(0, 1, 23)
    np.save(study / "coords.npy", x**2 if coords == "uneven" else x)
    more = [] if coords is None else ["--coords", "coords.npy"]
    ingested = cli("ingest", "fields.npy", "--images", "images", *more, "--study", "made")
    assert ingested.code == 0, ingested.err
    chosen = [
        part for setting in settings for part in ("--set", f"training.augmentation.{setting}")
    ]
    found = cli("check", "made", *chosen)
    assert found.code == 2
    assert reason in " ".join(found.err.split())
