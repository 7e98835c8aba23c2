from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.matching import match_conditions, read_new_conditions
from simulgenvae.data.readers import Source
from simulgenvae.errors import UserError
from simulgenvae.settings import DataSettings

GREYS = {"b": 10, "a": 20, "c": 30}
SIZE = DataSettings(image_size=16)
MakeFolder = Callable[..., Path]


def _source(ids: Sequence[str] | None = None, runs: int = 3) -> Source:
    companions = {} if ids is None else {"ids": np.array(ids)}
    return Source(
        Path("fields.npy"), (runs, 2, 4), np.dtype("f4"), lambda _: np.zeros((2, 4)), companions
    )


@pytest.fixture
def make_images(tmp_path: Path) -> MakeFolder:
    """Return a function that makes a folder of images, each of one grey, named after the keys."""

    def make(greys: dict[str, int] = GREYS, name: str = "images") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for stem, grey in greys.items():
            Image.new("L", (20, 16), grey).save(folder / f"{stem}.png")
        return folder

    return make


def _table(folder: Path, text: str) -> Path:
    path = folder / "params.csv"
    path.write_text(text)
    return path


def test_only_images_in_natural_order_name_the_runs(make_images: MakeFolder) -> None:
    images = make_images({"run10": 3, "run2": 2, "run1": 1})
    conditions, notes = match_conditions([_source()], None, images, SIZE, 3)
    assert conditions.ids == ("run1", "run2", "run10")
    assert conditions.names == ()
    assert conditions.images is not None
    assert conditions.images.pixels[:, 0, 0, 0].tolist() == [1, 2, 3]
    assert "run k is image k" in notes[0]


def test_images_follow_the_ids_of_the_fields(make_images: MakeFolder) -> None:
    conditions, notes = match_conditions([_source(["c", "a", "b"])], None, make_images(), SIZE, 3)
    assert conditions.ids == ("c", "a", "b")
    assert conditions.images is not None
    assert conditions.images.pixels[:, 0, 0, 0].tolist() == [30, 20, 10]
    assert "by id" in notes[0]


def test_images_follow_the_ids_of_the_table(make_images: MakeFolder, tmp_path: Path) -> None:
    table = _table(tmp_path, "id,p\nc,3\nb,1\na,2\n")
    conditions, _ = match_conditions([_source()], table, make_images(), SIZE, 3)
    assert conditions.ids == ("c", "b", "a")
    assert conditions.table[:, 0].tolist() == [3, 1, 2]
    assert conditions.images is not None
    assert conditions.images.pixels[:, 0, 0, 0].tolist() == [30, 10, 20]


def test_without_any_ids_the_order_decides_and_images_name_the_runs(
    make_images: MakeFolder, tmp_path: Path
) -> None:
    conditions, _ = match_conditions(
        [_source()], _table(tmp_path, "p\n7\n8\n9\n"), make_images(), SIZE, 3
    )
    assert conditions.ids == ("a", "b", "c")
    assert conditions.table[:, 0].tolist() == [7, 8, 9]
    assert conditions.images is not None
    assert conditions.images.pixels[:, 0, 0, 0].tolist() == [20, 10, 30]


@pytest.mark.parametrize(
    ("ids", "table", "runs", "reason"),
    [
        (None, None, 4, "3 images, but the fields have 4 runs"),
        (["a", "b", "d"], None, 3, "no image for the runs 'd'; no fields for 'c'"),
        (None, "id,p\na,1\nb,2\nd,3\n", 3, "no image for the runs 'd'; no fields for 'c'"),
        (None, "p\n1\n2\n", 2, "3 images, but the fields have 2 runs"),
    ],
)
def test_images_that_do_not_fit(
    make_images: MakeFolder,
    tmp_path: Path,
    ids: list[str] | None,
    table: str | None,
    runs: int,
    reason: str,
) -> None:
    path = None if table is None else _table(tmp_path, table)
    with pytest.raises(UserError, match=reason):
        match_conditions([_source(ids, runs)], path, make_images(), SIZE, runs)


def test_neither_table_nor_images() -> None:
    with pytest.raises(UserError, match="--params, images with --images, or both"):
        match_conditions([_source()], None, None, SIZE, 3)


def test_only_images_of_the_chosen_ending(make_images: MakeFolder) -> None:
    images = make_images()
    Image.new("L", (20, 16), 99).save(images / "d.jpg")
    conditions, _ = match_conditions([_source()], None, images, DataSettings(file_type=".png"), 3)
    assert conditions.ids == ("a", "b", "c")


@pytest.fixture
def scalers(make_images: MakeFolder, tmp_path: Path) -> dict[str, ConditionScaler]:
    table, images = _table(tmp_path, "id,p\na,1\nb,2\nc,4\n"), make_images(name="known")
    given = {"table": (table, None), "images": (None, images), "both": (table, images)}
    return {
        kind: ConditionScaler.fit(match_conditions([_source()], *paths, SIZE, 3)[0])
        for kind, paths in given.items()
    }


def test_new_designs_by_image(make_images: MakeFolder, scalers: dict[str, ConditionScaler]) -> None:
    conditions, notes = read_new_conditions(
        None, make_images({"x2": 7, "x1": 8}), scalers["images"]
    )
    assert conditions.ids == ("x1", "x2")
    assert not notes
    one, _ = read_new_conditions(None, make_images({"y": 7}, "one") / "y.png", scalers["images"])
    assert one.ids == ("y",)


def test_new_designs_by_both_are_matched_by_id(
    make_images: MakeFolder, tmp_path: Path, scalers: dict[str, ConditionScaler]
) -> None:
    table = _table(tmp_path, "id,p\nx2,3\nx1,2\n")
    conditions, _ = read_new_conditions(table, make_images({"x2": 7, "x1": 8}), scalers["both"])
    assert conditions.ids == ("x2", "x1")
    assert conditions.images is not None
    assert conditions.images.pixels[:, 0, 0, 0].tolist() == [7, 8]


@pytest.mark.parametrize(
    ("kind", "params", "images", "reason"),
    [
        ("table", False, True, "trained with parameters: give --params"),
        ("table", True, True, "trained with parameters only: leave --images out"),
        ("images", True, True, "trained with images only: leave --params out"),
        ("images", False, False, "trained with images: give --images"),
        ("both", True, False, "trained with parameters and images: give --images"),
        ("both", False, True, "trained with parameters and images: give --params"),
    ],
)
def test_conditions_of_another_kind_than_the_trained_ones(
    make_images: MakeFolder,
    tmp_path: Path,
    scalers: dict[str, ConditionScaler],
    kind: str,
    params: bool,
    images: bool,
    reason: str,
) -> None:
    table, folder = _table(tmp_path, "id,p\na,1\nb,2\nc,4\n"), make_images()
    with pytest.raises(UserError, match=reason):
        read_new_conditions(table if params else None, folder if images else None, scalers[kind])


def test_images_of_another_size_than_the_trained_ones(
    tmp_path: Path, scalers: dict[str, ConditionScaler]
) -> None:
    Image.new("L", (16, 20), 3).save(tmp_path / "turned.png")
    with pytest.raises(UserError, match=r"turned\.png"):
        read_new_conditions(None, tmp_path / "turned.png", scalers["images"])
