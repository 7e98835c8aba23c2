"""Pictures of designs from a folder, from a table of files, or from a single file."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.csv_table import read_rows
from simulgenvae.data.images import ImageFormat, Images
from simulgenvae.data.images.decoding import UnusableImage, decode_image
from simulgenvae.data.names import check_ids, listed, natural_key, prefix_errors
from simulgenvae.errors import UserError
from simulgenvae.settings import IMAGE_ENDINGS
from simulgenvae.utils.resources import require_memory


@dataclass(frozen=True)
class _Files:
    """The files of N runs: ``names`` are relative to ``folder``, a path without links."""

    folder: Path
    ids: tuple[str, ...]
    names: tuple[str, ...]

    def path(self, name: str) -> Path:
        """Raises UnusablePicture for a file that is, or is linked, outside the folder."""
        try:
            path = (self.folder / name).resolve()
        except (OSError, RuntimeError, ValueError) as error:  # links in a circle, a zero byte
            raise UnusableImage("leads nowhere") from error
        if Path(name).is_absolute() or not path.is_relative_to(self.folder):
            raise UnusableImage(
                "outside the folder (copy it there, and write its name without the folder)"
            )
        return path


def read_images(
    path: Path,
    size: int,
    *,
    like: ImageFormat | None = None,
    endings: Sequence[str] = IMAGE_ENDINGS,
) -> tuple[tuple[str, ...], Images]:
    """Read N pictures; returns their run ids and ``[N, size, size, channels]`` bytes.

    ``path`` is a folder (its files with one of the ``endings``, in natural order, each named after
    its run), a CSV file with the columns ``id`` and ``file`` (relative to its folder), or one
    picture. All have one width, height and number of channels: those of ``like`` where it is given
    (prediction).

    Raises UserError naming the files that cannot be used, up to ten for each reason.
    """
    files = _find(path, endings)
    with prefix_errors(path):
        check_ids(files.ids)
    problems: dict[str, list[str]] = defaultdict(list)
    formats: list[tuple[str, ImageFormat]] = []
    pixels: NDArray[np.uint8] | None = None
    for row, name in enumerate(files.names):
        try:
            picture = decode_image(files.path(name), size)
        except UnusableImage as reason:
            problems[str(reason)].append(name)
            continue
        formats.append((name, picture.format))
        if pixels is None:
            pixels = _allocate(path, len(files.names), picture.pixels)
        if picture.format == formats[0][1]:
            pixels[row] = picture.pixels
    _compare(formats, like and replace(like, size=size), problems)
    if problems or pixels is None:
        reasons = "; ".join(f"{reason}: {listed(names)}" for reason, names in problems.items())
        count = sum(map(len, problems.values()))
        raise UserError(
            f"{path}: pictures that cannot be used ({count} of {len(files.names)}): {reasons}"
        )
    return files.ids, Images(pixels, formats[0][1])


def _find(path: Path, endings: Sequence[str]) -> _Files:
    try:
        if path.is_dir():
            return _find_in_folder(path, endings)
        if not path.exists():
            raise UserError(f"{path}: no such file or folder")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    if path.suffix.lower() == ".csv":
        return _find_in_table(path)
    real = path.resolve()  # a single file may be a link: the user named it
    return _Files(real.parent, (path.stem,), (real.name,))


def _find_in_folder(folder: Path, endings: Sequence[str]) -> _Files:
    entries = sorted(folder.iterdir(), key=lambda entry: natural_key(entry.name))
    files = [entry for entry in entries if entry.suffix.lower() in endings]
    if not files:
        present = {entry.suffix.lower() for entry in entries}
        other = [ending for ending in IMAGE_ENDINGS if ending in present]
        advice = (
            f". It has {', '.join(other)} files: set data.file_type (param_data_type)"
            if other
            else ""
        )
        if ".csv" in present:
            advice += ". It has .csv files: a folder of tables holds parameters, not pictures"
        raise UserError(
            f"{folder}: no picture in this folder (looked for {', '.join(endings)}){advice}"
        )
    of_run: dict[str, list[str]] = defaultdict(list)
    for file in files:
        of_run[file.stem].append(file.name)
    several = [" and ".join(map(repr, names)) for names in of_run.values() if len(names) > 1]
    if several:
        raise UserError(
            f"{folder}: several pictures of one run, keep one of them: {'; '.join(several[:10])}"
        )
    return _Files(folder.resolve(), tuple(of_run), tuple(file.name for file in files))


def _find_in_table(path: Path) -> _Files:
    header, *rows = read_rows(path)
    columns = [name.lower() for name in header.cells]
    if sorted(columns) != ["file", "id"]:
        raise UserError(
            f"{path}: has the columns {listed(header.cells)}, but a table of pictures has 'id' "
            "and 'file'; a table of parameters is given as parameters"
        )
    if not rows:
        raise UserError(f"{path}: the table has a header but no rows")
    ids, names = (
        tuple(row.cells[columns.index(column)] for row in rows) for column in ("id", "file")
    )
    return _Files(path.parent.resolve(), ids, names)


def _allocate(path: Path, count: int, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    with prefix_errors(path):
        require_memory(
            count * picture.nbytes, f"holding {count} pictures", "choose a smaller data.image_size."
        )
    return np.empty((count, *picture.shape), dtype=np.uint8)


def _compare(
    formats: list[tuple[str, ImageFormat]], like: ImageFormat | None, problems: dict[str, list[str]]
) -> None:
    """Adds the pictures of another format than ``like``, or without it than most of them, to
    ``problems``."""
    if not formats:
        return
    usual, count = Counter(found for _, found in formats).most_common(1)[0]
    expected, others = (
        (like, "the surrogate was trained with") if like else (usual, f"{count} others are")
    )
    for name, found in formats:
        if found != expected:
            problems[f"{found}, but {others} {expected}"].append(name)
