"""Available memory and disk."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from simulgenvae.errors import UserError
from simulgenvae.utils import resources


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the control group of a machine with 1000 bytes of free memory."""
    monkeypatch.setattr(
        "simulgenvae.utils.resources.psutil.virtual_memory", lambda: SimpleNamespace(available=1000)
    )
    monkeypatch.setattr(resources, "_CGROUP", tmp_path)
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    return tmp_path


def _limit(folder: Path, limit: str, used: int) -> None:
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{used}\n")


def test_memory_is_that_of_the_machine_or_its_container(machine: Path) -> None:
    assert resources.available_memory() == 1000
    _limit(machine, "max", 300)
    assert resources.available_memory() == 1000
    _limit(machine, "700", 300)
    assert resources.available_memory() == 400
    _limit(machine, "700", 800)
    assert resources.available_memory() == 0
    _limit(machine, "99999", 0)
    assert resources.available_memory() == 1000


@pytest.mark.usefixtures("machine")
def test_processes_on_one_machine_share_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert resources.available_memory() == 250


@pytest.mark.usefixtures("machine")
def test_too_much_memory_is_refused() -> None:
    resources.require_memory(1000, "reading", "read less")
    with pytest.raises(UserError, match=r"^reading needs 0\.0 MB of memory, but .*: read less$"):
        resources.require_memory(1001, "reading", "read less")


def test_too_much_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "simulgenvae.utils.resources.shutil.disk_usage", lambda _: SimpleNamespace(free=5_000_000)
    )
    resources.require_disk(5_000_000, tmp_path)
    with pytest.raises(UserError, match=r"needs 6\.0 MB of disk, but 5\.0 MB are free"):
        resources.require_disk(6_000_000, tmp_path)
