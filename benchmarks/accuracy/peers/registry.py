"""Peers by name, what they need, and for how long they train."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.accuracy.cases import Case
from benchmarks.accuracy.contents import SUITE, digest
from benchmarks.accuracy.fitted import Fitted
from simulgenvae.errors import UserError

REQUIREMENTS = "benchmarks/accuracy/requirements-peers.txt"


class Peer(NamedTuple):
    """A published method in the packages of its authors."""

    name: str
    """Module of this folder with ``train(case, seconds) -> Iterator[Fitted]``."""
    libraries: tuple[str, ...]
    factor: int = 1
    """Training time as a multiple of ours."""

    def seconds(
        self, case: Case, records: Sequence[Mapping[str, Any]], asked: float | None
    ) -> float:
        """Return the seconds to train for: the factor times those asked, or those that ours took.

        Raises
        ------
        UserError
            None are asked, and ours has no record of this problem and seed.
        """
        if asked is not None:
            return self.factor * asked
        for record in records:
            if (record["problem"], record["seed"], record["method"]) == (
                case.name,
                case.seed,
                "ours",
            ):
                return self.factor * float(record["answers"]["ours"]["fit_seconds"])
        raise UserError(
            f"{self.name} trains for as long as ours, which has no result for {case.name}, seed "
            f"{case.seed}: run it with --methods ours first, or give --peer-seconds"
        )

    def about(self, seconds: float) -> dict[str, Any]:
        """Return what a result depends on besides the problem and the suite's own files.

        Raises
        ------
        UserError
            A package is not installed.
        """
        try:
            versions = {library: version(library) for library in self.libraries}
        except PackageNotFoundError as error:
            raise UserError(
                f"{self.name} needs the package {error.name}, which is not installed: "
                f"pip install --no-deps -r {REQUIREMENTS}"
            ) from error
        return {"seconds": seconds, "versions": versions}

    def key(self, case: Case, about: Mapping[str, Any]) -> str:
        """Return a hash of everything that its results depend on."""
        files = [
            *(Path(__file__).parent / f"{name}.py" for name in (self.name, "training", "grids")),
            *(SUITE / f"{name}.py" for name in ("cases", "fitted")),
        ]
        text = {"problem": case.source, "method": digest(files), "about": about}
        return hashlib.sha256(json.dumps(text).encode()).hexdigest()

    def fit(self, case: Case, seconds: float) -> Iterator[Fitted]:
        """Train it, and yield what it learned under the names of the table."""
        module = importlib.import_module(f"{__package__}.{self.name}")
        for fitted in module.train(case, seconds):
            suffix = f"_x{self.factor}" if self.factor > 1 else ""
            yield fitted._replace(name=fitted.name + suffix)


TEN = 10
_ONE = {
    "deeponet": ("deepxde", "torch"),
    "pod_nn": ("pina-mathlab", "lightning", "torch"),
    "fno": ("neuraloperator", "torch"),
}
PEERS = {name: Peer(name, libraries) for name, libraries in _ONE.items()} | {
    f"{name}_x{TEN}": Peer(name, libraries, TEN) for name, libraries in _ONE.items()
}
"""Peers with our training time, and with ten times as much."""
