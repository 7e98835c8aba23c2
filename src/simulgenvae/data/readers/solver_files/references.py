"""Which other files a file refers to: each must lie in the folder of the first, as data may come from strangers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.parsers import expat

import h5py

from simulgenvae.errors import UserError

HDF5 = b"\x89HDF"
_XML_INDICES = {".pvd", ".vtm", ".pvtu", ".pvtp", ".pvts", ".pvtr", ".pvti"}
_XML_PIECES = _XML_INDICES | {".vtu", ".vtk", ".vtp", ".vts", ".vtr", ".vti"}
"""What collections and blocks may consist of."""
_HEAVY = {"HDF", "HDF5", "H5", "BINARY"}
"""Formats of XDMF whose values are in another file."""


def require_inside(path: Path) -> None:
    """UserError where a file names files outside of its folder, in any of its kinds' ways of naming them."""
    _Check(path).follow(path)


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
            self._case(file)
        elif suffix in {".xdmf", ".xmf"}:
            self._xdmf(file)
        elif file.name == "d3plot":
            self._inside(list(file.parent.glob("d3plot*")))
        elif begins_with(file, HDF5):
            require_whole_hdf5(file)

    def _inside(self, files: Sequence[Path]) -> None:
        for file in files:
            if not file.resolve().is_relative_to(self.root):
                raise UserError(
                    f"{self.path}: refers to {file}, which is outside of its folder: such files are not read"
                )

    def _pieces(self, file: Path) -> None:
        """ParaView's collections, and VTK's files of several blocks or pieces."""
        for element in _elements(file):
            name = element.attributes.get("file") or element.attributes.get("Source")
            if name is None:
                continue
            piece = file.parent / name
            self._inside([piece])
            if piece.suffix.lower() not in _XML_PIECES:
                raise UserError(f"{file}: refers to {name}, which is none of {', '.join(sorted(_XML_PIECES))}")
            if piece.suffix.lower() in _XML_INDICES and piece.is_file():
                self.follow(piece)

    def _case(self, file: Path) -> None:
        """EnSight: every word that could be a name of a file, with asterisks for the numbers of timesteps."""
        text = file.read_text(encoding="latin-1").replace('"', "")
        if re.search(r"^\s*rigid_body", text, re.MULTILINE):
            raise UserError(f"{file}: rigid_body: the motion of rigid bodies, which names further files, is not read")
        _require_complete_case(file, text)
        for word in dict.fromkeys(text.replace("\\", "/").split()):
            self._inside([file.parent / word])
            if "/" in word or "*" in word:
                pattern = Path(re.sub(r"\*+", "*", word)).as_posix()
                relative = pattern.removeprefix(file.parent.as_posix() + "/")
                self._inside([] if relative.startswith("/") else list(file.parent.glob(relative)))

    def _xdmf(self, file: Path) -> None:
        """XDMF: values in HDF5 and in binary files, and XML that is included."""
        for element in _elements(file, texts_of=lambda attributes: attributes.get("Format", "XML").upper() != "XML"):
            if element.name.rpartition(":")[2] == "include" and "href" in element.attributes:
                included = file.parent / element.attributes["href"]
                self._inside([included])
                self._xdmf(included) if included.resolve() not in self.seen else None
                self.seen.add(included.resolve())
            kind = element.attributes.get("Format", "XML").upper()
            if kind == "XML":
                continue
            if kind not in _HEAVY:
                raise UserError(f"{file}: values in the format {kind} are not read, only XML, HDF and Binary")
            name, _, dataset = element.text.strip().partition(":")
            values = file.parent / name
            self._inside([values])
            if not values.is_file():
                raise UserError(f"{file}: refers to {name}, which is not there")
            if kind != "BINARY":
                self.follow(values)
                _require_dataset(file, values, dataset)


class _Element:
    """One start of an XML element, with its text where that was asked for."""

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name, self.attributes, self.text = name, attributes, ""


def _elements(file: Path, texts_of: Callable[[dict[str, str]], bool] = lambda _: False) -> Iterator[_Element]:
    """All elements of an XML file; UserError where it is damaged, or declares entities, which could name files."""
    found: list[_Element] = []
    open_texts: list[_Element | None] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        found.append(_Element(name, attributes))
        open_texts.append(found[-1] if texts_of(attributes) else None)

    def text(data: str) -> None:
        if open_texts and (element := open_texts[-1]) is not None:
            element.text += data

    def entity(*_: Any) -> None:
        raise UserError(f"{file}: declares XML entities: such files are not read")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.CharacterDataHandler, parser.EntityDeclHandler = start, text, entity
    parser.EndElementHandler = lambda _: open_texts.pop()
    try:
        with file.open("rb") as stream:
            parser.ParseFile(stream)
    except (expat.ExpatError, OSError) as error:
        raise UserError(f"{file}: cannot be read: truncated or damaged: {error}") from error
    return iter(found)


def _require_complete_case(file: Path, text: str) -> None:
    """VTK's reader does not stop at the end of an EnSight case that was cut short: UserError for such a one."""
    if not re.search(r"^\s*type:\s*ensight", text, re.MULTILINE) or not re.search(
        r"^\s*model:\s*\S", text, re.MULTILINE
    ):
        raise UserError(f"{file}: truncated or damaged: has no 'type: ensight …' or no geometry ('model: …')")
    for block in re.split(r"^\s*time set:", text, flags=re.MULTILINE)[1:]:
        steps = re.search(r"number of steps:\s*(\d+)", block)
        values = re.search(r"time values:((?:\s+[-+.\deE]+)*)", block)
        count = len(values[1].split()) if values else 0
        if not steps or count != int(steps[1]):
            raise UserError(f"{file}: truncated or damaged: {count} time values, of {steps[1] if steps else 'unknown'}")


def require_whole_hdf5(path: Path) -> None:
    """UserError where an HDF5 file is damaged, or parts of it are in other files. Links within the file are fine."""
    try:
        with h5py.File(path, "r") as file:
            groups, seen = [file["/"]], set()
            while groups:
                group = groups.pop()
                for name in group:
                    link = group.get(name, getlink=True)
                    if isinstance(link, h5py.SoftLink):
                        continue
                    if not isinstance(link, h5py.HardLink):
                        raise UserError(f"{path}, {group.name}/{name}: a link to another file: such files are not read")
                    item = group[name]
                    if isinstance(item, h5py.Group) and item.id.__hash__() not in seen:
                        seen.add(item.id.__hash__())
                        groups.append(item)
                    elif isinstance(item, h5py.Dataset) and (item.is_virtual or item.external is not None):
                        raise UserError(f"{path}, {item.name}: its values lie in other files: copy them into this one")
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise UserError(f"{path}: cannot be read as HDF5: truncated or damaged: {error}") from error


def _require_dataset(file: Path, values: Path, name: str) -> None:
    with h5py.File(values, "r") as content:
        if not isinstance(content.get(name.strip()), h5py.Dataset):
            raise UserError(f"{file}: refers to {name.strip()!r} in {values}, which is not there")


def begins_with(path: Path, beginning: bytes) -> bool:
    """Whether these are the first bytes of a file."""
    with path.open("rb") as file:
        return file.read(len(beginning)) == beginning
