"""Files that a result file refers to: each must lie in the folder of the first.

Data may come from strangers: a collection that names ``/etc/passwd``, or a link out of the folder,
would bring other people's files into a study. Each function checks one kind of file in the way in
which that kind names others, and that these are complete.

Tested in the tests of each format: tests/data/readers/runs/test_folder.py, test_ensight.py,
test_xdmf.py, test_lsdyna.py, test_cgns.py and test_vtkhdf.py.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import h5py

from simulgenvae.data.readers.runs.integrity import (
    HDF5,
    begins_with,
    require_complete_case,
    require_complete_d3plot,
    require_complete_hdf5,
)
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

# What VTK's XML readers open when a collection names it. This is not the registry of formats:
# parallel files (.pvtu) are no runs, and a collection must not lead to any other reader.
_XML_COLLECTIONS = {".pvd", ".vtm", ".pvtu", ".pvtp", ".pvts", ".pvtr", ".pvti"}
_SERIES = ".series"
_XML_PIECES = _XML_COLLECTIONS | {".vtu", ".vtk", ".vtp", ".vts", ".vtr", ".vti"}
_NAMING = {"file", "Source"}
"""Attributes of XML elements that name files."""
ADF = b"@(#)ADF"
"""Beginning of CGNS files in the older form."""
_HEAVY = {"HDF", "HDF5", "H5", "BINARY"}
"""Formats of XDMF whose values are in another file."""


def check_collection(path: Path) -> None:
    """Check a ParaView collection or a VTK file of several blocks or pieces; others pass.

    Raises UserError when it is damaged or refers to files outside of its folder.
    """
    if path.suffix.lower() in {*_XML_COLLECTIONS, _SERIES}:
        with _check_of(path) as check:
            check.collection(path)


def naming_elements(path: Path) -> list[tuple[str, dict[str, str]]]:
    """Return the names of files in an XML collection, each with the attributes of its element.

    Raises UserError when it is damaged.
    """
    found: list[tuple[str, dict[str, str]]] = []
    for element in _elements(path):
        named = _NAMING & element.attributes.keys()
        found += ((element.attributes[key], element.attributes) for key in named)
    return found


def series_entries(path: Path) -> list[tuple[str, Any]]:
    """Return the names of files in a ParaView series (JSON), each with its time or None.

    Raises UserError when it is damaged.
    """
    try:
        files: Any = json.loads(path.read_text(encoding="utf-8-sig"))["files"]
        return [(str(each["name"]), each.get("time")) for each in files]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(
            f'{path}: is no series of files, {{"files": [{{"name": …, "time": …}}]}}, or damaged: '
            f"{type(error).__name__}: {error}"
        ) from error


def check_hdf5(path: Path) -> None:
    """Check a file that may be HDF5; others pass.

    Raises UserError when it is damaged, or links to other files.
    """
    with _check_of(path):
        if begins_with(path, HDF5):
            require_complete_hdf5(path)


def check_cgns(path: Path) -> None:
    """Check a CGNS file.

    Raises UserError when it is damaged, links to other files, or has the older form ADF.
    """
    with path.open("rb") as file:
        if file.read(len(ADF)) == ADF:
            raise UserError(
                f"{path}: a CGNS file in the older form ADF: write it as HDF5, for example with "
                "CGNS's own 'cgnsconvert -h'"
            )
    check_hdf5(path)


def check_case(path: Path) -> None:
    """Check an EnSight case.

    Raises UserError when it is cut short or refers to files outside of its folder.
    """
    with _check_of(path) as check:
        # First, as completeness is seen in the files that the case names.
        check.case(path)
        require_complete_case(path)


def check_xdmf(path: Path) -> None:
    """Check an XDMF file, what it includes, and the HDF5 files with its values.

    Raises UserError when it is damaged or refers to files outside of its folder.
    """
    with _check_of(path) as check:
        check.xdmf(path)


def check_d3plot(path: Path) -> None:
    """Check the files of LS-DYNA, ``d3plot``, ``d3plot01`` and so on.

    Raises UserError when one is cut short, or is a link out of the folder.
    """
    with _check_of(path) as check:
        check.inside(list(path.parent.glob("d3plot*")))
        require_complete_d3plot(path)


@contextmanager
def _check_of(path: Path) -> Iterator[_Check]:
    try:
        yield _Check(path)
    except (OSError, ValueError, NotImplementedError) as error:
        raise UserError(f"{path}: cannot be read: truncated or damaged: {error}") from error


class _Check:
    """Check of one file and of the files that it refers to, each of them once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path.parent.resolve()
        self.seen: set[Path] = set()
        self._folders: dict[Path, bool] = {}

    def _is_new(self, file: Path) -> bool:
        """Return whether a file has not been seen yet, and remember it."""
        # Files may refer to each other in a circle.
        is_new = file.resolve() not in self.seen
        self.seen.add(file.resolve())
        return is_new

    def inside(self, files: Sequence[Path]) -> None:
        """Raise UserError unless all files lie in the folder of the first, links followed."""
        for file in files:
            if not self._is_inside(file):
                raise UserError(
                    f"{self.path}: refers to {file}, which is outside of its folder: such files "
                    "are not read"
                )

    def _is_inside(self, file: Path) -> bool:
        # Following links takes a while, and a run may have thousands of files in one folder.
        if file.name == ".." or file.is_symlink():
            return file.resolve().is_relative_to(self.root)
        if file.parent not in self._folders:
            self._folders[file.parent] = file.parent.resolve().is_relative_to(self.root)
        return self._folders[file.parent]

    def collection(self, file: Path) -> None:
        """Check a collection, a file of blocks or pieces, and those that it names."""
        if not self._is_new(file):
            return
        if file.suffix.lower() == _SERIES:
            for name, _ in series_entries(file):
                self._piece(file, name)
            return
        for name, _ in naming_elements(file):
            self._piece(file, name)

    def _piece(self, file: Path, name: str) -> None:
        piece = file.parent / name
        self.inside([piece])
        if piece.suffix.lower() not in _XML_PIECES:
            raise UserError(
                f"{file}: refers to {name}, which is none of {', '.join(sorted(_XML_PIECES))}"
            )
        if not piece.is_file():
            raise UserError(f"{file}: refers to {name}, which is not there")
        if piece.suffix.lower() in _XML_COLLECTIONS:
            self.collection(piece)

    def case(self, file: Path) -> None:
        """Check every word of an EnSight case that could be the name of a file.

        Asterisks in a name are the numbers of timesteps.
        """
        # Latin-1 decodes any bytes. A backslash separates folders on Windows.
        text = file.read_text(encoding="latin-1").replace("\\", "/")
        if re.search(r"^\s*rigid_body", text, re.MULTILINE):
            raise UserError(
                f"{file}: rigid_body: the motion of rigid bodies, which names further files, is "
                "not read"
            )
        # VTK leaves out quotes, so a name may be hidden between them.
        for word in {*text.split(), *re.sub("['\"]", "", text).split()}:
            self.inside([file.parent / word])
            if "*" in word and word.startswith("/"):
                raise UserError(f"{file}: refers to {word}: only names within its folder are read")
            if "*" in word:
                self.inside(list(file.parent.glob(re.sub(r"\*+", "*", word))))

    def xdmf(self, file: Path) -> None:
        """Check the files that hold values of an XDMF file, and the XML that it includes."""
        if not self._is_new(file):
            return
        for element in _elements(
            file, texts_of=lambda attributes: attributes.get("Format", "XML").upper() != "XML"
        ):
            # The attribute changes the folder that all names below it are relative to.
            if "xml:base" in element.attributes:
                raise UserError(f"{file}: xml:base, which moves references elsewhere, is not read")
            if element.name.rpartition(":")[2] == "include" and "href" in element.attributes:
                self._included(file, element.attributes["href"])
            # Values in the XML itself need no check; all others are in a file that the text names.
            kind = element.attributes.get("Format", "XML").upper()
            if kind == "XML":
                continue
            if kind not in _HEAVY:
                raise UserError(
                    f"{file}: values in the format {kind} are not read, only XML, HDF and Binary"
                )
            named = re.fullmatch(
                r"\s*([^:]+?)\s*" if kind == "BINARY" else r"\s*([^:]+):(/[^:]*?)\s*", element.text
            )
            if named is None:
                raise UserError(
                    f"{file}: {element.text.strip()[:80]!r} names no values in the format {kind}"
                )
            values = file.parent / named[1]
            self.inside([values])
            if not values.is_file():
                raise UserError(f"{file}: refers to {named[1]}, which is not there")
            if kind != "BINARY":
                if self._is_new(values):
                    require_complete_hdf5(values)
                _require_dataset(file, values, named[2])

    def _included(self, file: Path, name: str) -> None:
        # A URL, or a name that the XML library decodes differently, could lead anywhere.
        if not re.fullmatch(r"[\w./ -]+", name):
            raise UserError(
                f"{file}: includes {name}: only plain names of files within its folder are read"
            )
        included = file.parent / name
        self.inside([included])
        self.xdmf(included)


class _Element:
    """Start of an XML element, with the text in it where the caller wants that."""

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.text = ""


def _elements(
    file: Path, texts_of: Callable[[dict[str, str]], bool] = lambda _: False
) -> list[_Element]:
    """Return all elements of an XML file, with their texts where ``texts_of`` says so.

    Raises UserError when it is damaged, or declares entities, which could name files.
    """
    from xml.parsers import expat  # imported here, as predictions do not need it

    found: list[_Element] = []
    open_texts: list[_Element | None] = []

    def interrupted(*_: Any) -> None:
        """Refuse a comment or element within a name: other readers may join the pieces anew."""
        if open_texts and open_texts[-1] is not None:
            raise UserError(
                f"{file}: something else within the name of a file: "
                f"{open_texts[-1].text.strip()[:80]!r}"
            )

    def start(name: str, attributes: dict[str, str]) -> None:
        interrupted()
        found.append(_Element(name, attributes))
        open_texts.append(found[-1] if texts_of(attributes) else None)

    def text(data: str) -> None:
        if open_texts and (element := open_texts[-1]) is not None:
            element.text += data

    def entity(*_: Any) -> None:
        raise UserError(f"{file}: declares XML entities: such files are not read")

    # expat itself and not ElementTree: its handlers can refuse a declaration of an entity.
    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.CharacterDataHandler = text
    parser.EntityDeclHandler = entity
    parser.CommentHandler = interrupted
    parser.ProcessingInstructionHandler = interrupted
    parser.StartCdataSectionHandler = interrupted
    parser.EndElementHandler = lambda _: open_texts.pop()
    try:
        with file.open("rb") as stream:
            parser.ParseFile(stream)
    except (expat.ExpatError, OSError) as error:
        raise UserError(f"{file}: cannot be read: truncated or damaged: {error}") from error
    return found


def _require_dataset(file: Path, values: Path, name: str) -> None:
    with h5py.File(values, "r") as content:
        if not isinstance(content.get(name), h5py.Dataset):
            raise UserError(f"{file}: refers to {name!r} in {values}, which is not there")
