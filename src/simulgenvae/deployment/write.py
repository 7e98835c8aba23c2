"""Surrogates as files of other runtimes, each compared with the surrogate itself before it is
kept."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.images import Images
from simulgenvae.deployment.field_model import FieldModel
from simulgenvae.errors import UserError
from simulgenvae.export.target import require_free
from simulgenvae.surrogate.surrogate import Surrogate
from simulgenvae.utils.atomic import atomic_write

Arrays = dict[str, NDArray[Any]]
Answer = Callable[[Arrays], NDArray[np.float32]]

DESIGNS = 3
"""Random designs that are compared."""
TOLERANCE = 1e-4
"""Largest difference that passes, as a share of each variable's range over the compared fields."""
MOST_ONNX = 2**31 - 2**20
"""Bytes of the weights of an ONNX model in one file."""


def check_model_target(path: Path, *, overwrite: bool = False) -> None:
    """UserError unless a model can be written to ``path``: known suffix, existing folder, nothing
    in the way."""
    if path.suffix not in WRITERS:
        raise UserError(f"{path}: a model is written as {' or '.join(WRITERS)}")
    require_free(path, overwrite=overwrite)


def write_model(surrogate: Surrogate, path: Path, *, overwrite: bool = False) -> float:
    """Write a surrogate to ``path``: ``.onnx``, or ``.pt2`` for ``torch.export.load``.

    The file has inputs ``parameters`` ``[n, P]`` float64 in the user's units (where designs have
    parameters) and ``images`` ``[n, S, S, C]`` uint8 (where they have pictures), one output
    ``fields`` ``[n, T, M, V]`` float32 in physical units, and a description in JSON: names, units,
    times, the trained range and versions.

    Returns the largest difference to ``Surrogate.predict`` on random designs of the trained range,
    as a share of each variable's range.

    Raises
    ------
    UserError
        As :func:`check_model_target` does; where the packages of the extra ``onnx`` are missing;
        for a model that is too large for the format; and where the file does not say what the
        surrogate says. Nothing is left behind then.
    """
    check_model_target(path, overwrite=overwrite)
    model = FieldModel(surrogate)
    some = random_designs(surrogate, DESIGNS)
    with atomic_write(path) as temporary:
        # The suffix says what a file is to the libraries that write and read it.
        named = temporary.with_name(f"{temporary.name}{path.suffix}")
        try:
            answer = WRITERS[path.suffix](model, inputs_of(some), description(surrogate), named)
            difference = largest_difference(
                answer(inputs_of(some)), surrogate.predict(some)["fields"].to_numpy()
            )
            named.replace(temporary)
        finally:
            named.unlink(missing_ok=True)
        if not difference <= TOLERANCE:
            raise UserError(
                f"{path}: the model that was written differs from the surrogate by "
                f"{difference:.2g} of the fields' range, more than {TOLERANCE:g}: it is not kept."
            )
    return difference


def random_designs(surrogate: Surrogate, count: int) -> Conditions:
    """Designs at random in the trained range, with random pictures where designs have pictures."""
    scaler, random = surrogate.condition_scaler, np.random.default_rng(0)
    table = random.uniform(scaler.lower, scaler.upper, (count, len(scaler.names)))
    images = None
    if (form := scaler.images) is not None:
        images = Images(
            random.integers(0, 256, (count, form.size, form.size, form.channels), np.uint8), form
        )
    return Conditions(tuple(f"design_{k}" for k in range(count)), scaler.names, table, images)


def inputs_of(conditions: Conditions) -> Arrays:
    """What a written model reads of designs."""
    found: Arrays = {"parameters": conditions.table} if conditions.names else {}
    if conditions.images is not None:
        found["images"] = conditions.images.pixels
    return found


def description(surrogate: Surrogate) -> dict[str, Any]:
    """What somebody who has the file alone must know."""
    scaler = surrogate.condition_scaler
    ranges = zip(scaler.names, scaler.lower, scaler.upper, strict=True)
    return {
        "inputs": {name: [low, high] for name, low, high in ranges},
        "images": None if scaler.images is None else scaler.images.to_dict(),
        "variables": list(surrogate.variables),
        "units": list(surrogate.units),
        "times": surrogate.times.tolist(),
        "data_fingerprint": surrogate.info.data_fingerprint,
        "versions": surrogate.info.versions,
    }


def largest_difference(found: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    """Of fields ``[n, T, M, V]``, as a share of each variable's range in ``expected``.

    What rounding to float32 does counts as none: a variable that varies little around a large
    value, such as 101325 Pa, has no finer numbers.
    """
    span = np.ptp(expected, axis=(0, 1, 2))
    rounding = 2 * np.spacing(np.abs(expected).max(axis=(0, 1, 2)))
    worst = np.abs(found.astype(np.float64) - expected).max(axis=(0, 1, 2))
    return float((np.maximum(worst - rounding, 0.0) / np.where(span > 0, span, 1.0)).max())


def _write_onnx(model: FieldModel, some: Arrays, about: dict[str, Any], path: Path) -> Answer:
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401 - torch needs it, and says so less clearly
    except ImportError as error:
        raise UserError(
            f".onnx files need the package {error.name}: pip install 'simulgenvae[onnx]'"
        ) from error
    size = sum(tensor.nbytes for tensor in (*model.parameters(), *model.buffers()))
    if size > MOST_ONNX:
        raise UserError(
            f"{path}: an ONNX file holds 2 GB of weights at most, and this model has "
            f"{size / 1e9:.1f} GB."
        )
    with quiet():
        program = torch.onnx.export(
            model,
            kwargs=_tensors(some),
            input_names=list(some),
            output_names=["fields"],
            dynamic_shapes=_any_number(some),
            dynamo=True,
            verbose=False,
        )
    assert program is not None, "torch returns none for its older exporter alone"
    proto = program.model_proto
    onnx.helper.set_model_props(proto, {"simulgenvae": json.dumps(about)})
    onnx.save(proto, path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda inputs: np.asarray(session.run(["fields"], inputs)[0])


def _write_program(model: FieldModel, some: Arrays, about: dict[str, Any], path: Path) -> Answer:
    with quiet():
        program = torch.export.export(model, (), _tensors(some), dynamic_shapes=_any_number(some))
        torch.export.save(program, path, extra_files={"simulgenvae.json": json.dumps(about)})
        loaded = torch.export.load(path).module()
    return lambda inputs: np.asarray(loaded(**_tensors(inputs)))


@contextmanager
def quiet() -> Iterator[None]:
    """Without torch's words on packages and operators that this model does not use."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


def _tensors(inputs: Arrays) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array) for name, array in inputs.items()}


def _any_number(inputs: Arrays) -> dict[str, Any]:
    """What says that a model takes any number of designs."""
    return {name: {0: torch.export.Dim("designs")} for name in inputs}


WRITERS: dict[str, Callable[[FieldModel, Arrays, dict[str, Any], Path], Answer]] = {
    ".onnx": _write_onnx,
    ".pt2": _write_program,
}
