from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from simulgenvae.errors import UserError
from simulgenvae.utils.tensor_file import read_tensors, write_tensors

TENSORS = {
    "a": torch.arange(6.0).reshape(2, 3),
    "b.c": torch.tensor([1, 2]),
    "scalar": torch.tensor(0.5),
}


def _raw(path: Path, header: dict[str, object], size: int = 0) -> None:
    """Return a safetensors file with any header, and ``size`` bytes that take no room on disk."""
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    os.truncate(path, 8 + len(text) + size)


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    write_tensors(path, TENSORS, {"text": "ü", "numbers": [1, 0.5, None]})
    tensors, metadata = read_tensors(path)
    assert metadata == {"text": "ü", "numbers": [1, 0.5, None]}
    assert tensors.keys() == TENSORS.keys()
    assert all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)
    assert list(path.parent.iterdir()) == [path]


def test_views_and_shared_tensors_are_written_as_they_are(tmp_path: Path) -> None:
    whole = torch.arange(6.0).reshape(2, 3)
    write_tensors(tmp_path / "file", {"whole": whole, "turned": whole.T, "part": whole[:, 1]}, {})
    tensors, _ = read_tensors(tmp_path / "file")
    assert torch.equal(tensors["turned"], whole.T)
    assert torch.equal(tensors["part"], whole[:, 1])


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.99])
def test_a_truncated_file_is_refused(tmp_path: Path, share: float) -> None:
    path = tmp_path / "file"
    write_tensors(path, TENSORS, {})
    os.truncate(path, int(share * path.stat().st_size))
    with pytest.raises(UserError, match="damaged"):
        read_tensors(path)


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    foreign: dict[str, dict[str, object]] = {
        "without metadata": {},
        "with metadata of others": {"__metadata__": {"format": "pt"}},
        "with broken JSON": {"__metadata__": {"json": "{"}},
        "with a list": {"__metadata__": {"json": "[]"}},
        "with JSON that is too deep": {"__metadata__": {"json": "[" * 100_000}},
        "with data that are missing": {
            "a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}
        },
    }
    for header in foreign.values():
        _raw(path, header)
        with pytest.raises(UserError, match="damaged or was not written by simulgenvae"):
            read_tensors(path)
    for content in (
        b"",
        b"PK\x03\x04 a zip of torch.save",
        b"\x80\x04\x95 a pickle",
        np.arange(9.0).tobytes(),
    ):
        path.write_bytes(content)
        with pytest.raises(UserError, match="damaged or was not written by simulgenvae"):
            read_tensors(path)
    with pytest.raises(UserError, match="does not exist"):
        read_tensors(tmp_path / "nothing")
    with pytest.raises(UserError, match="does not exist"):
        read_tensors(tmp_path)


def test_more_than_the_memory_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path, size = tmp_path / "file", 2**42
    try:
        _raw(path, {"a": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}}, size)
    except OSError:
        pytest.skip("this file system has no sparse files of 4 TB")
    with pytest.raises(UserError, match="memory"):
        read_tensors(path)


def test_a_write_that_fails_leaves_the_previous_file(tmp_path: Path) -> None:
    """A real failure: the process may not write files beyond 100 kB, as if the disk were full."""
    script = (
        "import resource, sys, torch\n"
        "from pathlib import Path\n"
        "from simulgenvae.errors import UserError\n"
        "from simulgenvae.utils.tensor_file import write_tensors\n"
        "path = Path(sys.argv[1])\n"
        "write_tensors(path, {'a': torch.ones(3)}, {'version': 1})\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try:\n"
        "    write_tensors(path, {'a': torch.ones(1_000_000)}, {'version': 2})\n"
        "except UserError as error:\n"
        "    print(error)\n"
    )
    path = tmp_path / "file"
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    assert str(path) in done.stdout
    assert "could not be written" in done.stdout
    assert read_tensors(path)[1] == {"version": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(UserError, match="could not be written"):
        write_tensors(tmp_path / "file" / "inside", TENSORS, {})
