"""Surrogates of every kind, and a small template in the place of the built page."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import re
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from filelock import FileLock
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.explorer.onnx_file import exported
from tests.deployment.conftest import make_surrogate

__all__ = ["make_surrogate"]

TEMPLATE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval' blob:">
<title><!--TITLE--></title></head>
<body>
<script type="application/octet-stream" id="twin"><!--TWIN--></script>
<script type="application/octet-stream" id="runtime"><!--RUNTIME--></script>
</body></html>
"""


def with_gap() -> Dataset:
    """Return waves on a line with nodes without values, and a pressure that varies little."""
    table = np.random.default_rng(0).uniform(0.5, 1.5, (14, 2))
    x = np.linspace(0.0, 1.0, 20)
    waves = np.stack([a * np.sin(3 * (x - b * np.linspace(0, 1, 4)[:, None])) for a, b in table])
    fields = np.stack([101325 + 0.02 * waves, 300 + waves], axis=3)
    fields[:, :, 6:11] = np.nan
    conditions = Conditions(tuple(f"r{run}" for run in range(14)), ("a", "b"), table)
    return Dataset.from_arrays(fields, conditions, coords=x, variables=("p", "T"))


@pytest.fixture
def assets(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a template of the same places, which stands for the built one."""
    folder = tmp_path_factory.mktemp("assets")
    (folder / "page.html").write_text(TEMPLATE, encoding="utf-8")
    (folder / "runtime.wasm.gz").write_bytes(gzip.compress(b"runtime"))
    monkeypatch.setattr("simulgenvae.explorer.page.ASSETS", folder)
    return folder


def description(page: bytes) -> dict[str, Any]:
    """Return the description in a page."""
    found = re.search(rb'id="twin">([^<]+)<', page)
    assert found is not None
    container = gzip.decompress(base64.b64decode(found[1]))
    (length,) = struct.unpack("<I", container[8:12])
    description: dict[str, Any] = json.loads(container[12 : 12 + length])["description"]
    return description


def own_address() -> str:
    """Return an address of this machine that others reach; skips the test where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            # Nothing is sent: this only asks which address would be used.
            asked.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine is in no network")
        return str(asked.getsockname()[0])


@pytest.fixture(scope="module", autouse=True)
def exported_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Export each network once for the tests of all processes: every export takes seconds.

    What is written is a function of the network and the other arguments alone. Pages still compare
    what they get with their surrogate.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    folder = folder / "exported"
    folder.mkdir(exist_ok=True)

    def kept(network: nn.Module, *others: Any) -> bytes:
        # torch cannot write these.
        if any(map(is_parametrized, network.modules())):
            return exported(network, *others)
        arguments = (network, *others)
        # Unlike pickle, torch writes no addresses of tensors.
        torch.save(arguments, content := io.BytesIO())
        path = folder / f"{hashlib.sha256(content.getvalue()).hexdigest()}.onnx"
        # Another process may be at it: this one then waits for the file.
        with FileLock(path.with_suffix(".lock")):
            if not path.exists():
                path.write_bytes(exported(*arguments))
        return path.read_bytes()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simulgenvae.explorer.networks.exported", kept)
        yield
