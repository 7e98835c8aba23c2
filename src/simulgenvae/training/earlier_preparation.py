"""What the last preparation of a study found, kept for a training on the same runs and more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simulgenvae.data.dataset import Dataset
from simulgenvae.errors import UserError
from simulgenvae.reduction import EarlierModes, Pod, Reduction, Seen
from simulgenvae.reduction.scaling import FieldStatistics
from simulgenvae.settings import Settings
from simulgenvae.training.checkpoint import restoring
from simulgenvae.utils.tensor_file import read_tensors

_STATISTICS = ("minimum", "maximum", "mean", "variance")


def described(reduction: Reduction, dataset: Dataset) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and facts that the file of a preparation holds for :func:`known_runs`, where it can
    be added to."""
    if (
        not isinstance(reduction, Pod)
        or reduction.seen is None
        or len(dataset.digests) != len(dataset.ids)
    ):
        return {}, {}
    statistics, left_out = reduction.seen
    tensors = {f"seen.{name}": torch.from_numpy(getattr(statistics, name)) for name in _STATISTICS}
    digests = dict(zip(dataset.ids, dataset.digests, strict=True))
    return tensors, {"digests": digests, "samples": statistics.samples, "left_out": left_out}


def known_runs(
    file: Path,
    dataset: Dataset,
    rows: dict[str, NDArray[np.intp]],
    settings: Settings,
    message: Callable[[str], None],
) -> EarlierModes | None:
    """The runs of the preparation in ``file``, if this one can be made by adding to them; else
    None.

    It can where they are runs of ``dataset`` with the same fields, in the same parts of the split,
    reduced in the same way, and there are no more training runs beside them than among them. A file
    that is damaged is of no use, which a ``message`` says, and will be replaced.
    """
    if not file.exists() or len(dataset.digests) != len(dataset.ids):
        return None
    try:
        tensors, about = read_tensors(file)
        with restoring(file):
            return _known(tensors, about, dataset, rows, settings)
    except UserError as error:
        message(f"note: the last preparation is not used, and all runs are reduced afresh: {error}")
        return None


def _known(
    tensors: dict[str, Tensor],
    about: dict[str, Any],
    dataset: Dataset,
    rows: dict[str, NDArray[np.intp]],
    settings: Settings,
) -> EarlierModes | None:
    digests: dict[str, str] = about.get("digests", {})
    identity, present = about["identity"], dict(zip(dataset.ids, dataset.digests, strict=True))
    same_fields = digests.items() <= present.items()
    if not (digests and same_fields) or identity["settings"][
        "reduction"
    ] != settings.reduction.model_dump(mode="json"):
        return None
    learned = {dataset.ids[row] for row in rows["train"]}
    before = set(identity["training runs"])
    if learned & digests.keys() != before or len(learned) > 2 * len(before):
        return None
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    pod, coefficients = Pod.from_arrays(arrays), arrays["coefficients"]
    if pod.field_shape != dataset.shape[2:] or coefficients.shape != (
        len(digests),
        dataset.shape[1],
        pod.rank,
    ):
        raise ValueError(f"coefficients {coefficients.shape} of fields {pod.field_shape}")
    parts = {name: arrays[f"seen.{name}"].astype(np.float64) for name in _STATISTICS}
    if any(part.shape != pod.field_shape or not np.isfinite(part).all() for part in parts.values()):
        raise ValueError("statistics of other fields")
    seen = Seen(FieldStatistics(**parts, samples=int(about["samples"])), float(about["left_out"]))
    place = {name: row for row, name in enumerate(dataset.ids)}
    return EarlierModes(
        pod.state,
        pod.basis,
        seen,
        coefficients,
        np.array([place[name] for name in digests], np.intp),
    )
