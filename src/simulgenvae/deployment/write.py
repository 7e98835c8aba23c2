"""Surrogates as files of other runtimes, compared with the surrogate before they are kept."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.images import ImageFormat, Images
from simulgenvae.deployment.field_model import FieldModel
from simulgenvae.deployment.placed_model import PlacedFieldModel
from simulgenvae.errors import UserError
from simulgenvae.export.target import require_free
from simulgenvae.utils.atomic import atomic_write
from simulgenvae.utils.install import install_command

if TYPE_CHECKING:
    from pathlib import Path

    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.surrogate.surrogate import Surrogate

Arrays = dict[str, NDArray[Any]]
"""Inputs of a written model, by name."""
WrittenModel = Callable[[Arrays], list[NDArray[Any]]]
"""A model that was read back: inputs to outputs."""

Exported = FieldModel | PlacedFieldModel
"""Network that is written."""

COMPARED_DESIGNS = 3
"""Number of random designs that are compared."""
TOLERANCE = 1e-4
"""Largest difference that passes, as a fraction of each variable's range over the compared
fields."""
LARGEST_ONNX = 2**31 - 2**20
"""Bytes of the weights of an ONNX model in one file."""


class ModelDescription(BaseModel):
    """Description inside a written model: what somebody who has only the file must know."""

    model_config = ConfigDict(frozen=True)

    inputs: dict[str, tuple[float, float]]
    """Trained range of each parameter, in their order."""
    categories: dict[str, tuple[str, ...]] = {}
    """Values of each parameter that is a category: the input is the index of the value, from 0."""
    images: ImageFormat | None
    outputs: tuple[str, ...] = ("fields",)
    """Outputs in their order."""
    length_unit: str = ""
    """Unit of the positions of nodes, where these are an output."""
    variables: tuple[str, ...]
    units: tuple[str, ...]
    times: list[float]
    data_fingerprint: str
    versions: dict[str, str]


def check_model_target(path: Path, *, overwrite: bool = False) -> None:
    """Check that a model can be written to a path.

    Raises
    ------
    UserError
        For an unknown suffix, a folder that does not exist, and a file that is there already
        (unless ``overwrite``).
    """
    if path.suffix not in WRITERS:
        raise UserError(
            f"{path}: a model is written as {' or '.join(WRITERS)}, and a page with it as .html"
        )
    require_free(path, overwrite=overwrite)


def write_model(surrogate: Surrogate, path: Path, *, overwrite: bool = False) -> float:
    """Write a surrogate as one file that runs without this package.

    The file has inputs ``parameters`` ``[n, P]`` float64 in the user's units (where designs have
    parameters) and ``images`` ``[n, S, S, C]`` uint8, or float32 from 0 to 1 where they have more
    than 8 bits (where they have images), an output ``fields`` ``[n, T, M, V]`` in physical units
    (float32, or float64 where that would lose the variation of a variable), and a description in
    JSON (:class:`ModelDescription`). Where nodes move with the design, there is a second output:
    their positions ``coords`` ``[n, M, D]``, float64.

    Parameters
    ----------
    surrogate
        The surrogate.
    path
        Target: ``.onnx``, or ``.pt2`` for ``torch.export.load``.
    overwrite
        Whether a file that is there already is replaced.

    Returns
    -------
    float
        The largest difference to ``Surrogate.predict`` on random designs of the trained range, as a
        fraction of each variable's range.

    Raises
    ------
    UserError
        As :func:`check_model_target` does; where packages of ONNX are missing;
        for a model that is too large for the format; where each design has other nodes; and where
        the file's predictions differ from the surrogate's. Nothing is left behind then.
    """
    check_model_target(path, overwrite=overwrite)
    model = FieldModel(surrogate) if surrogate.shapes is None else PlacedFieldModel(surrogate)
    designs = random_conditions(surrogate.design_scaler, COMPARED_DESIGNS)
    inputs = inputs_of(designs)
    with atomic_write(path) as temporary:
        # The libraries that write and read a file look at its suffix.
        named = temporary.with_name(f"{temporary.name}{path.suffix}")
        try:
            written = WRITERS[path.suffix](model, inputs, description(surrogate), named)
            difference = _difference(written(inputs), surrogate, designs)
            named.replace(temporary)
        finally:
            named.unlink(missing_ok=True)
        # Written this way round, a difference that is not a number does not pass.
        if not difference <= TOLERANCE:
            raise UserError(
                f"{path}: the model that was written differs from the surrogate by "
                f"{difference:.2g} of the fields' range, more than {TOLERANCE:g}: it is not kept."
            )
    return difference


def random_conditions(scaler: ConditionScaler, count: int) -> Conditions:
    """Return random conditions of the trained range of a scaling, with images where it has some."""
    random = np.random.default_rng(0)
    table = random.uniform(scaler.lower, scaler.upper, (count, len(scaler.names)))
    category = np.array([bool(levels) for levels in scaler.levels], dtype=bool)
    # A category is given by the number of its value.
    table = np.where(category, np.rint(table), table)
    images = None
    if (form := scaler.images) is not None:
        shape = (count, form.size, form.size, form.channels)
        levels = random.integers(0, 2**form.bits, shape)
        scale = 1 if form.bits == 8 else np.float32(1 / (2**form.bits - 1))
        images = Images((levels * scale).astype(form.pixel_type), form)
    ids = tuple(f"design_{k}" for k in range(count))
    return Conditions(ids, scaler.names, table, images, scaler.levels, units=scaler.units)


def inputs_of(conditions: Conditions) -> Arrays:
    """Return the inputs of a written model for designs."""
    inputs: Arrays = {"parameters": conditions.table} if conditions.names else {}
    if conditions.images is not None:
        inputs["images"] = conditions.images.pixels
    return inputs


def description(surrogate: Surrogate) -> ModelDescription:
    """Return the description that a written model holds."""
    scaler = surrogate.design_scaler
    # Ranges, so that a user of the file can see where it extrapolates.
    ranges = zip(scaler.lower, scaler.upper, strict=True)
    return ModelDescription(
        inputs=dict(zip(scaler.names, ranges, strict=True)),
        categories={
            name: levels for name, levels in zip(scaler.names, scaler.levels, strict=True) if levels
        },
        images=scaler.images,
        outputs=("fields",) if surrogate.shapes is None else ("fields", "coords"),
        length_unit="" if surrogate.shapes is None else surrogate.mesh.unit,
        variables=surrogate.variables,
        units=surrogate.units,
        times=surrogate.times.tolist(),
        data_fingerprint=surrogate.info.data_fingerprint,
        versions=surrogate.info.versions,
    )


def _difference(found: list[NDArray[Any]], surrogate: Surrogate, designs: Conditions) -> float:
    """Return the largest difference of outputs from what the surrogate predicts."""
    expected = surrogate.predict(designs)["fields"].to_numpy()
    difference = largest_difference(found[0], expected)
    shapes = surrogate.shapes
    if shapes is None:
        return difference
    coords = [shapes.placement(each).mesh.coords for each in shapes.predicted(designs)]
    # Positions are fields that do not change in time.
    places = largest_difference(found[1][:, None], np.array(coords)[:, None])
    return max(difference, places)


def largest_difference(found: NDArray[np.floating], expected: NDArray[np.floating]) -> float:
    """Return the largest difference of fields, as a fraction of each variable's range.

    Rounding to float32 counts as no difference: a variable that varies little around a large value,
    such as 101325 Pa, has no finer numbers.

    Parameters
    ----------
    found, expected
        Fields, ``[n, T, M, V]``. The range is that of ``expected``. Nodes without values must be
        the same.
    """
    if not np.array_equal(np.isnan(found), np.isnan(expected)):
        return np.inf
    valued = ~np.isnan(expected[0, 0]).all(axis=1)
    found = found[:, :, valued]
    expected = expected[:, :, valued]
    # The distance to the next number of 32 bits, at the largest value of each variable.
    span = np.ptp(expected, axis=(0, 1, 2))
    rounding = 2 * np.spacing(np.abs(expected).max(axis=(0, 1, 2)))
    worst = np.abs(found.astype(np.float64) - expected).max(axis=(0, 1, 2))
    return float((np.maximum(worst - rounding, 0.0) / np.where(span > 0, span, 1.0)).max())


def _write_onnx(
    model: Exported, inputs: Arrays, about: ModelDescription, path: Path
) -> WrittenModel:
    """Write a model in ONNX, and return it read back."""
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401 - torch needs it, and says so less clearly
    except ImportError as error:
        raise UserError(
            f".onnx files need the package {error.name}: {install_command(error.name or 'onnx')}"
        ) from error
    size = sum(tensor.nbytes for tensor in (*model.parameters(), *model.buffers()))
    if size > LARGEST_ONNX:
        raise UserError(
            f"{path}: an ONNX file holds 2 GB of weights at most, and this model has "
            f"{size / 1e9:.1f} GB."
        )
    # The newer exporter follows the tensors ("dynamo"); the older one fixes the number of designs.
    # Without gradients it takes a tenth less time.
    with quiet(), torch.no_grad():
        program = torch.onnx.export(
            model,
            kwargs=_tensors(inputs),
            input_names=list(inputs),
            output_names=list(about.outputs),
            dynamic_shapes=_any_number(inputs),
            dynamo=True,
            verbose=False,
        )
    assert program is not None, "only torch's older exporter returns none"
    proto = program.model_proto
    onnx.helper.set_model_props(proto, {"simulgenvae": about.model_dump_json()})
    onnx.save(proto, path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda given: list(map(np.asarray, session.run(list(about.outputs), given)))


def _write_program(
    model: Exported, inputs: Arrays, about: ModelDescription, path: Path
) -> WrittenModel:
    """Write a model as a torch program, and return it read back."""
    with quiet(), torch.no_grad():
        program = torch.export.export(
            model, (), _tensors(inputs), dynamic_shapes=_any_number(inputs)
        )
        extra = {"simulgenvae.json": about.model_dump_json()}
        torch.export.save(program, path, extra_files=extra)
        loaded = torch.export.load(path).module()

    def written(given: Arrays) -> list[NDArray[Any]]:
        outputs = loaded(**_tensors(given))
        return list(map(np.asarray, outputs if isinstance(outputs, tuple) else (outputs,)))

    return written


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress torch's messages about packages and operators that this model does not use."""
    # torch writes both log records and warnings.
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


def _tensors(inputs: Arrays) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array) for name, array in inputs.items()}


def _any_number(inputs: Arrays) -> dict[str, dict[int, Any]]:
    """Return torch's description of inputs whose first dimension is any number of designs."""
    return {name: {0: torch.export.Dim("designs")} for name in inputs}


WRITERS: dict[str, Callable[[Exported, Arrays, ModelDescription, Path], WrittenModel]] = {
    ".onnx": _write_onnx,
    ".pt2": _write_program,
}
"""Function that writes a model, by the suffix of its file."""
