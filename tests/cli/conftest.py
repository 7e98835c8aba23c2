"""Tiny studies and the real command line, called in this process."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from numpy.typing import NDArray

from simulgenvae.cli.main import main

from .own_meshes import QUANTITIES, Kind, params, write_runs

SETTINGS = """
[model]
filters = [16, 12, 8]
latent_dim = 4
hierarchical_dim = 2
width = 32
[conditioner]
filters = [16]
[training]
device = "cpu"
vae.steps = 12
conditioner.steps = 12
end_to_end.steps = 12
end_to_end.members = 2
end_to_end.refit = false
[evaluation]
figures = false
"""


@dataclass(frozen=True)
class Outcome:
    """What a command left: exit code and texts."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session", params=["corresponding", "grid", "morphing", "alone"])
def own_mesh_study(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> tuple[Kind, Path]:
    """Return the kind of a study and a folder with it, trained and evaluated, as ``S``.

    Each is made once; every process that tests has its own copy.
    """
    kind: Kind = request.param
    own = tmp_path_factory.getbasetemp()
    made = (own if worker_id == "master" else own.parent) / f"own_mesh_study_{kind}"
    with FileLock(f"{made}.lock"):
        if not made.exists():
            _make_study(made.with_suffix(".part"), kind)
            made.with_suffix(".part").rename(made)
    folder = tmp_path_factory.mktemp(kind)
    shutil.copytree(made, folder, dirs_exist_ok=True)
    return kind, folder


def _make_study(folder: Path, kind: Kind) -> None:
    folder.mkdir()
    write_runs(folder, kind)
    (folder / "S").mkdir()
    (folder / "S/study.toml").write_text(SETTINGS.replace("12\n", "30\n") + QUANTITIES)
    runs = folder / "runs"
    ways: dict[Kind, list[str]] = {
        "corresponding": [],
        "grid": ["--geometry", "grid"],
        "morphing": ["--geometry", "morphing"],
        # The networks read the distance from the boundary.
        "alone": ["--geometry", "grid"],
    }
    for command in (
        ["ingest", folder / "S", runs, *params(kind, "known.csv", folder), *ways[kind]],
        ["check", folder / "S"],
        ["train", folder / "S"],
        ["evaluate", folder / "S"],
    ):
        assert main([str(part) for part in command]) == 0, command


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run ``simulgenvae`` with these arguments."""

    def run(*arguments: object) -> Outcome:
        capsys.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:  # argparse
            code = int(stop.code or 0)
        return Outcome(code, *capsys.readouterr())

    return run


def tree(folder: Path) -> dict[str, str]:
    """Every path below a folder → the digest of its content ("" for a folder)."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else ""
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture(name="tree")
def tree_fixture() -> Callable[[Path], dict[str, str]]:
    return tree


@pytest.fixture
def assert_refused(
    cli: Callable[..., Outcome], tmp_path: Path
) -> Callable[[tuple[Sequence[object], Sequence[str]]], None]:
    """Return a check that a command is refused with these texts and changes no file."""

    def check(case: tuple[Sequence[object], Sequence[str]]) -> None:
        arguments, texts = case
        before = tree(tmp_path)
        done = cli(*arguments)
        assert done.code == 2, done.out + done.err
        assert len(re.findall(r"^(error|simulgenvae.*: error): ", done.err, re.MULTILINE)) == 1
        assert "Traceback" not in done.err
        for text in texts:
            assert text in done.err, done.err
        assert tree(tmp_path) == before

    return check


@dataclass(frozen=True)
class Runs:
    """Fields [N, T, M, V] and parameters [N, 2] of a travelling hump."""

    fields: NDArray[np.float32]
    params: NDArray[np.float64]
    coords: NDArray[np.float64]
    times: NDArray[np.float64]

    @property
    def ids(self) -> list[str]:
        return [f"run_{k}" for k in range(len(self.params))]

    def write_params(self, path: Path, rows: Sequence[int] | None = None) -> Path:
        """Write a CSV with ids."""
        rows = range(len(self.params)) if rows is None else rows
        lines = [f"{self.ids[k]},{self.params[k, 0]:.9g},{self.params[k, 1]:.9g}" for k in rows]
        path.write_text("\n".join(["id,speed,size", *lines]) + "\n")
        return path

    def write(self, folder: Path) -> Path:
        """``fields.npy``, ``params.csv``, ``coords.npy`` and ``times.npy`` in the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("fields", "coords", "times"):
            np.save(folder / f"{name}.npy", getattr(self, name))
        self.write_params(folder / "params.csv")
        return folder


def make_runs(runs: int = 12, steps: int = 6, nodes: int = 23, variables: int = 2) -> Runs:
    rng = np.random.default_rng(0)
    speed, size = rng.uniform(0.3, 0.9, runs), rng.uniform(0.5, 2.0, runs)
    x, t = np.linspace(0, 1, nodes), np.linspace(0, 2, steps)
    hump = size[:, None, None] * np.exp(
        -20 * (x - 0.1 - 0.3 * speed[:, None, None] * t[:, None]) ** 2
    )
    fields = np.stack([300 * v + (1 + 20 * v) * hump for v in range(variables)], -1).astype(
        np.float32
    )
    return Runs(fields, np.stack([speed, size], 1), x[:, None], t)


@pytest.fixture(name="make_runs", scope="session")
def make_runs_fixture() -> Callable[..., Runs]:
    return make_runs


def _quietly(*arguments: object) -> None:
    assert main([str(argument) for argument in arguments]) == 0, arguments


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with ``source/``, ``ingested/`` and ``trained/``, to be copied."""
    folder = tmp_path_factory.mktemp("templates")
    source = make_runs().write(folder / "source")
    ingested = folder / "ingested"
    ingested.mkdir()
    (ingested / "study.toml").write_text(SETTINGS)
    extra = (
        "--coords",
        source / "coords.npy",
        "--times",
        source / "times.npy",
        "--variables",
        "u,T",
        "--units",
        "m,K",
    )
    _quietly(
        "ingest",
        source / "fields.npy",
        "--params",
        source / "params.csv",
        *extra,
        "--study",
        ingested,
    )
    shutil.copytree(ingested, folder / "trained")
    _quietly("train", folder / "trained")
    return folder


@pytest.fixture
def source(templates: Path, tmp_path: Path) -> Path:
    """Files to ingest, in a folder of this test's own."""
    return shutil.copytree(templates / "source", tmp_path / "source")


@pytest.fixture
def ingested(templates: Path, tmp_path: Path) -> Path:
    """Return a study with data."""
    return shutil.copytree(templates / "ingested", tmp_path / "study")


@pytest.fixture
def trained(templates: Path, tmp_path: Path) -> Path:
    """Return a study with data and a model."""
    return shutil.copytree(templates / "trained", tmp_path / "study")


@pytest.fixture(scope="session")
def settings_text() -> str:
    """Return a ``study.toml`` that trains in a moment."""
    return SETTINGS
