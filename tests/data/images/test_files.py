"""Folders, tables and single files of images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from simulgenvae.data.images import ImageFormat
from simulgenvae.data.images.files import read_images
from simulgenvae.data.names import natural_key
from simulgenvae.errors import UserError
from simulgenvae.utils import resources as limits


def draw(path: Path, grey: int = 100, size: tuple[int, int] = (12, 8), mode: str = "L") -> Path:
    path.parent.mkdir(exist_ok=True)
    Image.new("L", size, grey).convert(mode).save(path)
    return path


def refusal(path: Path, like: ImageFormat | None = None) -> str:
    with pytest.raises(UserError) as caught:
        read_images(path, 8, like=like)
    assert str(caught.value).startswith(str(path))
    return str(caught.value)


@given(
    st.lists(st.integers(0, 10**12), unique=True),
    st.text("abXY-_ .²", max_size=4),
    st.text("ab.", max_size=3),
)
def test_numbers_in_names_count_as_numbers(numbers: list[int], before: str, after: str) -> None:
    names = sorted((f"{before}{number}{after}" for number in numbers), key=natural_key)
    assert names == [f"{before}{number}{after}" for number in sorted(numbers)]


@given(st.sets(st.text(), max_size=6))
def test_natural_order_does_not_depend_on_the_order_of_the_files(names: set[str]) -> None:
    assert sorted(names, key=natural_key) == sorted(sorted(names, reverse=True), key=natural_key)


def test_a_folder_in_natural_order(tmp_path: Path) -> None:
    for name, grey in [("run10.PNG", 10), ("run2.jpeg", 2), ("Run1.jpg", 1), ("run3.png", 3)]:
        draw(tmp_path / name, grey)
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / "table.csv").write_text("not an image")
    ids, images = read_images(tmp_path, 6)
    assert ids == ("Run1", "run2", "run3", "run10")
    assert images.pixels.shape == (4, 6, 6, 1)
    np.testing.assert_array_equal(images.pixels[:, 2, 3, 0], [1, 2, 3, 10])
    assert images.format == ImageFormat(12, 8, 1, 6)


def test_a_table_of_images(tmp_path: Path) -> None:
    draw(tmp_path / "sub" / "a.png", 1, mode="RGB")
    draw(tmp_path / "b.png", 2, mode="RGB")
    table = tmp_path / "images.CSV"
    table.write_text("File;ID\nb.png;second\nsub/a.png;first\nsub/../b.png;again\n")
    ids, images = read_images(table, 4)
    assert ids == ("second", "first", "again")
    np.testing.assert_array_equal(images.pixels[:, 0, 0], np.repeat([[2], [1], [2]], 3, axis=1))


def test_a_single_image_and_a_link_to_it(tmp_path: Path) -> None:
    inside = draw(tmp_path / "store" / "x1.png", 7)
    link = tmp_path / "links" / "design.png"
    link.parent.mkdir()
    link.symlink_to(inside)
    assert read_images(inside, 4)[0] == ("x1",)
    ids, images = read_images(link, 4, like=ImageFormat(12, 8, 1, 4))
    assert ids == ("design",)
    assert images.pixels.shape == (1, 4, 4, 1)


def test_a_folder_may_be_a_link(tmp_path: Path) -> None:
    draw(tmp_path / "real" / "a.png")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert read_images(tmp_path / "link", 4)[0] == ("a",)


def test_all_bad_files_are_named_by_reason(tmp_path: Path) -> None:
    draw(tmp_path / "good.png")
    content = (tmp_path / "good.png").read_bytes()
    for k in range(12):
        (tmp_path / f"cut{k}.png").write_bytes(content[:-20])
    (tmp_path / "text.jpg").write_text("hello")
    (tmp_path / "folder.png").mkdir()
    Image.new("RGBA", (12, 8), (0, 0, 0, 9)).save(tmp_path / "glass.png")
    draw(tmp_path / "wide.png", size=(13, 8))
    message = refusal(tmp_path)
    assert "(16 of 17)" in message
    assert "truncated or damaged" in message
    assert "'cut0.png', 'cut1.png', 'cut2.png'" in message
    assert "'cut9.png' and 2 more" in message
    assert "not a file: 'folder.png'" in message
    assert "background): 'glass.png'" in message
    assert "'text.jpg'" in message
    assert "'wide.png'" in message
    assert "'good.png'" not in message.replace("'wide.png'", "")


@pytest.mark.parametrize(
    ("odd", "message"),
    [
        ({"size": (8, 12)}, "8 x 12 grey, but 3 others are 12 x 8 grey: 'a1.png', 'z.png'"),
        ({"mode": "RGB"}, "12 x 8 colour, but 3 others are 12 x 8 grey: 'a1.png', 'z.png'"),
    ],
)
def test_mixed_images_name_the_fewer_ones(
    tmp_path: Path, odd: dict[str, Any], message: str
) -> None:
    draw(tmp_path / "a1.png", **odd)
    draw(tmp_path / "z.png", **odd)
    for k in range(3):
        draw(tmp_path / f"b{k}.png")
    assert message in refusal(tmp_path)


@pytest.mark.parametrize("like", [ImageFormat(8, 12, 1, 8), ImageFormat(12, 8, 3, 8)])
def test_images_unlike_the_trained_ones_are_refused(tmp_path: Path, like: ImageFormat) -> None:
    draw(tmp_path / "a.png")
    draw(tmp_path / "b.png")
    assert f"12 x 8 grey, but the surrogate was trained with {like}: 'a.png', 'b.png'" in refusal(
        tmp_path, like
    )


def test_files_outside_the_folder_are_refused(tmp_path: Path) -> None:
    secret = draw(tmp_path / "secret.png")
    folder = tmp_path / "study"
    own = draw(folder / "own.png")
    (folder / "link.png").symlink_to(secret)
    (folder / "circle.png").symlink_to(folder / "circle.png")
    message = refusal(folder)
    assert "without the folder): 'link.png'" in message
    assert "'circle.png'" in message
    table = folder / "index.csv"
    table.write_text(
        f"id,file\na,../secret.png\nb,{secret}\nc,link.png\nd,{own}\ne,own.png\nf,gone.png\n"
    )
    message = refusal(table)
    assert f"without the folder): '../secret.png', '{secret}', 'link.png', '{own}';" in message
    assert "no such file: 'gone.png'" in message
    assert "(5 of 6)" in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,speed\na,1\n", "a table of images has 'id' and 'file'"),
        ("id,file,x\na,a.png,1\n", "a table of images has 'id' and 'file'"),
        ("id,file\n", "no rows"),
        ("id,file\na,a.png\na,a.png\n", "'a' occurs more than once"),
        ("id,file\n../a,a.png\n", "must not contain '/'"),
        ("id,file\na,n\0.png\n", "not a text file"),
        ("", "empty"),
    ],
)
def test_bad_tables(tmp_path: Path, text: str, message: str) -> None:
    draw(tmp_path / "a.png")
    (tmp_path / "index.csv").write_text(text)
    assert message in refusal(tmp_path / "index.csv")


def test_two_images_of_one_run(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg", "b.png"):
        draw(tmp_path / name)
    assert "'a.jpg' and 'a.png'" in refusal(tmp_path)


def test_a_name_that_is_no_id(tmp_path: Path) -> None:
    draw(tmp_path / " a.png")
    assert "run id 1: ' a'" in refusal(tmp_path)


def test_a_folder_without_images(tmp_path: Path) -> None:
    message = refusal(tmp_path)
    assert ".png, .jpg, .jpeg" in message
    assert "table" not in message
    (tmp_path / "params.csv").write_text("speed\n1\n")
    assert "a folder of tables" in refusal(tmp_path)


def test_only_images_with_the_chosen_ending(tmp_path: Path) -> None:
    draw(tmp_path / "a.JPG")
    with pytest.raises(
        UserError, match=r"looked for \.png\)\. It has \.jpg files: set data\.file_type"
    ):
        read_images(tmp_path, 4, endings=(".png",))
    draw(tmp_path / "a.png")
    assert read_images(tmp_path, 4, endings=(".jpg",))[0] == ("a",)


def test_a_missing_folder(tmp_path: Path) -> None:
    assert "no such file or folder" in refusal(tmp_path / "images")


def test_images_that_do_not_fit_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(tmp_path / "a.png")
    draw(tmp_path / "b.png")
    monkeypatch.setattr(
        limits, "available_memory", lambda: 12 * 8 * 16
    )  # enough to decode one, not to hold both
    with pytest.raises(UserError, match=r"holding 2 images needs .* data\.image_size"):
        read_images(tmp_path, 64)
    monkeypatch.setattr(limits, "available_memory", lambda: 12 * 8 * 16 - 1)
    with pytest.raises(UserError, match="decoding an image of 12 x 8"):
        read_images(tmp_path, 64)


def test_hidden_files_are_those_of_file_managers(tmp_path: Path) -> None:
    draw(tmp_path / "0.png")
    for name in ("._0.png", ".DS_Store", "Thumbs.db", "desktop.ini"):
        (tmp_path / name).write_bytes(b"\0\5\26\7")
    assert read_images(tmp_path, 8)[0] == ("0",)


@pytest.mark.parametrize(("highest", "bits"), [(4095, 12), (4096, 16), (200, 12)])
def test_deep_images_keep_their_levels(tmp_path: Path, highest: int, bits: int) -> None:
    levels = np.random.default_rng(0).integers(0, highest + 1, (2, 16, 16)).astype(np.uint16)
    levels[0, 0, 0] = highest
    for name, values in zip(("a.png", "b.tif"), levels, strict=True):
        Image.fromarray(values).save(tmp_path / name)
    _, images = read_images(tmp_path, 16)
    assert (images.format.bits, str(images.pixels.dtype)) == (bits, "float32")
    kept = np.rint(images.pixels[..., 0].astype(np.float64) * (2**bits - 1))
    np.testing.assert_array_equal(kept, levels)
    assert ImageFormat.from_dict(images.format.to_dict()) == images.format
    # A design's image is scaled as the images of the training were.
    _, same = read_images(tmp_path, 16, like=ImageFormat(16, 16, 1, 16, 16))
    assert same.pixels[0, 0, 0, 0] == np.float32(highest / 65535)


def test_a_design_brighter_than_the_bits_of_the_training_is_refused(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 5000, np.uint16)).save(tmp_path / "a.png")
    with pytest.raises(UserError, match=r"up to 5000, .*12 bits, up to 4095"):
        read_images(tmp_path, 8, like=ImageFormat(8, 8, 1, 8, 12))


def test_bytes_beside_deep_images_are_named(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        Image.fromarray(np.full((8, 8), 5000, np.uint16)).save(tmp_path / name)
    draw(tmp_path / "c.png", size=(8, 8))
    message = refusal(tmp_path)
    assert "8 x 8 grey, but 2 others are 8 x 8 grey of 16 bits: 'c.png'" in message
