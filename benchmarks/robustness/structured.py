"""Mutations of what a file says: still text, XML, JSON, HDF5 and so on, with other content.

Bytes that are flipped rarely get past the library that reads a format. These mutations do: they
change shapes, types, numbers, names and keys, so that a file can contradict itself.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import re
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import scipy.io

_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_NUMBERS: tuple[str, ...] = (
    "0",
    "-1",
    "1e400",
    "nan",
    "inf",
    "-1e308",
    "99999999999999999999",
    "2147483648",
    "0.5",
)
_NUMBERS += ("3", "1000000", "1_0", "0x10", "1,5", "", "[red]x[/red]")
_WORDS = ("", "x", "../x", "/etc/passwd", "[red]x[/red]", "\u0661", "a" * 300, "nan", "0", "*")
_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    10**30,
    1e400,
    float("nan"),
    0.5,
    "",
    "x",
    "7",
    [],
    {},
    [[1]],
    {"a": 1},
)
_WORD_VALUES = (0, 1, -1, 2, 7, 2**31 - 1, -(2**31), 0x7FC00000, 0x7F800000, 1_000_000)


def mutate_content(folder: Path, chance: random.Random) -> None:
    """Change one file of a folder by one to three mutations of its kind."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    file = chance.choice(files)
    if chance.random() < 0.03:
        _folder(file, files, chance)
        return
    before = file.read_bytes()
    while file.read_bytes() == before:
        for _ in range(chance.randint(1, 3)):
            _mutate_file(file, chance)


def _folder(file: Path, files: list[Path], chance: random.Random) -> None:
    """Lose a file, exchange it for another one or a link out of the folder, or copy it."""
    kind = chance.randrange(4)
    content = chance.choice(files).read_bytes()
    if kind < 3:
        file.unlink()
    if kind == 1:
        file.write_bytes(content)
    if kind == 2:
        file.symlink_to("/etc/passwd")
    if kind == 3:
        file.with_name(f"copy_{file.name}").write_bytes(content)


def _mutate_file(file: Path, chance: random.Random) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _mutate_as_its_kind(file, chance)
    except Exception:
        # Not everything can be read after an earlier mutation, or written: then a word changes.
        file.write_bytes(_binary(file.read_bytes(), chance))


def _mutate_as_its_kind(file: Path, chance: random.Random) -> None:
    content = file.read_bytes()
    if content.startswith(b"\x89HDF"):
        _hdf5(file, chance)
    elif content.startswith(b"CDF"):
        _netcdf(file, chance)
    elif content.startswith(b"PK"):
        file.write_bytes(_zip(content, chance))
    elif content.startswith(b"\x1f\x8b"):
        file.write_bytes(gzip.compress(_text(gzip.decompress(content), chance), mtime=0))
    elif content.startswith(b"\x93NUMPY"):
        file.write_bytes(_npy(content, chance))
    elif file.suffix == ".mat":
        _mat(file, chance)
    elif _is_safetensors(content):
        file.write_bytes(_safetensors(content, chance))
    elif (parsed := _json(content)) is not None:
        file.write_bytes(json.dumps(_other_json(parsed, chance)).encode())
    elif content.lstrip()[:1] == b"<":
        file.write_bytes(_xml(content, chance))
    elif b"\0" in content:
        file.write_bytes(_binary(content, chance))
    else:
        file.write_bytes(_text(content, chance))


def other_array(array: Any, chance: random.Random) -> Any:
    """Return an array of another shape, another type or with other values."""
    array = np.asarray(array)
    choices: list[Callable[[], Any]] = [
        lambda: array[..., None],
        lambda: array[None],
        lambda: array.T,
        lambda: array.ravel(),
        lambda: np.zeros(0, array.dtype),
        lambda: np.array(chance.choice((0, -1, 1e300, np.nan, 2**62))),
        lambda: np.array(b"text"),
        lambda: array.astype(chance.choice(("i1", "u8", ">f4", "f2", "c16", "?", "S4"))),
    ]
    if array.ndim and len(array):
        choices += [
            lambda: array[:-1],
            lambda: array[::-1],
            lambda: np.concatenate([array, array]),
            lambda: array[:1],
        ]
    if array.dtype.kind in "fiu" and array.size:
        choices += 3 * [lambda: _other_values(array, chance)]
    return chance.choice(choices)()


def _other_values(array: Any, chance: random.Random) -> Any:
    found = array.copy()
    number = chance.choice((np.nan, np.inf, -1, 0, 1e300, 7, 2**40))
    with np.errstate(all="ignore"):
        value = np.array(number).astype(array.dtype)
    place = chance.randrange(array.size) if chance.random() < 0.7 else slice(None)
    found.reshape(-1)[place] = value
    return found


def _hdf5(file: Path, chance: random.Random) -> None:
    with h5py.File(file, "r+") as opened:
        names = [""]
        opened.visit(names.append)
        _hdf5_object(opened, sorted(names), chance)


def _hdf5_object(opened: Any, names: list[str], chance: random.Random) -> None:
    name = chance.choice(names)
    item = opened[name or "/"]
    keys = sorted(item.attrs)
    if keys and chance.random() < 0.3:
        key = chance.choice(keys)
        value = item.attrs[key]
        del item.attrs[key]
        if chance.random() < 0.7:
            item.attrs[key] = other_array(value, chance) if chance.random() < 0.5 else "x"
        return
    if not name:
        return
    kind = chance.random()
    if isinstance(item, h5py.Dataset) and kind < 0.7:
        attributes = dict(item.attrs)
        value = other_array(item[()], chance)
        del opened[name]
        opened[name] = value
        for key in ("name", "label", "type", "units"):
            if key in attributes:
                opened[name].attrs[key] = attributes[key]
    elif kind < 0.8:
        del opened[name]
    elif kind < 0.9:
        opened.move(name, f"{name}_x")
    else:
        del opened[name]
        opened[name] = chance.choice((h5py.SoftLink("/"), h5py.SoftLink("/gone"), 1.5, "x"))


def _netcdf(file: Path, chance: random.Random) -> None:
    with scipy.io.netcdf_file(file, "a", mmap=False) as opened:
        name = chance.choice(sorted(opened.variables))
        variable = opened.variables[name]
        if chance.random() < 0.2:
            variable.units = chance.choice(("x", "s since 1", "", "days since 2020-99-99"))
        elif variable.data.dtype.kind in "fi" and variable.data.size:
            variable.data = _other_values(variable.data, chance)


def _npy(content: bytes, chance: random.Random) -> bytes:
    file = io.BytesIO()
    np.save(file, other_array(np.load(io.BytesIO(content)), chance))
    return file.getvalue()


def _mat(file: Path, chance: random.Random) -> None:
    content = {k: v for k, v in scipy.io.loadmat(file).items() if not k.startswith("__")}
    name = chance.choice(sorted(content))
    content[name] = other_array(content[name], chance)
    scipy.io.savemat(file, content)


def _zip(content: bytes, chance: random.Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice(sorted(members))
    value = members[name]
    members[name] = _npy(value, chance) if name.endswith(".npy") else _xml(value, chance)
    if chance.random() < 0.1:
        del members[name]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, value in members.items():
            archive.writestr(zipfile.ZipInfo(name), value)
    return file.getvalue()


def _is_safetensors(content: bytes) -> bool:
    return len(content) > 9 and content[8:9] == b"{" and content[:8].endswith(b"\0\0\0\0")


def _safetensors(content: bytes, chance: random.Random) -> bytes:
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + size])
    data = content[8 + size :]
    metadata = header.get("__metadata__")
    kind = chance.random()
    if isinstance(metadata, dict) and isinstance(metadata.get("json"), str) and kind < 0.6:
        metadata["json"] = json.dumps(_other_json(json.loads(metadata["json"]), chance))
    elif kind < 0.8:
        header = _other_json(header, chance)
    else:
        data = _binary(data, chance)
    encoded = json.dumps(header).encode()
    return struct.pack("<Q", len(encoded)) + encoded + data


def _json(content: bytes) -> Any:
    if content[:1] not in {b"{", b"["}:
        return None
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _other_json(value: Any, chance: random.Random) -> Any:
    """Return the value with one place changed, somewhere in it."""
    if isinstance(value, dict) and value and chance.random() < 0.93:
        key = chance.choice(sorted(value))
        kind = chance.random()
        if kind < 0.05:
            return {k: v for k, v in value.items() if k != key}
        if kind < 0.1:
            return {**value, f"{key}_x": value[key]}
        if kind < 0.13:
            return {(chance.choice(_WORDS) if k == key else k): v for k, v in value.items()}
        return {**value, key: _other_json(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.9:
        place = chance.randrange(len(value))
        kind = chance.random()
        if kind < 0.1:
            return value[:place] + value[place + 1 :]
        if kind < 0.2:
            return [*value, value[place]]
        return [*value[:place], _other_json(value[place], chance), *value[place + 1 :]]
    if chance.random() < 0.02:
        return _deep()
    return chance.choice((*_VALUES, chance.choice(_WORDS)))


def _deep() -> Any:
    found: Any = 1
    for _ in range(900):
        found = [found]
    return found


def _xml(content: bytes, chance: random.Random) -> bytes:
    """Change the value of an attribute, double or remove an element, or change a number."""
    found = content.decode("utf-8", "surrogateescape")
    attributes = list(re.finditer(r'(\w+)="([^"]*)"', found))
    kind = chance.random()
    if attributes and kind < 0.6:
        match = chance.choice(attributes)
        others = (*_NUMBERS, *_WORDS, chance.choice(attributes)[2])
        found = found[: match.start(2)] + chance.choice(others) + found[match.end(2) :]
    elif kind < 0.8:
        elements = list(re.finditer(r"<(\w+)[^>]*/>|<(\w+)[^>]*>[^<]*</\2>", found))
        if elements:
            match = chance.choice(elements)
            found = found[: match.start()] + match[0] * chance.choice((0, 2)) + found[match.end() :]
    else:
        return _text(content, chance)
    return found.encode("utf-8", "surrogateescape")


def _text(content: bytes, chance: random.Random) -> bytes:
    """Change a number or a word, or lose, double, move or exchange lines."""
    found = content.decode("utf-8", "surrogateescape")
    kind = chance.random()
    if kind < 0.4:
        return _replaced(found, _NUMBER, _NUMBERS, chance).encode("utf-8", "surrogateescape")
    if kind < 0.55:
        words = re.findall(r"[A-Za-z_]{2,}", found[:20_000]) or ["x"]
        others = (*_WORDS, chance.choice(words), chance.choice(words))
        replaced = _replaced(found, re.compile(r"[A-Za-z_]{2,}"), others, chance)
        return replaced.encode("utf-8", "surrogateescape")
    lines = found.splitlines(keepends=True)
    if not lines:
        return b"x"
    place = chance.randrange(len(lines))
    if kind < 0.7:
        del lines[place]
    elif kind < 0.85:
        lines.insert(chance.randrange(len(lines)), lines[place])
    elif kind < 0.95:
        other = chance.randrange(len(lines))
        lines[place], lines[other] = lines[other], lines[place]
    else:
        lines = lines[:place]
    return "".join(lines).encode("utf-8", "surrogateescape")


def _replaced(
    content: str, what: re.Pattern[str], others: tuple[str, ...], chance: random.Random
) -> str:
    found = list(what.finditer(content[:100_000]))
    if not found:
        return content + chance.choice(others)
    match = chance.choice(found)
    return content[: match.start()] + chance.choice(others) + content[match.end() :]


def _binary(content: bytes, chance: random.Random) -> bytes:
    """Change one word of four bytes to a number that means something else."""
    if len(content) < 4:
        return content + b"\0"
    place = 4 * chance.randrange(len(content) // 4)
    order = chance.choice("<>")
    word = struct.pack(f"{order}i", chance.choice(_WORD_VALUES))
    return content[:place] + word + content[place + 4 :]
