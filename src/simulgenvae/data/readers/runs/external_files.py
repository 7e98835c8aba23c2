"""Which other files a file refers to: each must lie in the folder of the first, as data may come
from strangers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import h5py

from simulgenvae.data.readers.runs.integrity import (
    HDF5,
    begins_with,
    require_whole_case,
    require_whole_d3plot,
    require_whole_hdf5,
)
from simulgenvae.errors import UserError

_XML_INDICES = {".pvd", ".vtm", ".pvtu", ".pvtp", ".pvts", ".pvtr", ".pvti"}
_XML_PIECES = _XML_INDICES | {".vtu", ".vtk", ".vtp", ".vts", ".vtr", ".vti"}
"""What collections and blocks may consist of."""
_NAMING = {"file", "Source"}
"""Attributes that name them."""
_HEAVY = {"HDF", "HDF5", "H5", "BINARY"}
"""Formats of XDMF whose values are in another file."""


def require_inside(path: Path) -> None:
    """UserError where a file names files outside of its folder, in any of its kinds' ways of naming
    them, or is cut short in a way that VTK does not notice."""
    try:
        _Check(path).follow(path)
    except (OSError, ValueError, NotImplementedError) as error:
        raise UserError(f"{path}: cannot be read: truncated or damaged: {error}") from error


class _Check:
    """The references of one file, and of the files that it refers to, each looked at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path.parent.resolve()
        self.seen: set[Path] = set()

    def follow(self, file: Path) -> None:
        if file.resolve() in self.seen:
            return
        self.seen.add(file.resolve())
        suffix = file.suffix.lower()
        if suffix in _XML_INDICES:
            self._pieces(file)
        elif suffix == ".case":
            require_whole_case(file)
            self._case(file)
        elif suffix in {".xdmf", ".xmf"}:
            self._xdmf(file)
        elif file.name == "d3plot":
            self._inside(list(file.parent.glob("d3plot*")))
            require_whole_d3plot(file)
        elif begins_with(file, HDF5):
            require_whole_hdf5(file)

    def _hdf5(self, file: Path) -> None:
        if file.resolve() not in self.seen:
            self.seen.add(file.resolve())
            require_whole_hdf5(file)

    def _inside(self, files: Sequence[Path]) -> None:
        for file in files:
            if not file.resolve().is_relative_to(self.root):
                raise UserError(
                    f"{self.path}: refers to {file}, which is outside of its folder: such files "
                    "are not read"
                )

    def _pieces(self, file: Path) -> None:
        """ParaView's collections, and VTK's files of several blocks or pieces."""
        names = [
            element.attributes[key]
            for element in _elements(file)
            for key in _NAMING & element.attributes.keys()
        ]
        for name in names:
            piece = file.parent / name
            self._inside([piece])
            if piece.suffix.lower() not in _XML_PIECES:
                raise UserError(
                    f"{file}: refers to {name}, which is none of {', '.join(sorted(_XML_PIECES))}"
                )
            if not piece.is_file():
                raise UserError(f"{file}: refers to {name}, which is not there")
            if piece.suffix.lower() in _XML_INDICES:
                self.follow(piece)

    def _case(self, file: Path) -> None:
        """EnSight: every word that could be a name of a file, with asterisks for the numbers of
        timesteps."""
        text = file.read_text(encoding="latin-1").replace("\\", "/")
        if re.search(r"^\s*rigid_body", text, re.MULTILINE):
            raise UserError(
                f"{file}: rigid_body: the motion of rigid bodies, which names further files, is "
                "not read"
            )
        for word in {*text.split(), *re.sub("['\"]", "", text).split()}:  # VTK leaves out quotes
            self._inside([file.parent / word])
            if "*" in word and word.startswith("/"):
                raise UserError(f"{file}: refers to {word}: only names within its folder are read")
            if "*" in word:
                self._inside(list(file.parent.glob(re.sub(r"\*+", "*", word))))

    def _xdmf(self, file: Path) -> None:
        """XDMF: values in HDF5 and in binary files, and XML that is included."""
        for element in _elements(
            file, texts_of=lambda attributes: attributes.get("Format", "XML").upper() != "XML"
        ):
            if "xml:base" in element.attributes:
                raise UserError(f"{file}: xml:base, which moves references elsewhere, is not read")
            if element.name.rpartition(":")[2] == "include" and "href" in element.attributes:
                self._included(file, element.attributes["href"])
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
            self._inside([values])
            if not values.is_file():
                raise UserError(f"{file}: refers to {named[1]}, which is not there")
            if kind != "BINARY":
                self._hdf5(values)
                _require_dataset(file, values, named[2])

    def _included(self, file: Path, name: str) -> None:
        if not re.fullmatch(r"[\w./ -]+", name):
            raise UserError(
                f"{file}: includes {name}: only plain names of files within its folder are read"
            )
        included = file.parent / name
        self._inside([included])
        if included.resolve() not in self.seen:
            self.seen.add(included.resolve())
            self._xdmf(included)


class _Element:
    """One start of an XML element, with its text where that was asked for."""

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name, self.attributes, self.text = name, attributes, ""


def _elements(
    file: Path, texts_of: Callable[[dict[str, str]], bool] = lambda _: False
) -> list[_Element]:
    """All elements of an XML file; UserError where it is damaged, or declares entities, which could
    name files."""
    from xml.parsers import expat  # not needed by predictions

    found: list[_Element] = []
    open_texts: list[_Element | None] = []

    def interrupted(*_: Any) -> None:
        """A name in pieces could be put together otherwise by the next reader."""
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

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.CharacterDataHandler, parser.EntityDeclHandler = (
        start,
        text,
        entity,
    )
    parser.CommentHandler = parser.ProcessingInstructionHandler = (
        parser.StartCdataSectionHandler
    ) = interrupted
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
