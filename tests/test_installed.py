"""Wheel and source distribution, and every block of the documents run with the installed wheel.

The wheel is installed into an environment of its own that sees this environment's libraries, but
not the sources beside it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

import simulgenvae
from simulgenvae.errors import UserError
from simulgenvae.rendering.context import require_context
from tests.docs.blocks import RUN, SHOWN, all_blocks, blocks_of

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src/simulgenvae"
WEB = ROOT / "web"
NOT_SHIPPED = ("node_modules", "__pycache__")
BLOCKS = all_blocks()
LONGEST = 900
"""Seconds after which the blocks of a page have failed."""


@dataclass(frozen=True)
class Built:
    """Files of a build, and an environment with the wheel."""

    sdist: Path
    wheel: Path
    environment: Path

    def program(self, name: str) -> Path:
        return self.environment / "bin" / name


def _run(*command: str | Path, folder: Path | None = None, **variables: str) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=LONGEST,
    )
    assert done.returncode == 0, done.stdout[-8000:]
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("built")
    sources = folder / "sources"
    # From a copy: a build leaves files beside the sources, and takes those that an earlier one left.
    unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "src", sources / "src", ignore=unwanted)
    shutil.copytree(ROOT / "tests/docs", sources / "tests", ignore=unwanted)
    shutil.copytree(WEB, sources / "web", ignore=shutil.ignore_patterns(*NOT_SHIPPED))
    for path in ROOT.iterdir():
        if path.is_file() and not path.name.startswith("."):
            shutil.copy(path, sources)
    build = ("-m", "build", "--no-isolation", "--outdir", folder / "files", sources)
    _run(sys.executable, *build)
    (sdist,) = (folder / "files").glob("*.tar.gz")
    (wheel,) = (folder / "files").glob("*.whl")
    # An environment without pip of its own is made in a tenth of a second.
    environment = folder / "environment"
    _run(sys.executable, "-m", "venv", "--without-pip", environment)
    python = environment / "bin/python"
    pip = ("-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "--quiet")
    _run(sys.executable, *pip, wheel)
    (own,) = environment.glob("lib/python*/site-packages")
    # The libraries, but nothing that their own .pth files name, such as an editable installation.
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    (own / "libraries.pth").write_text("\n".join(libraries) + "\n")
    return Built(sdist, wheel, environment)


def test_the_distributions_hold_the_package_and_nothing_else(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        members = [member.name.split("/", 1) for member in archive if member.isfile()]
    with zipfile.ZipFile(built.wheel) as archive:
        installed = set(archive.namelist())
    about = f"simulgenvae-{simulgenvae.__version__}.dist-info"
    ours = {
        f"simulgenvae/{path.relative_to(PACKAGE)}"
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert {name for name in ours if "/templates/" in name}
    # Users of the wheel need no Node.
    assert {name for name in ours if "/assets/page.html" in name}
    assert installed == ours | {
        f"{about}/{name}"
        for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "top_level.txt")
    } | {f"{about}/licenses/LICENSE"}
    shipped = {name for _, name in members if "egg-info" not in name}
    beside = {"README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff", "MANIFEST.in"}
    beside |= {"pyproject.toml", "setup.cfg", "PKG-INFO"}
    web = {
        f"web/{path.relative_to(WEB)}"
        for path in WEB.rglob("*")
        if path.is_file() and not {*path.relative_to(WEB).parts} & {*NOT_SHIPPED}
    }
    assert {"web/backend.py", "web/src/main.ts"} <= web
    assert shipped == beside | web | {f"src/{name}" for name in ours}


def test_the_installed_program_tells_its_version(built: Built, tmp_path: Path) -> None:
    said = _run(built.program("simulgenvae"), "--version", folder=tmp_path)
    assert said == f"simulgenvae {simulgenvae.__version__}\n"
    where = "import simulgenvae; print(simulgenvae.__file__)"
    assert str(built.environment) in _run(built.program("python"), "-c", where, folder=tmp_path)


def test_blocks_and_their_comments_are_found() -> None:
    page = (
        "<!-- run first:\nmkdir S\n-->\n```bash\nls\n```\n"
        "<!-- not run: needs\na solver -->\n\n```bash\nsolve\n```\n- item\n\n  ```python\n  x = 1\n"
        "  ```\n<!-- from here not run: slow -->\n```bash\na\n```\n```text\nb\n```\n"
    )
    found = [(block.language, block.code, block.not_run) for block in blocks_of("p", page)]
    assert found == [
        ("bash", "mkdir S\n", None),
        ("bash", "ls\n", None),
        ("bash", "solve\n", "needs a solver"),
        ("python", "x = 1\n", None),
        ("bash", "a\n", "slow"),
        ("text", "b\n", "slow"),
    ]
    assert [block.line for block in blocks_of("p", page)] == [2, 5, 11, 16, 20, 23]


@pytest.mark.parametrize("page", BLOCKS)
def test_every_block_says_its_language(page: str) -> None:
    """A block without one would be left out in silence."""
    odd = [block for block in BLOCKS[page] if block.language not in (*RUN, *SHOWN)]
    assert [f"{block.page}:{block.line}" for block in odd] == []


def test_blocks_that_are_not_run_are_known() -> None:
    """Who adds one that is not run writes its reason here too."""
    found = {
        (page, block.not_run)
        for page, blocks in BLOCKS.items()
        for block in blocks
        if block.language in RUN and block.not_run
    }
    assert found == NOT_RUN


NOT_RUN = {
    ("docs/explorer.md", "tests/cli/test_app.py serves the page until Ctrl-C"),
    ("CONTRIBUTING.md", "these are the tests themselves"),
    ("CONTRIBUTING.md", "a part of tests/data/readers/test_registry.py, where it runs"),
    ("CONTRIBUTING.md", "a part of tests/models/test_registries.py, where it runs"),
    ("README.md", "tests/test_installed.py installs the wheel"),
    (
        "docs/calculix.md",
        "needs CalculiX, and tests/examples/test_solver_examples.py runs these commands with four runs",
    ),
    ("docs/classic-interface.md", "takes 16 minutes; tests/docs/points.py runs these blocks"),
    ("docs/getting-started.md", "tests/test_installed.py installs the wheel in its place"),
    (
        "docs/getting-started.md",
        "tests/test_installed.py tests the version, and completion changes the user's shell",
    ),
    (
        "docs/getting-started.md",
        "takes as long as it is given; tests/cli/test_train_budget.py runs it",
    ),
    ("docs/getting-started.md", "takes minutes; tests/examples/test_classic_study.py runs it"),
    (
        "docs/openfoam.md",
        "needs OpenFOAM, and tests/examples/test_solver_examples.py runs these commands with four runs",
    ),
    (
        "docs/scaling.md",
        "needs several GPUs or machines; tests/test_several_processes.py trains in several processes",
    ),
    (
        "docs/scikit-fem.md",
        "solves for minutes; tests/examples/test_solver_examples.py runs these commands with four runs",
    ),
    (
        "examples/classic_study/README.md",
        "takes minutes; tests/examples/test_classic_study.py runs it with fewer runs",
    ),
}


def _work_folder(folder: Path) -> Path:
    """Return a folder with what a clone has, apart from the package."""
    unwanted = shutil.ignore_patterns("__pycache__", "cache", "tests", "src", "docs", ".*", "build")
    return Path(shutil.copytree(ROOT, folder / "clone", ignore=unwanted))


@pytest.fixture(scope="module")
def runner(built: Built) -> Iterator[subprocess.Popen[str]]:
    """Return a program of the environment that runs blocks; it loads torch once for all pages."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    own = {
        "PATH": os.pathsep.join([str(built.environment / "bin"), os.environ["PATH"]]),
        "KEPT_STUDY": str(built.environment.parent / "study"),
        "MPLBACKEND": "Agg",
        "PYVISTA_OFF_SCREEN": "true",
    }
    with subprocess.Popen(
        [built.program("python"), ROOT / "tests/docs/run_blocks.py"],
        env=inherited | own,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.stdin.close()


@pytest.mark.parametrize("page", BLOCKS)
def test_every_block_runs(page: str, runner: subprocess.Popen[str], tmp_path: Path) -> None:
    blocks = [block for block in BLOCKS[page] if block.language in RUN and not block.not_run]
    if not blocks:
        return
    if any("render" in block.code or "to_pyvista" in block.code for block in blocks):
        try:
            require_context("drawing")
        except UserError as error:
            pytest.skip(str(error))
    log = tmp_path / "log.txt"
    job = {
        "blocks": [asdict(block) for block in blocks],
        "folder": str(_work_folder(tmp_path)),
        "log": str(log),
    }
    print(json.dumps(job), file=runner.stdin, flush=True)
    answer = runner.stdout.readline()
    said = log.read_text(encoding="utf-8")
    assert answer == "0\n", said[-8000:]
    # A block could end the whole script.
    assert said.endswith("Every block has run.\n")
