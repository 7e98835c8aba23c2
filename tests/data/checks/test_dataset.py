"""Each thing that can be wrong with data is found, and sound data pass."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from simulgenvae.data.checks.dataset import CheckReport, check
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.images import ImageFormat, Images
from simulgenvae.data.split import Split

N = 20
IDS = tuple(f"r{k}" for k in range(N))
SPLIT = Split(IDS[:16], IDS[16:18], IDS[18:])


def arrays() -> tuple[np.ndarray, np.ndarray]:
    """Return fields `[N, 3, 5, 2]` and parameters `[N, 2]` without a flaw.

    Held-out designs lie inside the hull of the others.
    """
    rng = np.random.default_rng(0)
    table = rng.uniform(0.4, 0.6, size=(N, 2))
    table[:4] = [[0, 0], [0, 1], [1, 0], [1, 1]]
    fields = rng.normal(size=(N, 3, 5, 2)) + 3 * (table - 0.5)[:, None, None, :]
    return fields.astype(np.float32), table


def report(fields: np.ndarray, table: np.ndarray, split: Split = SPLIT) -> CheckReport:
    clean = Dataset.from_arrays(
        np.nan_to_num(fields), Conditions(IDS, ("p", "q"), table), variables=["u", "v"]
    )
    return check(dataclasses.replace(clean, fields=fields), split)


def messages(found: CheckReport, level: str) -> str:
    return "\n".join(finding.message for finding in found.findings if finding.severity == level)


def test_sound_data_pass() -> None:
    found = report(*arrays())
    assert found.passed
    assert messages(found, "warning") == ""
    assert "all fields: 0.0 MB" in messages(found, "info")
    assert [table.title for table in found.tables] == ["Dataset", "Variables", "Parameters"]
    assert all(len(row) == len(table.columns) for table in found.tables for row in table.rows)


def test_nan_is_an_error_that_names_run_and_count() -> None:
    fields, table = arrays()
    fields[3, 0, :2, 1] = np.nan
    found = report(fields, table)
    assert not found.passed
    assert "'r3': 2 of 30" in messages(found, "error")
    assert found.findings[0].severity == "error"
    assert "nan" not in str(found.tables)


def test_a_run_of_nothing_but_nan() -> None:
    fields, table = arrays()
    fields[:, :, :, 1] = np.nan
    assert not report(fields, table).passed


def test_constants() -> None:
    fields, table = arrays()
    fields[..., 1] = 7
    fields[:, :, 2:4, 0] = 1
    found = report(fields, table)
    assert "'v': 7 everywhere" in messages(found, "warning")
    assert "'u': 2 of 5 nodes" in messages(found, "info")
    table[:, 1] = 3
    assert "constant parameter 'q'" in messages(report(fields, table), "error")


def test_duplicates_and_leaks() -> None:
    fields, table = arrays()
    fields[19], table[5] = fields[2], table[6]
    text = messages(report(fields, table), "warning")
    assert "runs 'r2', 'r19': identical fields, although they are for test and train" in text
    assert "runs 'r5', 'r6': identical parameters" in text


def test_outliers() -> None:
    fields, table = arrays()
    fields[7, ..., 1] *= 1e4
    text = messages(report(fields, table), "warning")
    assert "run 'r7': outlier" in text
    assert "'v'" in text
    assert "'u'" not in text


def test_designs_outside() -> None:
    fields, table = arrays()
    table[:4] = [[0, 0], [0, 1], [1, 0], [0.5, 0.5]]
    table[4:16] *= 0.5
    table[18:] = [[0.9, 0.9], [2.0, 0.1]]
    found = report(fields, table)
    assert "test runs: run 'r19': p = 2 is above" in messages(found, "warning")
    assert "test runs: 2 of 2 lie outside" in messages(found, "info")


def test_parts_without_runs_are_said() -> None:
    text = messages(report(*arrays(), Split(IDS, (), ())), "warning")
    assert "no validation runs" in text
    assert "no test runs" in text


def test_smallest_data_from_disk(tmp_path: Path) -> None:
    conditions = Conditions(("a", "b", "c"), ("p",), np.array([[1.0], [2.0], [3.0]]))
    Dataset.from_arrays(np.arange(21.0).reshape(3, 1, 7), conditions).save(tmp_path / "d.zarr")
    found = check(
        Dataset.open(tmp_path / "d.zarr"),
        Split(("a", "b"), (), ("c",)),
    )
    assert found.passed


def images() -> np.ndarray:
    """Return pixels `[N, 4, 4, 1]` of different images.

    Their halves are as bright as the designs of :func:`arrays` say.
    """
    noise = np.random.default_rng(1).integers(0, 50, (N, 4, 4, 1), dtype=np.uint8)
    return noise + (200 * np.repeat(arrays()[1], 2, axis=1))[:, :, None, None].astype(np.uint8)


def report_images(pixels: np.ndarray, table: np.ndarray | None = None) -> CheckReport:
    names = () if table is None else ("p", "q")
    values = np.zeros((N, 0)) if table is None else table
    conditions = Conditions(IDS, names, values, Images(pixels, ImageFormat(20, 10, 1, 4)))
    return check(Dataset.from_arrays(arrays()[0], conditions, variables=["u", "v"]), SPLIT)


def test_sound_images_pass() -> None:
    found = report_images(images())
    assert found.passed
    assert messages(found, "warning") == ""
    assert [table.title for table in found.tables] == ["Dataset", "Variables"]
    assert found.tables[0].rows[-1] == (
        "images",
        "20",
        "20 x 10 grey, resized to 4 x 4; 20 different",
    )


def test_equal_images_and_leaks() -> None:
    pixels, table = images(), arrays()[1]
    pixels[19] = pixels[2]
    leak = "runs 'r2', 'r19': identical images, although they are for test and train"
    assert leak in messages(report_images(pixels), "warning")
    both = report_images(pixels, table)  # the same image with other parameters is another design
    assert "identical" not in messages(both, "warning")
    assert "19 different" in str(both.tables)
    table[19] = table[2]
    text = messages(report_images(pixels, table), "warning")
    assert "runs 'r2', 'r19': identical parameters and images, although" in text


def test_one_image_for_all_runs_is_an_error() -> None:
    found = report_images(np.repeat(images()[:1], N, axis=0))
    assert not found.passed
    assert "the same image" in messages(found, "error")


def test_parameters_have_a_range_and_a_hull_with_images_too() -> None:
    table = arrays()[1]
    table[18:] = [[0.9, 2.0], [0.5, 0.5]]
    found = report_images(images(), table)
    assert "test runs: run 'r18': q = 2 is above" in messages(found, "warning")
    assert "test runs: 1 of 2 lie outside" in messages(found, "info")
