from __future__ import annotations

import builtins
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from simulgenvae.deployment import write_model
from simulgenvae.deployment.write import TOLERANCE, inputs_of, largest_difference, random_conditions
from simulgenvae.errors import UserError
from simulgenvae.surrogate.surrogate import Surrogate

MakeSurrogate = Callable[..., Surrogate]


def _run_onnx(path: Path, inputs: dict[str, np.ndarray]) -> tuple[np.ndarray, dict[str, Any]]:
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(["fields"], inputs)[0], json.loads(
        session.get_modelmeta().custom_metadata_map["simulgenvae"]
    )


def _run_program(path: Path, inputs: dict[str, np.ndarray]) -> tuple[np.ndarray, dict[str, Any]]:
    extra = {"simulgenvae.json": ""}
    model = torch.export.load(path, extra_files=extra).module()
    found = model(**{name: torch.from_numpy(array) for name, array in inputs.items()})
    return found.numpy(), json.loads(extra["simulgenvae.json"])


RUN = {".onnx": _run_onnx, ".pt2": _run_program}


@pytest.mark.parametrize(
    ("kind", "suffix"), [("table", ".pt2"), ("categories", ".onnx"), ("both", ".onnx")]
)
def test_a_file_says_what_the_surrogate_says_of_any_number_of_designs(
    make_surrogate: MakeSurrogate, tmp_path: Path, kind: str, suffix: str
) -> None:
    surrogate, path = make_surrogate(kind), tmp_path / f"model{suffix}"
    assert write_model(surrogate, path) < TOLERANCE
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    for count in (1, 7):
        designs = random_conditions(surrogate.condition_scaler, count)
        found, about = RUN[suffix](path, inputs_of(designs))
        assert (
            largest_difference(found, surrogate.predict(designs)["fields"].to_numpy()) < TOLERANCE
        )
    assert about["variables"] == list(surrogate.variables)
    assert about["times"] == surrogate.times.tolist()
    assert list(about["inputs"]) == list(surrogate.condition_scaler.names)


def test_a_file_that_says_something_else_is_not_kept(
    make_surrogate: MakeSurrogate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    surrogate = make_surrogate("table")
    (tmp_path / "model.pt2").write_text("precious")
    monkeypatch.setattr("simulgenvae.deployment.write.largest_difference", lambda *_: 2 * TOLERANCE)
    with pytest.raises(UserError, match="differs from the surrogate"):
        write_model(surrogate, tmp_path / "model.pt2", overwrite=True)
    assert (tmp_path / "model.pt2").read_text() == "precious"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(("apart", "found"), [(1 / 64, 0.0), (1 / 4, 1 / 4 - 1 / 64)])
def test_rounding_is_no_difference_where_values_have_no_finer_numbers(
    apart: float, found: float
) -> None:
    pressure = np.linspace(101_325.0, 101_326.0, 64, dtype=np.float32).reshape(1, 8, 8, 1)
    assert largest_difference(pressure + np.float32(apart), pressure) == pytest.approx(found)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("model.h5", r"written as \.onnx or \.pt2"),
        ("none/model.onnx", "make it first"),
        ("there.onnx", "--overwrite"),
    ],
)
def test_a_target_that_cannot_be(
    make_surrogate: MakeSurrogate, tmp_path: Path, name: str, told: str
) -> None:
    (tmp_path / "there.onnx").write_text("precious")
    with pytest.raises(UserError, match=told):
        write_model(make_surrogate("table"), tmp_path / name)


def test_missing_packages_are_named(
    make_surrogate: MakeSurrogate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = builtins.__import__

    def without(name: str, *rest: Any) -> object:
        if name == "onnx":
            raise ImportError(f"No module named {name}", name=name)
        return load(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match=r'python -m pip install "onnx>=1.18"'):
        write_model(make_surrogate("table"), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_more_than_the_format_holds_is_refused(
    make_surrogate: MakeSurrogate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnx")
    monkeypatch.setattr("simulgenvae.deployment.write.LARGEST_ONNX", 1000)
    with pytest.raises(UserError, match="holds 2 GB of weights"):
        write_model(make_surrogate("table"), tmp_path / "model.onnx")
