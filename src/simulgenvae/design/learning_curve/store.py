"""File of a learning curve: finished points, what they depend on, and what follows from them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError

from simulgenvae import __version__
from simulgenvae.design.learning_curve.points import METHODS, Point
from simulgenvae.errors import UserError
from simulgenvae.utils.atomic import atomic_write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.data.split import Split
    from simulgenvae.design.learning_curve.result import LearningCurve
    from simulgenvae.settings import Settings

FORMAT = 1
_LARGEST = 2**26
"""Bytes of the largest file that is read."""
_POINTS = TypeAdapter(list[Point])


class Basis(BaseModel):
    """Data, runs and settings that all points of a curve have in common.

    Points of another basis cannot be compared with them.
    """

    model_config = ConfigDict(frozen=True)

    data_fingerprint: str
    training_runs: list[str]
    validation_runs: list[str]
    measured_runs: list[str]
    settings: dict[str, JsonValue]
    """Settings as in JSON, since an older file may have names that exist no longer."""
    version: str
    """Version of simulgenvae that trained the points."""

    @classmethod
    def of(
        cls, dataset: Dataset, split: Split, settings: Settings, measured: Sequence[str]
    ) -> Basis:
        """Return the basis of points of a study that are measured on the runs ``measured``."""
        return cls(
            data_fingerprint=dataset.fingerprint,
            training_runs=list(split.train),
            validation_runs=list(split.validation),
            measured_runs=list(measured),
            settings=settings.model_dump(mode="json"),
            version=__version__,
        )


def read_points(path: Path, wanted: Basis) -> tuple[list[Point], bool]:
    """Return the finished points on the basis ``wanted``.

    Returns
    -------
    points
        The finished points.
    outdated
        Whether the file has points on another basis, which cannot be used any more.

    Raises
    ------
    UserError
        For a file that is no learning curve of this version.
    """
    if not path.exists():
        return [], False
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError(f"larger than {_LARGEST >> 20} MiB")
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise ValueError(f"not of format {FORMAT}")
        points = _POINTS.validate_python(content.get("points"))
        # Points of other data, split or settings cannot be compared with new ones.
        if content.get("basis") != wanted.model_dump(mode="json"):
            return [], bool(points)
        count = len(wanted.measured_runs)
        for point in points:
            if any(len(point.errors.get(method, ())) != count for method in METHODS):
                raise ValueError(f"a point without {count} errors of every method")
    except (ValueError, RecursionError) as error:
        reason = "its points are malformed" if isinstance(error, ValidationError) else str(error)
        raise UserError(
            f"{path} is no learning curve of this version ({reason}): remove it and start again"
        ) from error
    return points, False


def write(
    path: Path,
    basis: Basis,
    points: Sequence[Point],
    found: LearningCurve | None = None,
) -> None:
    """Write points with their basis, and the curve through them where all are measured."""
    content = {
        "format": FORMAT,
        **({} if found is None else found.model_dump(exclude_unset=True)),
        "points": [point.model_dump() for point in points],
        "basis": basis.model_dump(mode="json"),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        temporary.write_text(
            json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False), encoding="utf-8"
        )
