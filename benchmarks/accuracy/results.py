"""Finished results as JSON and as Markdown, written after every job."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from benchmarks.accuracy.table import markdown
from simulgenvae import __version__
from simulgenvae.utils.atomic import atomic_write

FORMAT = 1
PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "ezyrb")


class Results:
    """Records in ``NAME.json`` and ``NAME.md``, one for each problem, seed and method."""

    def __init__(
        self,
        folder: Path,
        order: Sequence[str],
        name: str = "results",
        table: Callable[[Sequence[dict[str, Any]]], str] = markdown,
    ) -> None:
        """Read the records that are there.

        Parameters
        ----------
        folder, name
            Folder and name of the files, without their suffixes.
        order
            Problems in the order of the table.
        table
            Function that writes records as Markdown.

        Raises
        ------
        ValueError
            The file is of another format.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.json_file = folder / f"{name}.json"
        self.markdown_file = folder / f"{name}.md"
        self._order = order
        self._table = table
        self.records: list[dict[str, Any]] = []
        if self.json_file.exists():
            found = json.loads(self.json_file.read_text(encoding="utf-8"))
            if found.get("format") != FORMAT:
                raise ValueError(
                    f"{self.json_file} is not of format {FORMAT}: remove it, or give another folder"
                )
            self.records = found["records"]

    def has(self, problem: str, seed: int, method: str, key: str) -> bool:
        """Return whether a record is there and nothing that it depends on has changed since."""
        return any(
            self._is(record, problem, seed, method) and record["key"] == key
            for record in self.records
        )

    def add(self, record: dict[str, Any]) -> None:
        """Write both files with a record.

        It replaces an earlier one of its problem, seed and method.
        """
        about = record["problem"], record["seed"], record["method"]
        # A repeated job replaces its record, so that a table has each only once.
        self.records = [other for other in self.records if not self._is(other, *about)]
        self.records.append(record | {"environment": environment()})
        self.records.sort(
            key=lambda each: (self._order.index(each["problem"]), each["seed"], each["method"])
        )
        text = json.dumps(
            {"format": FORMAT, "records": self.records},
            indent=1,
            allow_nan=False,
            ensure_ascii=False,
        )
        for file, content in (
            (self.json_file, text),
            (self.markdown_file, self._table(self.records)),
        ):
            with atomic_write(file) as temporary:
                temporary.write_text(content, encoding="utf-8")

    @staticmethod
    def _is(record: dict[str, Any], problem: str, seed: int, method: str) -> bool:
        return (record["problem"], record["seed"], record["method"]) == (problem, seed, method)


def environment() -> dict[str, Any]:
    """Return the time, the machine and the versions of libraries of a computation."""
    return {
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "versions": {"simulgenvae": __version__} | {name: version(name) for name in PACKAGES},
    }
