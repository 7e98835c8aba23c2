"""Images of designs from a folder, from a table of files, or from a single file."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.csv_table import read_rows
from simulgenvae.data.images.arrays import DEEP_BITS, ImageFormat, Images
from simulgenvae.data.images.decoding import UnusableImage, decode_image
from simulgenvae.data.names import check_ids, is_hidden, listed, natural_key, prefix_errors
from simulgenvae.errors import UserError
from simulgenvae.settings import IMAGE_ENDINGS
from simulgenvae.utils.resources import require_memory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class _Files:
    """Files of N runs: ``names`` are relative to ``folder``, a path without links."""

    folder: Path
    ids: tuple[str, ...]
    names: tuple[str, ...]

    def path(self, name: str) -> Path:
        """Return the path of a file; raise UnusableImage where it leads out of the folder."""
        # A table of files may come from a stranger: neither a name such as ../../secret.png nor a
        # link may reach other files of the user, whose content would end up in a shared model.
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
    """Read N images; return their run ids and their pixels.

    Parameters
    ----------
    path
        Folder (its files with one of the ``endings``, in natural order, each named after its run),
        CSV file with the columns ``id`` and ``file`` (relative to its folder), or one image.
    size
        Pixels of each side after resizing.
    like
        Format that the images must have, for prediction; by default that of most of them.
    endings
        Suffixes of images in a folder.

    Returns
    -------
    Run ids, and images with pixels `[N, size, size, channels]`.

    Raises
    ------
    UserError
        Naming the files that cannot be used, up to ten for each reason.
    """
    files = _find(path, endings)
    with prefix_errors(path):
        check_ids(files.ids)
    problems: dict[str, list[str]] = defaultdict(list)
    formats: list[tuple[str, ImageFormat]] = []
    pixels: NDArray[np.uint8] | NDArray[np.float32] | None = None
    for row, name in enumerate(files.names):
        try:
            decoded = decode_image(files.path(name), size)
        except UnusableImage as reason:
            problems[str(reason)].append(name)
            continue
        formats.append((name, decoded.format))
        # Allocated once the first image shows how many channels there are.
        if pixels is None:
            pixels = _allocate(path, len(files.names), decoded.pixels)
        # Others are reported below; their pixels may not even fit.
        if decoded.format == formats[0][1]:
            pixels[row] = decoded.pixels
    wanted = None
    if like is not None:
        wanted = replace(like, size=size, bits=16 if like.bits in DEEP_BITS else 8)
    _compare(formats, wanted, problems)
    if problems or pixels is None:
        raise UserError(_unusable(path, problems, len(files.names)))
    found = formats[0][1]
    if found.bits in DEEP_BITS:
        return files.ids, _scaled(path, pixels, found, None if like is None else like.bits)
    return files.ids, Images(pixels, found)


def _scaled(path: Path, values: NDArray[Any], found: ImageFormat, bits: int | None) -> Images:
    """Return deep images with pixels from 0 to 1.

    Cameras write 12 bits into files of 16. Images whose values all fit into 12 bits are therefore
    taken as such, unless ``bits``, the depth of the training images, is given.
    """
    highest = int(values.max())
    bits = bits or next(each for each in DEEP_BITS if highest < 2**each)
    if highest >= 2**bits:
        raise UserError(
            f"{path}: the images have values up to {highest}, but the surrogate was trained with "
            f"values of {bits} bits, up to {2**bits - 1}: scale them as those were"
        )
    values /= np.float32(2**bits - 1)
    return Images(values, replace(found, bits=bits))


def _unusable(path: Path, problems: dict[str, list[str]], total: int) -> str:
    reasons = "; ".join(f"{reason}: {listed(names)}" for reason, names in problems.items())
    count = sum(map(len, problems.values()))
    return f"{path}: images that cannot be used ({count} of {total}): {reasons}"


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
    # File managers leave hidden files: macOS copies `._0.png` together with `0.png`.
    visible = [entry for entry in folder.iterdir() if not is_hidden(entry.name)]
    entries = sorted(visible, key=lambda entry: natural_key(entry.name))
    files = [entry for entry in entries if entry.suffix.lower() in endings]
    if not files:
        present = {entry.suffix.lower() for entry in entries}
        raise UserError(
            f"{folder}: no image in this folder (looked for {', '.join(endings)}){_advice(present)}"
        )
    # a.png and a.jpg would both be the image of run a.
    of_run: dict[str, list[str]] = defaultdict(list)
    for file in files:
        of_run[file.stem].append(file.name)
    several = [" and ".join(map(repr, names)) for names in of_run.values() if len(names) > 1]
    if several:
        raise UserError(
            f"{folder}: several images of one run, keep one of them: {'; '.join(several[:10])}"
        )
    return _Files(folder.resolve(), tuple(of_run), tuple(file.name for file in files))


def _advice(present: set[str]) -> str:
    """Return what to do about a folder without images that has files with other suffixes."""
    advice = ""
    other = [ending for ending in IMAGE_ENDINGS if ending in present]
    if other:
        advice += f". It has {', '.join(other)} files: set data.file_type (param_data_type)"
    if ".csv" in present:
        advice += ". It has .csv files: a folder of tables holds parameters, not images"
    return advice


def _find_in_table(path: Path) -> _Files:
    # Exactly these two columns: a table of parameters, given by mistake, has others.
    header, *rows = read_rows(path)
    columns = [name.lower() for name in header.cells]
    if sorted(columns) != ["file", "id"]:
        raise UserError(
            f"{path}: has the columns {listed(header.cells)}, but a table of images has 'id' "
            "and 'file'; a table of parameters is given as parameters"
        )
    if not rows:
        raise UserError(f"{path}: the table has a header but no rows")
    ids = tuple(row.cells[columns.index("id")] for row in rows)
    names = tuple(row.cells[columns.index("file")] for row in rows)
    return _Files(path.parent.resolve(), ids, names)


def _allocate(path: Path, count: int, image: NDArray[Any]) -> NDArray[Any]:
    with prefix_errors(path):
        require_memory(
            count * image.nbytes, f"holding {count} images", "choose a smaller data.image_size."
        )
    return np.empty((count, *image.shape), dtype=image.dtype)


def _compare(
    formats: list[tuple[str, ImageFormat]], like: ImageFormat | None, problems: dict[str, list[str]]
) -> None:
    """Add images to ``problems`` whose format is not ``like``, or else not that of most images."""
    if not formats:
        return
    if like is not None:
        expected = like
        others = "the surrogate was trained with"
    else:
        expected, count = Counter(found for _, found in formats).most_common(1)[0]
        others = f"{count} others are"
    for name, found in formats:
        if found != expected:
            problems[f"{found}, but {others} {expected}"].append(name)
